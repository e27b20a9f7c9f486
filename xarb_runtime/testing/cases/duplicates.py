"""
Silver: placing twice is one order.
"""

import asyncio

from xarb_runtime.domain.orders import Order, Refused
from xarb_runtime.testing.bench import Fate
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.driven import Driven
from xarb_runtime.testing.faults import Fault
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect


@case("XV-200", Level.SILVER)
async def placing_twice_is_one_order(stage: Stage) -> None:
    """
    An order that is placed again is the same order.

    Given an order that was placed.
    When it is placed again.
    Then the server holds one order, and the second answer is not Refused: the server has it.
    """
    venue, order = await stage.open(), stage.order()
    await venue.place(order)
    await _again(stage, venue, order)


@case("XV-205", Level.SILVER)
async def placing_again_after_a_restart_is_one_order(stage: Stage) -> None:
    """
    An order that is placed again by another process is the same order.

    Given an order that was placed and is settled, by a process that is gone.
    When it is placed again by the next one.
    Then the server holds one order, and the answer is not Refused.
    """
    venue, order = await stage.open(), stage.order()
    await venue.place(order)
    await venue.settled(order, stage.patience_ms)
    await _again(stage, await stage.restart(venue), order)


@case("XV-207", Level.SILVER)
async def placing_again_before_it_is_indexed_is_one_order(stage: Stage) -> None:
    """
    An order that the server does not show yet, and that is placed again, is the same order.

    Given that the answer to an order is lost with its process, and the server says *not found* for
    three looks.
    When the next process places it again.
    Then the server holds one order, and the answer is not Refused. Who cannot be sure that it was
    never sent answers Unknown, and sends nothing.
    Skip when the protocol has no late index.
    """
    await stage.bench.destine(Fate.LATE_INDEX)
    venue, order = await stage.open(), stage.order()
    disturbance = stage.wire.disturb(Fault.LOST_ANSWER, "place")
    await venue.place(order)
    stage.struck(disturbance)
    stage.wire.calm()
    await _again(stage, await stage.restart(venue), order)


async def _again(stage: Stage, venue: Driven, order: Order) -> None:
    answer = await venue.place(order)
    await stage.clock.sleep_ms(stage.bench.settles_ms)
    await stage.one_held()
    expect(not isinstance(answer, Refused), "anything but Refused: the server has it", answer)


@case("XV-210", Level.SILVER)
async def placing_twice_at_once_is_one_order(stage: Stage) -> None:
    """
    An order that is placed twice at the same time is one order.

    Given an order.
    When it is placed three times, all at once.
    Then the server holds one order, and no answer is Refused.
    """
    venue, order = await stage.open(), stage.order()
    answers = await asyncio.gather(*(venue.place(order) for _ in range(3)))
    await stage.clock.sleep_ms(stage.bench.settles_ms)
    await stage.one_held()
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    expect(not refused, "no answer Refused: the server has the order", refused)
