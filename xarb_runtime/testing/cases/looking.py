"""
Silver: looking for an order. *Not found* is not *absent*.
"""

from xarb_runtime.domain.orders import Absent, FindAnswer, Found, Order, OrderReport, Unknown
from xarb_runtime.testing.bench import Fate
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.driven import Driven, told
from xarb_runtime.testing.faults import Fault
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect, fail

#: How long after its expiry an order that never arrived may stay in doubt.
PROVED_WITHIN_MS = 600_000

#: How long after the expiry of its order a request arrives.
LATE_MS = (1_000, 10_000, 30_000, 90_000, 600_000)


async def _lost(stage: Stage, fault: Fault, **facts: int) -> tuple[Driven, Order]:
    venue, order = await stage.open(), stage.order(**facts)
    disturbance = stage.wire.disturb(fault, "place")
    await venue.place(order)
    stage.struck(disturbance)
    stage.wire.calm()
    return venue, order


@case("XV-270", Level.SILVER)
async def what_is_indexed_late_is_not_absent(stage: Stage) -> None:
    """
    An order that the server does not show yet is not absent.

    Given that the answer to an order is lost, and the server says *not found* for three looks.
    When the order is looked up again and again.
    Then it is never absent, and is found in the end.
    Skip when the protocol has no late index.
    """
    await stage.bench.destine(Fate.LATE_INDEX)
    venue, order = await _lost(stage, Fault.LOST_ANSWER)
    await stage.see(venue, order)


@case("XV-272", Level.SILVER)
async def what_is_indexed_late_is_not_absent_once_expired(stage: Stage) -> None:
    """
    An order that the server does not show yet is not absent, though it has expired meanwhile.

    Given that the answer to an order is lost, and the server says *not found* for three looks.
    When the order is looked up for the first time a moment after it expired.
    Then it is never absent, and is found in the end.
    Skip when the protocol has no late index.
    """
    await stage.bench.destine(Fate.LATE_INDEX)
    venue, order = await _lost(stage, Fault.LOST_ANSWER)
    await stage.clock.sleep_ms(order.expires_ms - stage.clock.now_ms() + 1)
    await stage.see(venue, order)


@case("XV-275", Level.SILVER)
async def it_is_found_after_a_restart(stage: Stage) -> None:
    """
    An order is found by a process that never placed it.

    Given an order whose answer was lost with its process.
    When the next process looks it up, right away.
    Then it is found, and never absent.
    """
    venue, order = await _lost(stage, Fault.LOST_ANSWER)
    await stage.see(await stage.restart(venue), order)


@case("XV-280", Level.SILVER)
async def before_it_expires_nothing_is_absent(stage: Stage) -> None:
    """
    As long as a request may arrive, its order is not absent.

    Given an order that never arrived.
    When it is looked up before it expires, also by the next process.
    Then the answer is Unknown.
    """
    venue, order = await _lost(stage, Fault.RESET_BEFORE)
    answers = [await venue.find(order)]
    venue = await stage.restart(venue)
    answers.append(await venue.find(order))
    wrong = [answer for answer in answers if not isinstance(answer, Unknown)]
    expect(not wrong, "Unknown: the request might still arrive", wrong)


@case("XV-282", Level.SILVER)
async def absence_is_proved_as_declared(stage: Stage) -> None:
    """
    An order that never arrived is absent once that is certain, where it can ever be.

    Given an order that never arrived.
    When it is looked up after it expired, for ten minutes.
    Then it becomes absent if the capabilities have `proves_absence`; if not, it never does.
    """
    venue, order = await _lost(stage, Fault.RESET_BEFORE)
    last = await _until_absent(stage, venue, order)
    if stage.capabilities.proves_absence:
        expect(isinstance(last, Absent), "Absent: the capabilities say proves_absence", last)
    else:
        expect(not isinstance(last, Absent), "no Absent without proves_absence", last)
    await stage.none_held("it never arrived")


async def _until_absent(stage: Stage, venue: Driven, order: Order) -> FindAnswer:
    await stage.clock.sleep_ms(order.expires_ms - stage.clock.now_ms() + 1)
    until_ms = stage.clock.now_ms() + PROVED_WITHIN_MS
    while True:
        answer = await venue.find(order)
        if isinstance(answer, Absent) or stage.clock.now_ms() >= until_ms:
            return answer
        await stage.clock.sleep_ms(20_000)


