"""The bench tells the truth: each fate becomes of an order what it says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from tests.azuro.outside import FOOTBALL, WAY_MS, Bettor, HandClock, Simulated
from xarb_plugins.azuro.bench import AzuroBench
from xarb_runtime.testing.bench import Fate, NoSuchFateError

NOT_HERE = {Fate.PARTIAL, Fate.CANCEL_UNCONFIRMED, Fate.FILL_DURING_CANCEL}


@asynccontextmanager
async def running() -> AsyncIterator[tuple[AzuroBench, Bettor]]:
    bench, clock = AzuroBench(), HandClock()
    async with bench.running(clock):
        section = dict(bench.section)
        bettor = Bettor(Simulated(url="", section=section, control=bench.control), clock)
        try:
            yield bench, bettor
        finally:
            await bettor.close()


@pytest.mark.parametrize(
    ("fate", "receipt_state", "state", "filled", "is_open"),
    [
        (Fate.FILL, "Created", "Accepted", 10, False),
        (Fate.REST, "Created", "Placed", 0, True),
        (Fate.REVERSE, "Created", "Canceled", 0, False),
        (Fate.LATE_INDEX, "Created", "Accepted", 10, False),
    ],
)
async def test_what_a_fate_makes_of_an_order(
    fate: Fate, receipt_state: str, state: str, filled: int, is_open: bool
) -> None:
    async with running() as (bench, bettor):
        await bench.destine(fate)
        _, receipt = await bettor.bet()
        bettor.clock.move(2 * WAY_MS)
        (held,) = await bench.held()

        assert receipt["state"] == receipt_state
        assert bench.control.order(held.id).state == state
        assert (held.id, held.stake, held.open) == (receipt["id"], 10, is_open)
        assert (held.filled, held.odds) == (filled, Decimal("1.56") if filled else 0)


@pytest.mark.parametrize("fate", [Fate.REFUSE, Fate.WORSE_PRICE])
async def test_what_is_refused_is_not_held_and_the_next_one_is(fate: Fate) -> None:
    async with running() as (bench, bettor):
        await bench.destine(fate)
        _, refused = await bettor.bet()
        before = await bench.held()
        _, taken = await bettor.bet()

        assert (refused["state"], taken["state"], before) == ("Rejected", "Created", [])
        assert [held.id for held in await bench.held()] == [taken["id"]]


@pytest.mark.parametrize("fate", sorted(NOT_HERE))
async def test_what_the_protocol_does_not_have_is_said_with_its_reason(fate: Fate) -> None:
    async with running() as (bench, bettor):
        with pytest.raises(NoSuchFateError, match=r"whole or not at all|there is no cancel"):
            await bench.destine(fate)
        _, receipt = await bettor.bet()

        assert receipt["state"] == "Created"


def test_every_fate_is_known_or_said_not_to_be() -> None:
    assert {Fate.FILL, Fate.REST, Fate.REVERSE, Fate.LATE_INDEX, Fate.REFUSE, Fate.WORSE_PRICE} == (
        set(Fate) - NOT_HERE
    )


async def test_an_order_that_rests_is_filled_by_hand() -> None:
    async with running() as (bench, bettor):
        await bench.destine(Fate.REST)
        _, receipt = await bettor.bet()
        bettor.clock.move(WAY_MS)
        await bench.fill(receipt["id"])
        (held,) = await bench.held()

        assert (held.filled, held.odds, held.open) == (10, Decimal("1.56"), False)


async def test_its_streams_break() -> None:
    async with running() as (bench, bettor), bettor.listen() as socket:
        data = {"conditionIds": [FOOTBALL], "environment": "PolygonUSDT"}
        await socket.send_json({"event": "SubscribeConditions", "data": data})
        await socket.receive()
        await bench.drop_streams()

        assert (await socket.receive()).data is None
