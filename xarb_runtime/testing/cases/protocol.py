"""
Bronze: it speaks the protocol.
"""

from contextlib import suppress
from decimal import Decimal
from itertools import pairwise

from xarb_runtime.domain.orders import (
    Accepted,
    Found,
    Order,
    OrderReport,
    OrderStatus,
    Refused,
)
from xarb_runtime.testing.bench import Fate, NoSuchFateError
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.driven import Driven, NoAnswerError, told
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect, fail


@case("XV-030", Level.BRONZE)
async def quotes_are_live_and_within_limits(stage: Stage) -> None:
    """
    A quote is a live price with the stakes that can be bet at it.

    Given a selection with a price.
    When a quote is asked for.
    Then it states the best odds, the stake of the bench is within its limits, and these are not
    wider than those of the capabilities.
    """
    venue = await stage.open()
    quote = await venue.quote(stage.bench.selection)
    expect(quote.selection == stage.bench.selection, "the selection asked for", quote.selection)
    for name in ("odds", "min_stake", "max_stake"):
        value = getattr(quote, name)
        expect(isinstance(value, Decimal), f"a Decimal as {name} of the quote", value)
    close = abs(quote.odds - stage.bench.odds) < stage.bench.odds / 1000
    expect(close, f"the best odds, {stage.bench.odds}", quote.odds)
    expect(
        quote.min_stake <= stage.bench.stake <= quote.max_stake,
        f"limits around {stage.bench.stake}",
        f"{quote.min_stake} to {quote.max_stake}",
    )
    least, most = stage.capabilities.min_stake, stage.capabilities.max_stake
    expect(
        quote.min_stake >= least and quote.max_stake <= most,
        f"limits within {least} to {most}, which are those of the capabilities",
        f"{quote.min_stake} to {quote.max_stake}",
    )
    age_ms = stage.clock.now_ms() - quote.time_ms
    expect(abs(age_ms) <= stage.bench.settles_ms + 5_000, "a time of now", f"{age_ms} ms ago")


@case("XV-040", Level.BRONZE)
async def unknown_selections_have_no_price(stage: Stage) -> None:
    """
    There is no quote for what the venue does not have.

    Given a selection that the venue does not have.
    When a quote is asked for.
    Then the call raises.
    """
    venue = await stage.open()
    try:
        quote = await venue.quote(stage.bench.unknown)
    except NoAnswerError:
        return
    fail("quote to raise: there is no such selection", quote)


@case("XV-050", Level.BRONZE)
async def orders_fill_within_their_limits(stage: Stage) -> None:
    """
    An order fills at its odds or better, with its stake or less.

    Given a selection with a price.
    When an order is placed that the price satisfies.
    Then it is accepted, the server holds it once, it is reported filled and final, and neither the
    server nor the report has worse odds or a larger stake than the order.
    """
    venue, order = await stage.open(), stage.order()
    answer = await venue.place(order)
    expect(isinstance(answer, Accepted), "Accepted", answer)
    report = await stage.settled_filled(venue, order)
    held = await stage.one_held()
    expect(report.status is OrderStatus.FILLED, "status filled", told(report))
    expect(report.filled > 0, "something filled", told(report))
    expect(report.odds >= order.min_odds, f"odds of {order.min_odds} or better", told(report))
    expect(held.odds >= order.min_odds, f"odds of {order.min_odds} or better", held)
    expect(held.stake <= order.stake, f"a stake of at most {order.stake}", held)


@case("XV-060", Level.BRONZE)
async def definite_refusals_are_refused(stage: Stage) -> None:
    """
    A refusal that proves something is Refused, with the venue's code.

    Given that the server refuses the next order for certain.
    When it is placed.
    Then the answer is Refused with a code, and the server holds nothing.
    """
    venue = await stage.open()
    await stage.bench.destine(Fate.REFUSE)
    answer = await venue.place(stage.order())
    if not isinstance(answer, Refused):
        fail("Refused", answer)
    expect(answer.code, "a code", answer)
    await stage.none_held("it refused")


