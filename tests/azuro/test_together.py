"""
The client against the imitation, whatever the imitation draws: what it says in the end is true.
"""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from tests.azuro.inside import HOME, World, in_virtual_time, listening, part, world
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    Found,
    Order,
    OrderReport,
    OrderStatus,
    Refused,
    Unknown,
)

fates, terms = part("fake.fates"), part("terms")
MANY = 120
#: What is too rare to wait for.
RARE = (
    fates.OrderFate(reversed_after_ms=5_000),
    fates.OrderFate(cancel="pending"),
    fates.OrderFate(cancel="failed"),
    fates.OrderFate(cancel="before_chain"),
    fates.OrderFate(lost=True),
    fates.OrderFate(lost=True, reversed_after_ms=5_000),
    fates.OrderFate(unseen=5),
    fates.OrderFate(reverts=True),
    fates.OrderFate(rests_at="Placed"),
    fates.OrderFate(strange_state="Frozen", strange_looks=3),
)


class Ledger:
    """What the client said of each order, and the last thing it said."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.refused: dict[str, Refused] = {}
        self.last: dict[str, OrderReport] = {}

    def note(self, report: OrderReport) -> None:
        known = self.last.get(report.client_id)
        if known is None or report.sequence > known.sequence:
            self.last[report.client_id] = report


async def traded(here: World, venue: Any, said: Ledger) -> None:
    here.control.next_order(*RARE)
    for number in range(MANY):
        order = here.order(f"x-{number}:1:0", stake=Decimal(1), min_odds=Decimal("1.54"))
        said.orders[order.client_id] = order
        answer = await venue.place(order)
        if isinstance(answer, Refused):
            said.refused[order.client_id] = answer
        elif isinstance(answer, Accepted):
            said.note(answer.report)
        await here.clock.sleep_ms(500)


async def looked_up(venue: Any, said: Ledger) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for order in said.orders.values():
        answer = await venue.find(order)
        kinds[type(answer).__name__] += 1
        assert not isinstance(answer, Unknown), (order.client_id, answer)
        if isinstance(answer, Found):
            said.note(answer.report)
        assert isinstance(answer, Absent | Found)
    return kinds


def check_against_the_truth(here: World, said: Ledger) -> Counter[str]:
    held = {order.id.rpartition("_")[2]: order for order in here.control.orders}
    ends: Counter[str] = Counter()
    for client_id in said.orders:
        truth = held[str(terms.nonce_of(client_id))]
        report = said.last.get(client_id)
        ends[truth.state] += 1
        if client_id in said.refused:
            assert truth.bet_id is None
        if truth.state in {"Accepted", "CancelFailed"}:
            assert report is not None
            assert (report.status, report.filled) == (OrderStatus.FILLED, 1)
            assert report.odds == truth.odds
            # A cancellation that failed may be tried again.
            assert report.final == (truth.state == "Accepted")
        else:
            assert report is None or report.filled == 0
        if truth.state == "Canceled" and truth.bet_id is not None:
            assert report is not None
            assert report.status is OrderStatus.REVERSED
    return ends


@pytest.mark.parametrize(
    ("seed", "repeats"), [(1, "existing"), (2, "conflict"), (3, "invalid_nonce")]
)
def test_what_the_client_says_in_the_end_is_true(seed: int, repeats: str) -> None:
    async def scenario() -> tuple[Counter[str], Counter[str]]:
        said = Ledger()
        async with (
            world(calibrated=True, seed=seed, delay_scale="1", repeats=repeats) as here,
            here.connect() as venue,
        ):
            async with listening(venue):
                await traded(here, venue, said)
                await here.clock.sleep_ms(300_000)
            return await looked_up(venue, said), check_against_the_truth(here, said)

    kinds, ends = in_virtual_time(scenario())

    assert kinds.total() == ends.total() == MANY
    assert min(ends["Accepted"], ends["Rejected"]) > MANY // 5
    assert ends["Canceled"] >= 4
    assert ends["CancelFailed"] == 1


def test_another_process_comes_to_the_same_end() -> None:
    async def scenario() -> Counter[str]:
        said = Ledger()
        async with world(calibrated=True, seed=5, delay_scale="1") as here:
            async with here.connect() as venue, listening(venue):
                await traded(here, venue, said)
            said.last.clear()
            said.refused.clear()
            async with here.connect() as venue:
                for order in said.orders.values():
                    venue.watch(order)
                async with listening(venue):
                    await here.clock.sleep_ms(300_000)
                await looked_up(venue, said)
            return check_against_the_truth(here, said)

    assert in_virtual_time(scenario()).total() == MANY


@pytest.mark.parametrize("name", ["odds", "amount", "betId", "updatedAt", "conditions", "result"])
def test_a_field_that_is_null_for_a_while_is_no_end(name: str) -> None:
    async def scenario() -> OrderReport:
        async with world() as here, here.connect() as venue:
            here.control.next_order(fates.OrderFate(nulls=(name,)))
            await venue.place(here.order())
            async with listening(venue):
                await here.clock.sleep_ms(10_000)
                (truth,) = here.control.orders
                assert truth.state == "Accepted"
                answer = await venue.find(here.order())
                assert isinstance(answer, Found)
                assert answer.report.status in {OrderStatus.OPEN, OrderStatus.FILLED}
                truth.fate = fates.ORDINARY
                await here.clock.sleep_ms(100_000)
                found = await venue.find(here.order())
        return found.report

    report = in_virtual_time(scenario())

    assert (report.status, report.filled) == (OrderStatus.FILLED, 10)
    assert (report.odds, report.final) == (Decimal("1.56"), True)


def test_a_state_that_nobody_has_heard_of_is_watched() -> None:
    async def scenario() -> tuple[Any, Any]:
        async with world() as here, here.connect() as venue:
            fate = fates.OrderFate(strange_state="Frozen", strange_looks=4)
            here.control.next_order(fate)
            await venue.place(here.order())
            strange = await venue.find(here.order())
            async with listening(venue):
                await here.clock.sleep_ms(100_000)
                return strange, await venue.find(here.order())

    strange, found = in_virtual_time(scenario())

    assert strange.report.status is OrderStatus.OPEN
    assert found.report.status is OrderStatus.FILLED


def test_the_selection_is_the_one_that_the_imitation_has() -> None:
    async def scenario() -> Any:
        async with world() as here, here.connect() as venue:
            return await venue.quote(HOME)

    assert in_virtual_time(scenario()).odds == Decimal("1.56")