@case("XV-284", Level.SILVER)
async def what_is_absent_never_comes(stage: Stage) -> None:
    """
    After absent the server does not come to hold the order, however late its request arrives.

    Given requests that are on their way until 1, 10, 30, 90 and 600 seconds after the expiry of
    their orders.
    When each call is cancelled after two seconds, and the order is looked up from its expiry until
    the request arrives.
    Then of an order that was absent nothing is open or filled at the server afterwards.
    """
    for late_ms in LATE_MS:
        held = len(await stage.bench.held())
        venue, order = await stage.open(), stage.order()
        arrives_ms = order.expires_ms + late_ms
        delay_ms = arrives_ms - stage.clock.now_ms()
        disturbance = stage.wire.disturb(Fault.ARRIVES_LATE, "place", delay_ms=delay_ms)
        await venue.place(order, deadline_ms=2_000)
        stage.struck(disturbance)
        stage.wire.calm()
        await stage.clock.sleep_ms(order.expires_ms - stage.clock.now_ms() + 1)
        is_absent = await _is_absent(stage, venue, order, arrives_ms)
        await stage.wire.settle()
        await stage.clock.sleep_ms(stage.bench.settles_ms)
        taken = [own for own in (await stage.bench.held())[held:] if own.open or own.filled]
        expected = f"nothing taken that arrived {late_ms} ms after its expiry: it was absent"
        expect(not (is_absent and taken), expected, taken)
        await venue.close()


async def _is_absent(stage: Stage, venue: Driven, order: Order, until_ms: int) -> bool:
    """Look an order up until it is absent, or its request is about to arrive."""
    pause_ms = 300
    while stage.clock.now_ms() < until_ms:
        if isinstance(await venue.find(order), Absent):
            return stage.clock.now_ms() < until_ms
        await stage.clock.sleep_ms(pause_ms)
        pause_ms = min(pause_ms * 2, 10_000)
    return False


@case("XV-285", Level.SILVER)
async def what_exists_is_never_absent(stage: Stage) -> None:
    """
    An order that the server has is found, however late one looks.

    Given an order whose answer was lost with its process.
    When the next process looks it up, ten minutes after it expired.
    Then it is found, with the server's truth.
    """
    venue, order = await _lost(stage, Fault.LOST_ANSWER)
    await venue.close()
    await stage.clock.sleep_ms(order.expires_ms - stage.clock.now_ms() + PROVED_WITHIN_MS)
    found = await stage.see(await stage.open(), order)
    stage.agree(found.report, await stage.one_held())


@case("XV-286", Level.SILVER)
async def what_was_reported_and_is_gone_comes_to_an_end(stage: Stage) -> None:
    """
    An order that was reported, and then is gone, comes to an end.

    Given an order that rests and was reported, and a server that loses it: nothing knows of it any
    more, and it never fills.
    When it is looked up after it expired, for ten minutes; and again by the next process, which is
    told to watch it.
    Then each finds a report that is final, newer than all before, with nothing filled: `Absent`
    says that there never was an order, which is not so, and leaves it in doubt for ever.
    Skip when the capabilities have no `proves_absence`, nothing rests, or the bench loses no order.
    """
    stage.needs("proves_absence")
    venue, order = await stage.open(), stage.order()
    name = await stage.resting(venue, order)
    before = (await stage.see(venue, order)).report
    await stage.bench.lose(name)
    await stage.clock.sleep_ms(order.expires_ms - stage.clock.now_ms() + 1)
    await _ends(stage, venue, order, before)
    await _ends(stage, await stage.restart(venue, watched=[order]), order, before)


async def _ends(stage: Stage, venue: Driven, order: Order, before: OrderReport) -> None:
    """Look an order up until a report is final; it must say that nothing is filled."""
    until_ms = stage.clock.now_ms() + PROVED_WITHIN_MS
    while True:
        answer = await venue.find(order)
        if isinstance(answer, Found) and answer.report.final:
            break
        if stage.clock.now_ms() >= until_ms:
            fail("Found, with a report that is final: the order was reported, and is gone", answer)
        await stage.clock.sleep_ms(20_000)
    said = told(answer.report)
    expect(not answer.report.filled, "nothing filled: the server has lost the order", said)
    newer = answer.report.sequence > before.sequence
    expect(newer, f"a report newer than the one before, #{before.sequence}", said)


@case("XV-290", Level.SILVER)
async def lies_about_an_order_prove_nothing(stage: Stage) -> None:
    """
    Errors and pages of proxies do not make an order absent.

    Given an order that was placed by an earlier process, and expired long ago.
    When it is looked up, and the answer is 503, torn JSON, a page of HTML with 200 or 404, or a
    broken connection.
    Then it is not absent; and it is found when the wire is calm again.
    """
    venue, order = await stage.open(), stage.order()
    await venue.place(order)
    await venue.close()
    await stage.clock.sleep_ms(order.expires_ms - stage.clock.now_ms() + PROVED_WITHIN_MS)
    venue = await stage.open()
    for fault in (
        Fault.GATEWAY_BEFORE,
        Fault.GARBAGE_AFTER,
        Fault.HTML_AFTER,
        Fault.HTML_NOT_FOUND,
        Fault.RESET_BEFORE,
    ):
        stage.wire.disturb(fault, "find", times=None)
        answer = await venue.find(order)
        if isinstance(answer, Absent):
            fail(f"not Absent when {fault.value}", answer)
        stage.wire.calm()
    found = await stage.see(venue, order)
    expect(isinstance(found, Found), "Found", found)