@case("XV-070", Level.BRONZE)
async def a_price_that_is_gone_is_no_fill(stage: Stage) -> None:
    """
    An order whose price is gone is not filled.

    Given that the price has become worse than the order's limit.
    When the order is placed.
    Then nothing is filled, and it is refused or ends without a fill.
    """
    venue, order = await stage.open(), stage.order()
    await stage.bench.destine(Fate.WORSE_PRICE)
    answer = await venue.place(order)
    await stage.clock.sleep_ms(stage.bench.settles_ms)
    held = await stage.bench.held()
    expect(not any(own.filled for own in held), "nothing filled at the server", held)
    if isinstance(answer, Refused):
        expect(not any(own.open for own in held), "nothing open: it was Refused", held)
    filled = [told(report) for report in venue.reports_of(order) if report.filled]
    expect(not filled, "no report of a fill", filled)
    if isinstance(answer, Accepted):
        expect(answer.report.filled == 0, "nothing filled", told(answer.report))


@case("XV-080", Level.BRONZE)
async def rounding_is_never_worse(stage: Stage) -> None:
    """
    Stakes are rounded down and limits up.

    Given a stake and odds with more decimals than any venue takes.
    When the order is placed; and one with a limit that is a trifle above the best odds.
    Then the server holds at most the stake, filled at the limit or better, and nothing of the
    second is filled below its limit.
    """
    venue = await stage.open()
    order = stage.order(
        stake=stage.bench.stake + Decimal("0.987654321987654321"),
        min_odds=stage.easy_odds + Decimal("0.001234567891234567"),
    )
    await _is_within(stage, venue, order)
    await _is_within(
        stage, venue, stage.order(min_odds=stage.bench.odds + Decimal("0.000000987654321"))
    )


async def _is_within(stage: Stage, venue: Driven, order: Order) -> None:
    before = len(await stage.bench.held())
    await venue.place(order)
    await stage.clock.sleep_ms(stage.bench.settles_ms)
    for own in (await stage.bench.held())[before:]:
        expect(own.stake <= order.stake, f"a stake of at most {order.stake}", own)
        fine = own.odds >= order.min_odds or not own.filled
        expect(fine, f"odds of at least {order.min_odds}", own)


@case("XV-090", Level.BRONZE)
async def reports_are_cumulative_and_numbered(stage: Stage) -> None:
    """
    Each report says everything, and their sequence says which is newer.

    Given an order that rests and then fills, or that fills.
    When its reports, and those in answers to `place` and `find`, are put in order of their
    sequence.
    Then two with the same sequence say the same, time and what is filled never go back, and the
    last one is the server's truth.
    """
    venue, order = await stage.open(), stage.order()
    with suppress(NoSuchFateError):
        await stage.bench.destine(Fate.REST)
    answer = await venue.place(order)
    said = [answer.report] if isinstance(answer, Accepted) else []
    held = await stage.one_held()
    said += await _seen(venue, order)
    if held.open and not held.filled:
        await stage.bench.fill(held.id)
    await venue.settled(order, stage.patience_ms)
    said += await _seen(venue, order)
    said = sorted([*said, *venue.reports_of(order)], key=lambda report: report.sequence)
    for older, newer in pairwise(said):
        _is_order(older, newer)
    stage.agree(said[-1], await stage.one_held())


def _is_order(older: OrderReport, newer: OrderReport) -> None:
    pair = f"{told(older)}, then {told(newer)}"
    if older.sequence == newer.sequence:
        same = (older.status, older.filled, older.odds, older.final)
        other = (newer.status, newer.filled, newer.odds, newer.final)
        expect(same == other, "the same content under the same sequence", pair)
    expect(newer.time_ms >= older.time_ms, "times that grow with the sequence", pair)
    expect(newer.filled >= older.filled, "what is filled to grow with the sequence", pair)


async def _seen(venue: Driven, order: Order) -> list[OrderReport]:
    answer = await venue.find(order)
    return [answer.report] if isinstance(answer, Found) else []


@case("XV-100", Level.BRONZE)
async def find_agrees_with_reports(stage: Stage) -> None:
    """
    Looking an order up tells what was reported.

    Given an order that is filled and final.
    When it is looked up.
    Then it is found, with the newest report's status, stake, odds and finality.
    """
    venue, order = await stage.open(), stage.order()
    await venue.place(order)
    report = await stage.settled_filled(venue, order)
    answer = await venue.find(order)
    if not isinstance(answer, Found):
        fail("Found", answer)
    found = answer.report
    same = (found.status, found.filled, found.odds, found.final) == (
        report.status,
        report.filled,
        report.odds,
        report.final,
    )
    expect(same, f"what was reported: {told(report)}", told(found))
    mine = found.client_id == order.client_id
    expect(mine, f"the order's own client id, {order.client_id}", found.client_id)
