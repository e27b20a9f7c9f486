"""
The example in each hook's docstring is a plugin: it is loaded and used here, as it stands.
"""

import asyncio
import inspect
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.worlds import CLOCK, OVER, opening, order, run
from xarb_runtime.domain.opportunity import LegOffer
from xarb_runtime.domain.orders import Absent, Quote, Refused
from xarb_runtime.domain.position import Fill
from xarb_runtime.plugins import hookspecs
from xarb_runtime.plugins.checks import HOOKS
from xarb_runtime.plugins.contracts import BusOpening, HedgeRequest
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.plugins.settings import open_settings


def example(hook: str) -> str:
    text = inspect.getdoc(getattr(hookspecs, hook)) or ""
    return textwrap.dedent(text.partition("Example::\n")[2])


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(hook: str) -> Registry:
        (tmp_path / "mine.py").write_text(example(hook))
        return discover(builtin=None, folders=[tmp_path], entry_points=False, required=["mine"])

    return load


def test_the_hooks_are_those_that_are_specified() -> None:
    specified = [name for name in vars(hookspecs) if name.startswith("xarb_")]

    assert sorted(HOOKS) == sorted(specified)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_example_loads_and_offers_something(hook: str, load: Any) -> None:
    registry = load(hook)

    assert registry.plugins[-1].provides


def test_the_example_of_a_venue_answers(load: Any) -> None:
    spec = load("xarb_venues").venue("closed_shop")

    async def scene() -> None:
        own = open_settings(spec, {"odds": "2.5"}, "venues.shop")
        async with spec.open(opening("shop", own)) as venue:
            assert Refused("CLOSED", "We are closed.") == await venue.place(order())
            assert isinstance(await venue.find(order()), Absent)
            assert str((await venue.quote(OVER)).odds) == "2.5"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(3600):
                    await anext(aiter(venue.reports()))

    run(scene())


def test_the_example_of_a_hedge_plans(load: Any) -> None:
    strategy = load("xarb_hedges").hedge("anything").create()
    quote = Quote(selection=OVER, odds=2, min_stake=1, max_stake=1000, time_ms=0)  # type: ignore[arg-type]
    request = HedgeRequest(
        strategy="anything",
        scenarios=("over", "under"),
        fills=(Fill(100, 2, ("under",)),),  # type: ignore[arg-type]
        offers=(LegOffer(selection=OVER, odds=quote.odds),),
        stake_tick=1,  # type: ignore[arg-type]
    )

    assert strategy.plan(request, (quote,)).worst_case == 0


def test_the_example_of_a_bus_reads_and_writes(
    load: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = load("xarb_buses").bus("lines")
    file = tmp_path / "messages"
    file.write_bytes(b"one\ntwo\n")

    async def scene() -> list[bytes]:
        given = BusOpening(url=f"lines://{file}", options=spec.options(), in_flight=10, clock=CLOCK)
        async with spec.open(given) as bus:
            messages = aiter(bus.messages())
            await bus.publish(b"out", "key")
            return [(await anext(messages)).body, (await anext(messages)).body]

    assert run(scene()) == [b"one\n", b"two\n"]
    assert capsys.readouterr().out == "key out\n"


def test_the_example_of_a_context_counts(load: Any) -> None:
    context = load("xarb_contexts").context("counting").context()
    context.count_on()

    assert context.count == 1


def test_the_example_of_an_incident_observer_rings(load: Any) -> None:
    registry = load("xarb_on_incident")
    opened = {"id": "1", "severity": "critical", "reason": "one leg"}
    registry.observers.on_incident(opened)
    registry.observers.on_incident({"id": "2", "severity": "warning", "reason": "nothing"})
    registry.observers.on_incident({**opened, "id": "3", "reason": "settled"})
    registry.observers.on_incident({**opened, "id": "3", "closed_ms": 1, "closed_by": "ann"})

    assert registry.module("mine").bells == {"1": "one leg"}
