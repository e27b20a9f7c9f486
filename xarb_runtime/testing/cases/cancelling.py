"""
Silver: cancels. What is filled stays filled, and nobody says cancelled who does not know.
"""

from xarb_runtime.domain.orders import Accepted, CancelRefused, OrderReport, OrderStatus, Unknown
from xarb_runtime.testing.bench import Fate
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.driven import told
from xarb_runtime.testing.faults import Fault
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect


def _is_dead(report: OrderReport) -> bool:
    return report.status is not OrderStatus.OPEN


@case("XV-300", Level.SILVER)
async def a_fill_during_a_cancel_is_a_fill(stage: Stage) -> None:
    """
    An order that fills while it is cancelled is filled.

    Given an order that rests, and fills in the moment in which a cancel arrives.
    When it is cancelled.
    Then neither the answer nor a report says that it ended with less than the server filled, and
    the fill is reported.
    Skip when the capabilities have no `cancel`, or the protocol no such moment.
    """
    stage.needs("cancel")
    venue, order = await stage.open(), stage.order()
    await stage.bench.destine(Fate.FILL_DURING_CANCEL)
    await venue.place(order)
    answer = await venue.cancel(order)
    await stage.settled_filled(venue, order)
    held = await stage.one_held()
    said = [*venue.reports_of(order), *([answer.report] if isinstance(answer, Accepted) else [])]
    short = [told(one) for one in said if _is_dead(one) and one.filled < held.filled]
    expect(not short, f"no end with less than {held.filled} filled", short)


@case("XV-305", Level.SILVER)
async def an_unconfirmed_cancel_is_unknown(stage: Stage) -> None:
    """
    A cancel that the venue does not confirm is no cancel.

    Given an order that rests, and a server that cannot say whether it cancelled it.
    When it is cancelled.
    Then the answer is Unknown, or states that the order is open; nothing says that it ended.
    Skip when the capabilities have no `cancel`, or the protocol no such answer.
    """
    stage.needs("cancel")
    venue, order = await stage.open(), stage.order()
    await stage.bench.destine(Fate.CANCEL_UNCONFIRMED)
    await venue.place(order)
    answer = await venue.cancel(order)
    is_open = isinstance(answer, Accepted) and not _is_dead(answer.report)
    expect(is_open or isinstance(answer, Unknown), "Unknown, or an open order", answer)
    if (await stage.one_held()).open:
        dead = [told(report) for report in venue.reports_of(order) if _is_dead(report)]
        expect(not dead, "no report of an end: the order is open", dead)


@case("XV-310", Level.SILVER)
async def a_cancel_whose_answer_is_lost_is_found_out(stage: Stage) -> None:
    """
    A cancel with a 502 is neither refused nor done, until the venue says so.

    Given an order that rests; the server cancels it, and a gateway answers 502.
    When it is cancelled.
    Then the answer is not CancelRefused, and the end is reported.
    Skip when the capabilities have no `cancel`, or nothing rests.
    """
    stage.needs("cancel")
    venue, order = await stage.open(), stage.order()
    await stage.resting(venue, order)
    disturbance = stage.wire.disturb(Fault.GATEWAY_AFTER, "cancel")
    answer = await venue.cancel(order)
    stage.struck(disturbance)
    stage.wire.calm()
    expect(not isinstance(answer, CancelRefused), "not CancelRefused: nobody refused", answer)
    held = await stage.one_held()
    expect(not held.open, "the order no longer open at the server", held)
    report = await venue.reported(order, "says that it ended", _is_dead, stage.patience_ms)
    stage.agree(report, held)
