"""
Gold: staying inside the venue's limits.
"""

import asyncio
from contextlib import suppress

from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.driven import NoAnswerError
from xarb_runtime.testing.faults import RETRY_AFTER_S, Fault
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect, skip


@case("XV-400", Level.GOLD)
async def the_rate_limit_is_kept(stage: Stage) -> None:
    """
    However much is asked, no more is sent than the venue allows.

    Given a venue that allows so many requests in a window.
    When a tenth more quotes than that are asked for at once.
    Then no window has more requests than that.
    Skip when the bench names no `rate`.
    """
    rate, window_ms = stage.bench.rate, stage.bench.rate_ms
    if rate is None:
        skip("the bench names no rate")
    venue = await stage.open()

    async def ask() -> None:
        with suppress(NoAnswerError):
            await venue.quote(stage.bench.selection)

    await asyncio.gather(*(ask() for _ in range(rate + rate // 10)))
    await stage.clock.sleep_ms(window_ms)
    times = [sent.time_ms for sent in stage.wire.sent]
    for index, begin_ms in enumerate(times[rate:], start=rate):
        gap_ms = begin_ms - times[index - rate]
        found = f"{rate + 1} requests in {gap_ms} ms"
        expect(gap_ms >= window_ms, f"at most {rate} requests in {window_ms} ms", found)


@case("XV-410", Level.GOLD)
async def retry_after_is_honoured(stage: Stage) -> None:
    """
    Who is told to wait, waits.

    Given an order that was never placed: nothing but a look can tell.
    When it is looked up, 429 with `Retry-After` is answered, and it is looked up again at once.
    Then nothing is sent for that before the time is over.
    Skip when nothing is sent to look an order up.
    """
    venue, order = await stage.open(), stage.order()
    disturbance = stage.wire.disturb(Fault.TOO_MANY_BEFORE, "find")
    await venue.find(order)
    if not disturbance.struck:
        skip("nothing is sent to look an order up")
    begin = max(index for index, sent in enumerate(stage.wire.sent) if sent.struck)
    told_ms = stage.wire.sent[begin].time_ms
    await asyncio.gather(*(venue.find(order) for _ in range(3)))
    early = [
        sent.time_ms - told_ms
        for sent in stage.wire.sent[begin + 1 :]
        if sent.call == "find" and sent.time_ms < told_ms + RETRY_AFTER_S * 1000
    ]
    expect(not early, f"nothing for {RETRY_AFTER_S} s after the 429", f"requests after {early} ms")
