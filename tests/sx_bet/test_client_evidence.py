"""What is known of an order does not depend on the order in which it was heard."""

import importlib
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sx_bet.client_scene import ONE
from xarb_runtime.domain.orders import Order, OrderReport, OrderStatus

evidence = importlib.import_module("xarb_plugins.sx_bet.evidence")
drafts = importlib.import_module("xarb_plugins.sx_bet.draft")
signing = importlib.import_module("xarb_plugins.sx_bet.signing")
wire = importlib.import_module("xarb_plugins.sx_bet.wire")

STAKE = 10_000_000
HALF = 5 * 10**19
NOW_MS = 1_900_000_000_000
PATIENCE_MS = 15_000
ID = "0x" + "ee" * 32


def known() -> Any:
    order = Order(
        client_id="x-1:1:0",
        selection=ONE,
        stake=Decimal(10),
        min_odds=Decimal(2),
        reduces=False,
        expires_ms=NOW_MS,
    )
    found = evidence.Evidence(order)
    message = signing.Message(
        market=ONE.market,
        token="0x" + "33" * 20,
        stake=STAKE,
        odds=HALF,
        salt=1,
        expiry=1,
        maker="0x" + "44" * 20,
        on_one=True,
    )
    found.draft = drafts.Draft(id=ID, client_order_id="c", message=message)
    return found


def row(left: int, status: str = "ACTIVE", reason: str | None = None, at: int = 0) -> Any:
    return wire.OrderRow(
        total_bet_size=STAKE,
        remaining_size=left,
        status=status,
        id=ID,
        inactive_reason=reason,
        updated_at=f"2030-03-17T17:46:{at:02}.000Z",
    )


def fill(number: int, amount: int, status: str, odds: int = HALF) -> Any:
    return wire.FillRow(
        order_id=ID, fill_amount=amount, fill_odds=odds, status=status, id=f"m{number}"
    )


def said(found: Any) -> OrderReport | None:
    return found.report(NOW_MS, PATIENCE_MS)


class Engine:
    """A made-up life of one order: what could be read at each moment of it."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)
        self.moments: list[tuple[Any, list[Any]]] = []
        parts = [dice.randint(1, STAKE // 4) for _ in range(dice.randint(0, 4))]
        left, fills = STAKE, dict[int, tuple[int, str]]()
        self._keep(row(left), fills)
        for number, part in enumerate(parts):
            left -= part
            fills[number] = (part, "MATCHED")
            self._keep(row(left, at=number + 1), fills)
        ended = row(left, "INACTIVE", "NO_LIQUIDITY", at=10)
        self._keep(ended, fills)
        for number in dice.sample(sorted(fills), len(fills)):
            fills[number] = (fills[number][0], dice.choice(["LOCKED", "FAILED"]))
            self._keep(ended, fills)

    def _keep(self, row: Any, fills: dict[int, tuple[int, str]]) -> None:
        rows = [fill(number, amount, status) for number, (amount, status) in fills.items()]
        self.moments.append((row, rows))


def test_nothing_heard_nothing_said() -> None:
    assert said(known()) is None


@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_the_order_of_hearing_does_not_matter(seed: int, dice: random.Random) -> None:
    engine = Engine(seed)
    straight, mixed = known(), known()
    words = [("row", row) for row, _ in engine.moments]
    words += [("fill", fill) for _, fills in engine.moments for fill in fills]
    for found, heard in ((straight, words), (mixed, dice.sample(words, len(words)))):
        for kind, word in heard:
            found.hear_row(word) if kind == "row" else found.hear_fills([word])

    assert said(straight) == said(mixed)


@given(st.integers(0, 10**6))
def test_the_sequence_grows_with_what_happens(seed: int) -> None:
    found, before = known(), None
    for row, fills in Engine(seed).moments:
        found.hear_row(row)
        found.hear_fills(fills)
        report = said(found)
        assert report is not None
        if before is not None and (report.status, report.filled, report.final) != (
            before.status,
            before.filled,
            before.final,
        ):
            assert report.sequence > before.sequence
        before = report


@given(st.integers(0, 10**6))
def test_another_process_gives_the_same_sequence(seed: int) -> None:
    followed = known()
    for row, fills in Engine(seed).moments:
        followed.hear_row(row)
        followed.hear_fills(fills)
        fresh = known()
        fresh.hear_row(row)
        fresh.hear_fills(fills)

        assert said(fresh) == said(followed)


@given(st.integers(0, 10**6), st.data())
def test_whoever_knows_less_never_overrules(seed: int, data: st.DataObject) -> None:
    """A lagging reader's report must not be newer than that of a reader who is up to date."""
    moments = Engine(seed).moments
    now = data.draw(st.integers(0, len(moments) - 1))
    row_seen, fills_seen = data.draw(st.integers(0, now)), data.draw(st.integers(0, now))
    current, lagging = known(), known()
    current.hear_row(moments[now][0])
    current.hear_fills(moments[now][1])
    lagging.hear_row(moments[row_seen][0])
    lagging.hear_fills(moments[fills_seen][1])

    report, late = said(current), said(lagging)
    assert report is not None
    if late is not None and late != report:
        assert late.sequence <= report.sequence or late.filled == report.filled


