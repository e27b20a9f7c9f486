"""
Silver: failures that prove nothing. Whatever the wire says, the order is where the server has it.
"""

from xarb_runtime.domain.orders import Absent, Accepted, Found, Order, PlaceAnswer, Refused
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.driven import Driven
from xarb_runtime.testing.faults import Fault
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect, skip


async def _taken(stage: Stage, fault: Fault, *, deadline_ms: int = 30_000) -> None:
    """Place an order whose answer does not arrive as the server gave it; find out about it."""
    venue, order, answer = await _struck(stage, fault, deadline_ms)
    held = await stage.one_held()
    expect(not isinstance(answer, Refused), f"not Refused: the server holds {held}", answer)
    posts = [sent for sent in stage.wire.placings() if sent.method == "POST"]
    expect(len(posts) <= 1, "the order to be sent once", f"{len(posts)} requests")
    await stage.see(venue, order)
    await stage.clock.sleep_ms(stage.bench.settles_ms)
    found = await stage.see(venue, order)
    stage.agree(found.report, await stage.one_held())


async def _not_taken(stage: Stage, fault: Fault) -> None:
    """Place an order that never arrives; it must not be said to be there, nor be sent again."""
    venue, order, answer = await _struck(stage, fault, 30_000)
    expect(not isinstance(answer, Accepted), "not Accepted: it never arrived", answer)
    found = await venue.find(order)
    expect(not isinstance(found, Found), "not Found: it never arrived", found)
    await stage.clock.sleep_ms(stage.bench.settles_ms)
    await stage.none_held("the request never arrived, and may not be sent again")


async def _struck(
    stage: Stage, fault: Fault, deadline_ms: int
) -> tuple[Driven, Order, PlaceAnswer]:
    venue, order = await stage.open(), stage.order()
    disturbance = stage.wire.disturb(fault, "place")
    answer = await venue.place(order, deadline_ms=deadline_ms)
    stage.struck(disturbance)
    stage.wire.calm()
    return venue, order, answer


@case("XV-220", Level.SILVER)
async def a_lost_answer_is_no_refusal(stage: Stage) -> None:
    """
    An order whose answer is lost is there.

    Given that the server takes the order, and the connection breaks before its answer.
    When the order is placed.
    Then the answer is not Refused, the order is sent once, it is found and never absent, and what
    is found is the server's truth.
    """
    await _taken(stage, Fault.LOST_ANSWER)


@case("XV-230", Level.SILVER)
async def a_gateway_error_is_no_refusal(stage: Stage) -> None:
    """
    A 502 says nothing about what is behind it.

    Given that the server takes the order, and a gateway answers 502.
    When the order is placed.
    Then as in XV-220.
    """
    await _taken(stage, Fault.GATEWAY_AFTER)


@case("XV-235", Level.SILVER)
async def a_torn_answer_is_no_refusal(stage: Stage) -> None:
    """
    A 200 whose body is torn says nothing.

    Given that the server takes the order, and half of its JSON arrives.
    When the order is placed.
    Then as in XV-220.
    """
    await _taken(stage, Fault.GARBAGE_AFTER)


@case("XV-240", Level.SILVER)
async def a_page_of_html_is_no_refusal(stage: Stage) -> None:
    """
    A 200 with a page of HTML says nothing.

    Given that the server takes the order, and a proxy answers with a page.
    When the order is placed.
    Then as in XV-220.
    """
    await _taken(stage, Fault.HTML_AFTER)


@case("XV-245", Level.SILVER)
async def silence_is_no_refusal(stage: Stage) -> None:
    """
    An answer that never comes says nothing.

    Given that the server takes the order, and no answer ever comes.
    When the order is placed.
    Then as in XV-220.
    """
    await _taken(stage, Fault.SILENCE_AFTER)


@case("XV-247", Level.SILVER)
async def a_slow_answer_is_waited_for(stage: Stage) -> None:
    """
    An answer that takes its time is no reason to send again.

    Given that the server takes the order, and its answer takes three seconds.
    When the order is placed.
    Then as in XV-220.
    """
    await _taken(stage, Fault.SLOW)


@case("XV-250", Level.SILVER)
async def a_gateway_error_is_no_acceptance(stage: Stage) -> None:
    """
    A 503 is no acceptance, and no reason to send again.

    Given that a gateway answers 503, and the server does not get the order.
    When the order is placed.
    Then the answer is not Accepted, the order is not found, and the server never gets it.
    """
    await _not_taken(stage, Fault.GATEWAY_BEFORE)


@case("XV-255", Level.SILVER)
async def a_broken_connection_is_no_reason_to_send_again(stage: Stage) -> None:
    """
    A connection that breaks is no acceptance, and no reason to send again.

    Given that the connection breaks before the server gets the order.
    When the order is placed.
    Then as in XV-250.
    """
    await _not_taken(stage, Fault.RESET_BEFORE)


@case("XV-260", Level.SILVER)
async def too_many_requests_are_decided_once(stage: Stage) -> None:
    """
    After a 429 the order is not sent behind one's back.

    Given that 429 is answered, and the server does not get the order.
    When the order is placed.
    Then, until it expires, what the server holds is what the answer says: nothing when it is
    Refused, the order when it is Accepted.
    """
    venue, order, answer = await _struck(stage, Fault.TOO_MANY_BEFORE, 30_000)
    del venue
    await stage.clock.sleep_ms(order.expires_ms - stage.clock.now_ms())
    if isinstance(answer, Refused):
        await stage.none_held("it was Refused")
    if isinstance(answer, Accepted):
        await stage.one_held()


@case("XV-265", Level.SILVER)
async def an_order_may_arrive_late(stage: Stage) -> None:
    """
    An order may arrive when its sender has given up.

    Given that a request is on its way for three seconds.
    When the order is placed, and the call is cancelled after two.
    Then it is not found and not absent before it arrives, and found afterwards.
    Skip when the server does not take what arrives late.
    """
    venue, order, answer = await _struck(stage, Fault.ARRIVES_LATE, 2_000)
    expect(not isinstance(answer, Refused | Accepted), "Unknown", answer)
    found = await venue.find(order)
    expect(not isinstance(found, Absent), "not Absent: the request is still on its way", found)
    await stage.wire.settle()
    if not await stage.bench.held():
        skip("the server does not take an order whose sender has gone")
    await stage.see(venue, order)
