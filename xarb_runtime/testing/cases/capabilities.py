"""
Bronze: what a venue says that it can do, it can; what it does not say, it does not claim.
"""

from decimal import Decimal

from xarb_runtime.domain.orders import Accepted, OrderReport, OrderStatus, Refused
from xarb_runtime.testing.bench import Fate, NoSuchFateError
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.driven import told
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect, fail, skip


@case("XV-120", Level.BRONZE)
async def stakes_outside_the_limits_are_refused(stage: Stage) -> None:
    """
    `min_stake` and `max_stake` are the limits.

    Given the limits of the capabilities.
    When orders of half the least and of twice the largest stake are placed.
    Then both are Refused, and the server holds nothing.
    """
    venue, limits = await stage.open(), stage.capabilities
    for stake in (limits.min_stake / 2, limits.max_stake * 2):
        answer = await venue.place(stage.order(stake=stake))
        expect(isinstance(answer, Refused), f"Refused for a stake of {stake}", answer)
    await stage.none_held("both stakes are outside the limits")


@case("XV-122", Level.BRONZE)
async def stakes_at_the_lower_limit_are_taken(stage: Stage) -> None:
    """
    The least stake is one that the venue takes.

    Given `min_stake` of the capabilities.
    When an order of exactly that is placed.
    Then it is Accepted.
    Skip when there is no least stake.
    """
    least = stage.capabilities.min_stake
    if least <= 0:
        skip("the capabilities name no least stake")
    venue = await stage.open()
    answer = await venue.place(stage.order(stake=Decimal(least)))
    expect(isinstance(answer, Accepted), f"Accepted for a stake of {least}", answer)


@case("XV-125", Level.BRONZE)
async def what_can_be_cancelled_is(stage: Stage) -> None:
    """
    An order that rests can be cancelled.

    Given an order that rests.
    When it is cancelled.
    Then it is reported cancelled with nothing filled, and the server holds it no longer open.
    Skip when the capabilities have no `cancel`, or nothing rests.
    """
    stage.needs("cancel")
    venue, order = await stage.open(), stage.order()
    await stage.resting(venue, order)
    answer = await venue.cancel(order)
    if not _is_cancelled(answer.report if isinstance(answer, Accepted) else None):
        await venue.reported(order, "says cancelled", _is_cancelled, stage.patience_ms)
    held = await stage.one_held()
    expect(not held.open, "the order no longer open at the server", held)


def _is_cancelled(report: OrderReport | None) -> bool:
    return report is not None and report.status is OrderStatus.CANCELLED and not report.filled


@case("XV-127", Level.BRONZE)
async def what_cannot_be_cancelled_is_not_said_to_be(stage: Stage) -> None:
    """
    A cancel that comes too late, or that there is not, changes nothing.

    Given an order that is filled and final.
    When it is cancelled.
    Then the answer is CancelRefused, Unknown, or states the fill.
    """
    venue, order = await stage.open(), stage.order()
    await venue.place(order)
    report = await stage.settled_filled(venue, order)
    answer = await venue.cancel(order)
    if isinstance(answer, Accepted):
        true = answer.report.filled == report.filled
        expect(true, f"the fill, {told(report)}", told(answer.report))


@case("XV-130", Level.BRONZE)
async def partial_fills_are_declared(stage: Stage) -> None:
    """
    Where an order can fill in parts, the capabilities say so.

    Given a bench that can fill an order in part.
    When the capabilities are read.
    Then `partial_fills` is true.
    Skip when the bench cannot fill in parts.
    """
    await stage.bench.destine(Fate.PARTIAL)
    said = stage.capabilities.partial_fills
    expect(said, "capabilities.partial_fills: the bench can fill in parts", said)


@case("XV-135", Level.BRONZE)
async def finality_is_declared(stage: Stage) -> None:
    """
    `final_at_once` is said only where no acceptance is ever taken back.

    Given a venue that says `final_at_once`.
    When an order is filled.
    Then the first report that says so is final, and the bench knows no reversals.
    Skip when the capabilities have no `final_at_once`.
    """
    stage.needs("final_at_once")
    try:
        await stage.bench.destine(Fate.REVERSE)
    except NoSuchFateError:
        pass
    else:
        fail("no reversals: the capabilities say final_at_once", "a bench that can reverse a fill")
    venue, order = await stage.open(), stage.order()
    await venue.place(order)
    report = await venue.reported(
        order, "says filled", lambda one: one.status is OrderStatus.FILLED, stage.patience_ms
    )
    expect(report.final, "a fill that is final at once", told(report))
