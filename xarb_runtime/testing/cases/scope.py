"""
Silver: calls and venues that are over are over.
"""

from xarb_runtime.domain.orders import Accepted, Refused
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.faults import Fault
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect


@case("XV-340", Level.SILVER)
async def a_cancelled_call_lets_go(stage: Stage) -> None:
    """
    A call that is cancelled at its deadline ends, and sends nothing more.

    Given an order whose request is never answered.
    When the call is cancelled after a second.
    Then it ends within a second, and in the next half minute nothing is sent that could place the
    order.
    """
    venue, order = await stage.open(), stage.order()
    disturbance = stage.wire.disturb(Fault.SILENCE_BEFORE, "place")
    await venue.place(order, deadline_ms=1_000)
    stage.struck(disturbance)
    stage.wire.calm()
    expect(not venue.held_on, "the call to end when it is cancelled", "it went on")
    await stage.clock.sleep_ms(30_000)
    late = [f"{sent.method} {sent.path}" for sent in stage.wire.sent if sent.late and sent.changes]
    expect(not late, "nothing sent for a call that was cancelled", late)
    await stage.none_held("the call was cancelled before anything arrived")


@case("XV-350", Level.SILVER)
async def after_the_end_there_is_silence(stage: Stage) -> None:
    """
    A venue that is closed has stopped.

    Given a venue with an order that was placed a moment ago.
    When it is closed.
    Then closing does not raise, no task and no session is left, and nothing more is sent.
    """
    venue, order = await stage.open(), stage.order()
    await venue.place(order)
    problem = await venue.close()
    expect(not problem, "the venue to close", problem)
    sent = len(stage.wire.sent)
    left = stage.left_over(venue)
    expect(not left, "nothing left of a venue that is closed", left)
    await stage.clock.sleep_ms(60_000)
    late = [f"{one.method} {one.path}" for one in stage.wire.sent[sent:]]
    expect(not late, "nothing sent after the end", late)


@case("XV-355", Level.SILVER)
async def an_order_that_rests_ends_with_its_expiry(stage: Stage) -> None:
    """
    An order that rests does not outlive its expiry.

    Given an order that rests.
    When it expires, and nobody cancels it.
    Then soon after it can no longer fill at the server, and its end is reported: the venue was told
    the real `expires_ms`.
    Skip when nothing rests. A protocol in which orders rest and do not expire is a reason for an
    exemption.
    """
    venue, order = await stage.open(), stage.order()
    await stage.resting(venue, order)
    await stage.clock.sleep_ms(order.expires_ms - stage.clock.now_ms() + stage.patience_ms)
    held = await stage.one_held()
    late = f"no longer open {stage.patience_ms} ms after it expired"
    expect(not held.open, f"the order {late}", held)
    report = await venue.settled(order, stage.patience_ms)
    stage.agree(report, held)


@case("XV-360", Level.SILVER)
async def an_order_that_comes_too_early_is_not_kept(stage: Stage) -> None:
    """
    An order before the venue is ready is answered at once, and not kept for later.

    Given a venue that was opened while the server is away.
    When an order is placed, and the server comes back.
    Then the answer is Refused with a code, or Unknown; and until it expires the server gets
    nothing that was Refused.
    """
    await stage.cut()
    venue = await stage.open(ready=False)
    order = stage.order()
    answer = await venue.place(order)
    expect(not isinstance(answer, Accepted), "Refused or Unknown", answer)
    stage.wire.calm()
    await venue.is_ready()
    await stage.clock.sleep_ms(max(0, order.expires_ms - stage.clock.now_ms()))
    if isinstance(answer, Refused):
        expect(answer.code, "a code", answer)
        await stage.none_held("it was Refused")
