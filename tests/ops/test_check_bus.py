"""What is said about the bus before a start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tests.servers.ports import free_port
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
    (found,) = check_bus(Path(), SETTINGS, registry)
    assert "secret" not in str(msgspec.structs.asdict(found))
    return found.severity, found.problem.what


def test_a_bus_that_does_not_answer_stops_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xarb_runtime.ops.places.BUS_SECONDS", 0.05)

    assert checked(None) == ("warning", "no answer within 0.05 s")


def test_a_bus_that_cannot_be_opened_as_it_is_set_stops_one() -> None:
    assert checked(ValueError("bus.url: expected a host")) == ("error", "bus.url: expected a host")


def test_a_broker_that_is_away_is_told_before_the_start_and_stops_none(tmp_path: Path) -> None:
    settings = Settings(bus=BusSettings(url=f"amqp://me:secret@127.0.0.1:{free_port()}/"))

    (found,) = check_bus(tmp_path, settings, Registry())

    assert (found.severity, "nothing listens" in found.problem.what) == ("warning", True)
    assert "secret" not in str(msgspec.structs.asdict(found))
