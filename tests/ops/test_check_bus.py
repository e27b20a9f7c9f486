"""What is said about the bus before a start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from xarb_runtime.ops.places import check_bus
from xarb_runtime.plugins.contracts import Bus, BusOpening, BusSpec
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.settings_model import BusSettings, Settings

SETTINGS = Settings(bus=BusSettings(url="slow://me:secret@there"))


def checked(error: Exception | None) -> tuple[str, str]:
    @asynccontextmanager
    async def opened(_: BusOpening) -> AsyncIterator[Bus]:
        if error is not None:
            raise error
        await asyncio.sleep(1_000)
        yield Bus()  # type: ignore[abstract]

    registry = Registry()
    registry.buses["slow"] = BusSpec(scheme="slow", version="1", open=opened)
    (found,) = check_bus(SETTINGS, registry)
    assert "secret" not in str(msgspec.structs.asdict(found))
    return found.severity, found.problem.what


def test_a_bus_that_does_not_answer_stops_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xarb_runtime.ops.places.BUS_SECONDS", 0.05)

    assert checked(None) == ("warning", "no answer within 0.05 s")


def test_a_bus_that_cannot_be_opened_as_it_is_set_stops_one() -> None:
    assert checked(ValueError("bus.url: expected a host")) == ("error", "bus.url: expected a host")