@given(st.integers(0, 10**6))
def test_in_the_end_it_is_final(seed: int) -> None:
    found = known()
    row, fills = Engine(seed).moments[-1]
    found.hear_row(row)
    found.hear_fills(fills, complete=True)
    report = said(found)

    assert report is not None
    assert report.final
    lost = sum(it.fill_amount for it in fills if it.status == "FAILED")
    assert report.filled * 10**6 == sum(it.fill_amount for it in fills) - lost
    assert (report.status is OrderStatus.REVERSED) == bool(lost)


# -- Rows and fills that do not keep step ----------------------------------------------------------


def test_a_filled_order_whose_fills_cannot_be_read_says_nothing() -> None:
    found = known()
    found.hear_row(row(0, "INACTIVE", "FILLED"))
    found.hear_fills([], complete=True)

    assert said(found) is None


def test_a_cancelled_order_with_part_of_it_unread_says_nothing() -> None:
    found = known()
    found.hear_row(row(STAKE // 2, "INACTIVE", "USER_REQUESTED"))
    found.hear_fills([fill(1, STAKE // 4, "LOCKED")], complete=True)

    assert said(found) is None


def test_a_remainder_that_was_struck_off_is_believed_when_the_index_had_time() -> None:
    found = known()
    ended = row(0, "INACTIVE", "USER_REQUESTED")
    found.hear_row(ended)
    found.hear_fills([], complete=True)

    assert found.report(NOW_MS, PATIENCE_MS) is None
    assert found.report(NOW_MS + PATIENCE_MS - 1, PATIENCE_MS) is None
    report = found.report(NOW_MS + PATIENCE_MS, PATIENCE_MS)
    assert (report.status, report.filled, report.final) == (OrderStatus.CANCELLED, 0, True)


@pytest.mark.parametrize("ahead_ms", [-3_600_000, 10_000, 60_000])
def test_a_clock_that_differs_shortens_no_patience_and_lengthens_none(ahead_ms: int) -> None:
    found = known()
    ended = row(0, "INACTIVE", "NO_LIQUIDITY")
    found.hear_row(ended)
    found.hear_fills([], complete=True)
    now_ms = ended.updated_ms + ahead_ms

    assert found.report(now_ms, PATIENCE_MS) is None
    assert found.report(now_ms + PATIENCE_MS - 1, PATIENCE_MS) is None
    assert found.report(now_ms + PATIENCE_MS, PATIENCE_MS) is not None


@pytest.mark.parametrize("left", [0, 1, STAKE])
def test_an_order_that_reads_filled_is_not_over_without_a_fill(left: int) -> None:
    found = known()
    found.hear_row(row(left, "INACTIVE", "FILLED"))
    found.hear_fills([], complete=True)

    assert found.report(NOW_MS, PATIENCE_MS) is None
    assert found.report(NOW_MS + 10 * PATIENCE_MS, PATIENCE_MS) is None


def test_nothing_is_final_before_the_fills_were_read() -> None:
    found = known()
    found.hear_row(row(STAKE, "INACTIVE", "USER_REQUESTED"))
    before = said(found)
    found.hear_fills([], complete=True)
    after = said(found)

    assert before is not None
    assert after is not None
    assert (before.final, after.final) == (False, True)
    assert after.sequence > before.sequence


def test_a_locked_fill_stays_locked() -> None:
    found = known()
    found.hear_fills([fill(1, STAKE, "LOCKED")])
    found.hear_fills([fill(1, STAKE, "MATCHED")])
    report = said(found)

    assert report is not None
    assert report.final


def test_a_dead_order_does_not_come_back() -> None:
    found = known()
    found.hear_row(row(STAKE, "INACTIVE", "EXPIRED", at=1))
    found.hear_row(row(STAKE, "ACTIVE", at=2))
    report = said(found)

    assert report is not None
    assert report.status is OrderStatus.CANCELLED


# -- The answer to an order ------------------------------------------------------------------------


def outcome(state: str, filled: int = 0, blended: int = 0, reason: str | None = None) -> Any:
    return wire.Outcome(
        state=state,
        fill_amount=filled,
        remaining_amount=STAKE - filled,
        blended_odds=blended,
        cancel_reason=reason,
    )


@pytest.mark.parametrize(
    ("told", "status", "filled", "final"),
    [
        (outcome("RESTED"), OrderStatus.OPEN, 0, False),
        (outcome("FULLY_FILLED", STAKE, HALF), OrderStatus.FILLED, 10, False),
        (outcome("PARTIAL_FILL_DONE", STAKE // 2, HALF), OrderStatus.CANCELLED, 5, False),
        (outcome("PARTIAL_FILL_RESTED", STAKE // 2, HALF), OrderStatus.OPEN, 5, False),
        (outcome("CANCELLED", reason="NO_LIQUIDITY"), OrderStatus.CANCELLED, 0, True),
        (outcome("NO_LIQUIDITY"), OrderStatus.CANCELLED, 0, True),
        (outcome("CANCELLED", reason="ENGINE_SHUTDOWN"), OrderStatus.CANCELLED, 0, False),
        (outcome("CANCELLED", reason="NEVER_HEARD_OF"), OrderStatus.CANCELLED, 0, False),
    ],
)
def test_outcomes(told: Any, status: OrderStatus, filled: int, final: bool) -> None:
    found = known()
    found.hear_outcome(told)
    report = said(found)

    assert report is not None
    assert (report.status, report.filled, report.final) == (status, filled, final)


def test_a_wait_that_ended_without_outcome_says_nothing() -> None:
    found = known()
    found.hear_outcome(outcome("TIMEOUT"))

    assert said(found) is None


@pytest.mark.parametrize(
    "told",
    [
        outcome("SOMETHING_NEW"),
        outcome("FULLY_FILLED"),
        outcome("FULLY_FILLED", STAKE, 0),
        outcome("FULLY_FILLED", STAKE + 1, HALF),
        outcome("PARTIAL_FILL_DONE", STAKE // 2, 10**20),
    ],
)
def test_outcomes_that_cannot_be(told: Any) -> None:
    with pytest.raises(wire.WireError):
        known().hear_outcome(told)


def test_an_outcome_and_its_fill_are_one_and_the_same() -> None:
    found = known()
    found.hear_outcome(outcome("FULLY_FILLED", STAKE, HALF))
    before = said(found)
    found.hear_fills([fill(1, STAKE, "MATCHED")])

    assert said(found) == before


def test_a_fill_that_failed_takes_back_what_the_outcome_said() -> None:
    found = known()
    found.hear_outcome(outcome("FULLY_FILLED", STAKE, HALF))
    before = said(found)
    found.hear_fills([fill(1, STAKE, "FAILED")])
    after = said(found)

    assert before is not None
    assert after is not None
    assert (after.status, after.filled, after.final) == (OrderStatus.REVERSED, 0, True)
    assert after.sequence > before.sequence


def test_the_row_of_another_order_is_refused() -> None:
    other = wire.OrderRow(total_bet_size=STAKE + 1, remaining_size=0, status="ACTIVE", id=ID)

    with pytest.raises(wire.WireError):
        known().hear_row(other)


def test_odds_are_those_of_what_is_left() -> None:
    found = known()
    found.hear_row(row(0, "INACTIVE", "FILLED"))
    found.hear_fills(
        [fill(1, STAKE // 2, "FAILED", 4 * 10**19), fill(2, STAKE // 2, "LOCKED", HALF)]
    )
    report = said(found)

    assert report is not None
    assert (report.filled, report.odds) == (5, 2)
