"""Venues are asked before a start: what is missing is a warning, being away as well."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.ops.running import running
from xarb_runtime.domain.orders import Order, OrderReport, Quote, Selection
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.findings import Check
from xarb_runtime.ops.looking import venues_of
from xarb_runtime.ops.metrics.readings import Reader
from xarb_runtime.ops.venue_check import check_venues
from xarb_runtime.ops.venue_figures import MOST, figures_of
from xarb_runtime.plugins.contracts import (
    Capabilities,
    Venue,
    VenueCheck,
    VenueOpening,
    VenueSpec,
)
from xarb_runtime.plugins.keys import KeyProblemError
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.settings_model import Settings


class OwnSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What this venue takes."""

    key_file: str = ""


class Asked(Venue):
    """A venue that can only be asked."""

    def __init__(self, answer: Callable[[], Any], figures: Any = None) -> None:
        self.answer = answer
        self.measured = figures

    async def check(self) -> tuple[VenueCheck, ...]:
        found = self.answer()
        return await found if asyncio.iscoroutine(found) else found

    def figures(self) -> Mapping[str, Decimal | int]:
        if isinstance(self.measured, Exception):
            raise self.measured
        return self.measured

    async def place(self, order: Order) -> Any:
        raise AssertionError(order)

    async def cancel(self, order: Order) -> Any:
        raise AssertionError(order)

    async def find(self, order: Order) -> Any:
        raise AssertionError(order)

    async def quote(self, selection: Selection) -> Quote:
        raise AssertionError(selection)

    async def heartbeat(self) -> None:
        raise AssertionError

    async def reports(self) -> AsyncIterator[OrderReport]:
        raise AssertionError
        yield


def failing(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


class Place:
    """A deployment with one venue of this kind, and what it was opened with."""

    def __init__(self, answer: Callable[[], Any], *, opening: BaseException | None = None) -> None:
        self.openings: list[VenueOpening] = []
        self.open = 0

        @asynccontextmanager
        async def opened(given: VenueOpening) -> AsyncIterator[Venue]:
            self.openings.append(given)
            if opening is not None:
                raise opening
            self.open += 1
            yield Asked(answer)
            self.open -= 1

        spec = VenueSpec(
            name="real",
            version="1",
            capabilities=lambda _: Capabilities(),
            settings=OwnSettings,
            open=opened,
        )
        self.registry = Registry()
        self.registry.venues["real"] = spec

    def checks(self, mode: Any = "live", seconds: float = 5, **section: Any) -> list[Check]:
        venues = {"sx": {"kind": "real", **section}, "pool": {"kind": "ghost"}}
        settings = Settings(mode=mode, venues=venues)
        return list(check_venues(Path("/place"), settings, self.registry, str, seconds))


def test_each_thing_that_was_looked_at_is_listed() -> None:
    place = Place(
        lambda: (
            VenueCheck(what="fees", ok=True, found="0 %"),
            VenueCheck(what="allowance", ok=False, found="0 USDC", hint="Approve it"),
        )
    )

    found = place.checks(key_file="keys/sx.json")

    assert [(it.area, it.severity, it.problem.what, it.problem.do) for it in found] == [
        ("venues", "ok", "sx: fees: 0 %", ""),
        ("venues", "warning", "sx: allowance: 0 USDC", "Approve it"),
    ]
    (opening,) = place.openings  # the ghost was not opened
    assert opening.settings.key_file == "/place/keys/sx.json"
    assert opening.trades
    assert place.open == 0


def test_a_shadow_is_asked_without_the_right_to_trade() -> None:
    place = Place(tuple)

    assert place.checks(mode="shadow") == []
    assert [it.trades for it in place.openings] == [False]


async def never() -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (failing(ConnectionResetError("gone")), "sx cannot be asked: ConnectionResetError: gone"),
        (never, "sx cannot be asked: no answer within 0.02 s"),
    ],
)
def test_being_away_is_a_warning(answer: Callable[[], Any], what: str) -> None:
    (found,) = Place(answer).checks(seconds=0.02)

    assert (found.severity, found.problem.what) == ("warning", what)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (KeyProblemError("expected a key"), "sx cannot be opened: expected a key"),
        (RuntimeError("no luck"), "sx cannot be opened: RuntimeError: no luck"),
    ],
)
def test_what_cannot_be_opened_stops_a_start(error: Exception, what: str) -> None:
    (found,) = Place(tuple, opening=error).checks()

    assert (found.severity, found.problem.what) == ("error", what)


def test_what_does_not_fit_is_told_elsewhere() -> None:
    place = Place(tuple)

    assert place.checks(unknown_key=1) == []
    assert place.openings == []


# -- Figures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        ({"left": 3, "balance_usdc": Decimal("1.50")}, {"balance_usdc": "1.50", "left": "3"}),
        ({"Left": 1, "a b": 1, 5: 1, "x" * 41: 1, "": 1}, {}),
        ({"a": float("1.5"), "b": "1", "c": None, "d": True, "e": Decimal("NaN")}, {}),
        ({f"f{number:02}": 1 for number in range(99)}, {f"f{n:02}": "1" for n in range(MOST)}),
        (["no", "mapping"], {}),
        (RuntimeError("no"), {}),
    ],
)
def test_what_is_no_figure_is_left_out(figures: Any, shown: dict[str, str]) -> None:
    found = figures_of("sx", Asked(tuple, figures))

    assert {name: str(value) for name, value in found.items()} == shown


async def test_figures_and_stakes_are_seen_in_status_and_metrics(tmp_path: Path) -> None:
    venues = {
        "sx": {"kind": "ghost", "latency": "0ms", "open_limit": 500},
        "azuro": {"kind": "ghost", "latency": "0ms"},
    }
    async with running(tmp_path, venues) as run:
        run.runtime.venues["sx"].figures = lambda: {"requests_left": 7}  # type: ignore[method-assign]
        await run.submit()
        assert await run.settled("x-1", "exposed") == "exposed"  # nothing has a price here
        azuro, sx = venues_of(run.runtime)
        read = Reader(run.runtime, ExposureWatch(), lambda: 0, dict).read()
        status = await run.get("/status")

    assert (sx.figures, sx.open_stake, sx.open_limit) == ({"requests_left": 7}, 100, 500)
    assert (azuro.figures, azuro.open_stake, azuro.open_limit) == ({}, None, None)
    assert read["xarb_venue_figure"] == {("sx", "requests_left"): 7.0}
    assert read["xarb_venue_open_stake"] == {("sx",): 100.0}
    assert read["xarb_venue_open_stake_limit"] == {("sx",): 500.0}
    assert status["venues"][1]["figures"] == {"requests_left": "7"}
