"""
A ghost that is out of reach, a ghost that misses heartbeats, and a ghost as a whole.
"""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.plugins.stage import ID, OPEN, at, heard, play, shape
from tests.plugins.worlds import CLOCK, OVER, REGISTRY, ghost, opening, order, run, settings
from xarb_runtime.domain.orders import (
    Found,
)


def test_while_it_is_down_every_call_fails_and_reports_wait() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        await at(1_000)
        calls = (
            venue.place(order("x-2:1:0")),
            venue.cancel(order(ID)),
            venue.find(order(ID)),
            venue.quote(OVER),
            venue.heartbeat(),
        )
        for call in calls:
            with pytest.raises(ConnectionError):
                await call
        assert await heard(venue, 999) == []
        assert shape(await heard(venue, 2)) == [("filled", "100")]
        assert isinstance(await venue.find(order(ID)), Found)

    timeline = [{"after": "1.5s"}]
    play(scene, orders=[{"reports": timeline}], down=[{"from": "1s", "until": "2s"}])


def test_an_answer_is_lost_when_the_venue_goes_down_meanwhile() -> None:
    async def scene(venue: Any) -> None:
        with pytest.raises(ConnectionError):
            await venue.place(order())
        assert list(venue.book.orders) == [ID]

    play(scene, orders=[{"after": "2s"}], down=[{"from": "1s"}])


def test_heartbeats_fail_while_the_script_says_so() -> None:
    async def scene(venue: Any) -> None:
        await venue.heartbeat()
        await at(1_000)
        with pytest.raises(ConnectionError):
            await venue.heartbeat()
        await at(2_000)
        await venue.heartbeat()

    play(scene, heartbeat={"fail_from": "1s", "fail_until": "2s"})


DEAD_MAN = {"capabilities": {"dead_man_heartbeat": True}, "orders": [{"reports": OPEN}]}


async def _beat(venue: Any, until_ms: int) -> None:
    while CLOCK.now_ms() < until_ms:
        await venue.heartbeat()
        await CLOCK.sleep_ms(450)


def test_the_venue_cancels_when_heartbeats_stop() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        await _beat(venue, 2_000)
        reports = await heard(venue, 8_000)
        assert shape(reports) == [("open", "20.00"), ("cancelled", "20.00")]
        assert (reports[-1].code, reports[-1].time_ms) == ("HEARTBEAT_TIMEOUT", 2_550)

    play(scene, heartbeat={"timeout": "1s"}, **DEAD_MAN)


@pytest.mark.parametrize(
    "raw", [{"heartbeat": {"timeout": "1s", "cancels_orders": False}}, {"heartbeat": {}}]
)
def test_the_venue_leaves_orders_alone_unless_it_is_told_to(raw: dict[str, Any]) -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        await _beat(venue, 2_000)
        assert shape(await heard(venue, 8_000))[-1] == ("filled", "100")

    play(scene, **raw, **DEAD_MAN)


def test_a_venue_that_never_heard_a_heartbeat_does_not_miss_one() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        assert shape(await heard(venue, 10_000))[-1] == ("filled", "100")

    play(scene, heartbeat={"timeout": "1s"}, **DEAD_MAN)


def test_nothing_is_left_running_when_the_venue_is_closed() -> None:
    async def scene() -> None:
        async with ghost.open_ghost(opening("sx", settings(orders=[{"reports": OPEN}]))) as venue:
            await venue.place(order())
            await venue.heartbeat()
        assert {asyncio.current_task()} == asyncio.all_tasks()

    run(scene())


def test_an_error_of_whoever_uses_the_venue_comes_out_as_it_is() -> None:
    async def scene() -> None:
        async with ghost.open_ghost(opening("sx", settings())):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(scene())


def test_two_runs_of_one_script_are_the_same() -> None:
    async def scene(venue: Any) -> Any:
        for number in range(5):
            await venue.place(order(f"x-{number}:1:0"))
        reports = await heard(venue, 60_000)
        return reports, venue.book.to_json(), venue.book.history

    script = {"calibrated": "sx", "seed": 3}
    assert play(scene, **script) == play(scene, **script)


def test_what_a_ghost_can_do_is_what_its_settings_say() -> None:
    spec = REGISTRY.venue("ghost")

    assert spec.capabilities(settings()).partial_fills
    assert not spec.capabilities(settings(calibrated="azuro")).cancel
    assert not spec.capabilities(settings(calibrated="sx")).final_at_once
    assert Decimal(7) == spec.capabilities(settings(capabilities={"min_stake": 7})).min_stake
