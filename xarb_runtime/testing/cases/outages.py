"""
Gold: streams that break, servers that go away, processes that end. Nothing is lost.
"""

from xarb_runtime.domain.orders import Accepted, Order
from xarb_runtime.testing.bench import Fate
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.driven import Driven
from xarb_runtime.testing.faults import Fault
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect, skip

HOUR_MS = 3_600_000


async def _told_all(stage: Stage, venue: Driven, order: Order, resting: str | None) -> None:
    """Fill what rests, and wait until everything is reported."""
    if resting is not None:
        await stage.bench.fill(resting)
    await stage.settled_filled(venue, order)


@case("XV-420", Level.GOLD)
async def a_broken_stream_loses_nothing(stage: Stage) -> None:
    """
    What happens while a stream is broken is heard afterwards.

    Given an order that rests, or that was placed a moment ago.
    When all streams break twice, and it fills before they are there again.
    Then the fill is reported.
    Skip when the venue has no streams.
    """
    venue, order = await stage.open(), stage.order()
    resting = await stage.open_or_filled(venue, order)
    await stage.clock.sleep_ms(100)
    await stage.bench.drop_streams()
    await stage.clock.sleep_ms(2_700)
    await stage.bench.drop_streams()
    await _told_all(stage, venue, order, resting)


@case("XV-425", Level.GOLD)
async def torn_reports_lose_nothing(stage: Stage) -> None:
    """
    A stream that says nonsense for a while loses nothing.

    Given an order that rests, or that was placed a moment ago.
    When the next three requests for reports are answered with torn JSON, and it fills.
    Then the fill is reported.
    Skip when reports are not asked for by requests.
    """
    venue, order = await stage.open(), stage.order()
    resting = await stage.open_or_filled(venue, order)
    disturbance = stage.wire.disturb(Fault.GARBAGE_AFTER, "reports", times=3)
    await stage.clock.sleep_ms(10_000)
    if not disturbance.struck:
        skip("reports are not asked for by requests")
    await _told_all(stage, venue, order, resting)


@case("XV-427", Level.GOLD)
async def reports_that_fail_by_halves_lose_nothing(stage: Stage) -> None:
    """
    A report that takes two requests is not lost when only one of them fails.

    Given that every second request for reports is answered with 503.
    When an order is placed, fills and is settled; and another one, with the other half failing.
    Then each fill is reported, at the latest when all requests are answered again.
    Skip when reports are not asked for by requests.
    """
    venue = await stage.open()
    for met in (0, 1):
        order = stage.order()
        before = len(await stage.bench.held())
        await stage.bench.destine(Fate.FILL)
        disturbance = stage.wire.disturb(
            Fault.GATEWAY_BEFORE, "reports", times=None, every=2, met=met
        )
        await venue.place(order)
        await stage.clock.sleep_ms(stage.bench.settles_ms + 10_000)
        if not disturbance.struck:
            skip("reports are not asked for by requests")
        stage.wire.calm()
        report = await venue.settled(order, stage.patience_ms)
        stage.agree(report, (await stage.bench.held())[before])


@case("XV-430", Level.GOLD)
async def the_next_process_hears_what_it_watches(stage: Stage) -> None:
    """
    What became of an order of an earlier process is reported to the one that watches it.

    Given an order that rests, or that was placed a moment ago, by a process that is gone.
    When the next process is told to watch it, and it fills.
    Then the fill is reported.
    """
    venue, order = await stage.open(), stage.order()
    resting = await stage.open_or_filled(venue, order)
    venue = await stage.restart(venue, watched=[order])
    await _told_all(stage, venue, order, resting)


@case("XV-435", Level.GOLD)
async def the_next_process_hears_what_it_missed(stage: Stage) -> None:
    """
    What became of an order while no process ran is reported to the one that watches it.

    Given an order that rests, or that was placed a moment ago, by a process that is gone.
    When it fills and is settled, and then the next process is told to watch it.
    Then the fill is reported.
    """
    venue, order = await stage.open(), stage.order()
    resting = await stage.open_or_filled(venue, order)
    await venue.close()
    if resting is not None:
        await stage.bench.fill(resting)
    await stage.clock.sleep_ms(stage.bench.settles_ms + 5_000)
    venue = await stage.open(watched=[order])
    await stage.settled_filled(venue, order)


@case("XV-490", Level.GOLD)
async def an_outage_loses_nothing(stage: Stage) -> None:
    """
    What happens while the server is away is heard afterwards, and trading goes on.

    Given an order that rests, or that was placed a moment ago.
    When the server cannot be reached for ten seconds, and the order fills meanwhile.
    Then the fill is reported, heartbeats are confirmed again, and a new order is accepted.
    """
    venue, order = await stage.open(), stage.order()
    resting = await stage.open_or_filled(venue, order)
    await stage.cut()
    if resting is not None:
        await stage.bench.fill(resting)
    await stage.clock.sleep_ms(10_000)
    stage.wire.calm()
    await stage.settled_filled(venue, order)
    expect(await venue.is_ready(), "a heartbeat once the server is back", "none")
    answer = await venue.place(stage.order())
    expect(isinstance(answer, Accepted), "Accepted once the server is back", answer)


@case("XV-470", Level.GOLD)
async def the_dead_mans_switch_is_the_runtimes(stage: Stage) -> None:
    """
    Heartbeats are sent when the runtime beats, and only then.

    Given a venue that cancels open orders when heartbeats stop, and an order that rests.
    When the runtime sends heartbeats, and then stops.
    Then they arrive at the venue, none arrives after the stop, and the order's end is reported.
    Skip when the capabilities have no `dead_man_heartbeat`, or nothing rests.
    """
    stage.needs("dead_man_heartbeat")
    venue = await stage.open()
    order = stage.order(expires_ms=stage.clock.now_ms() + HOUR_MS)
    await stage.resting(venue, order)
    before = await stage.bench.beats()
    await stage.clock.sleep_ms(60_000)
    beats = await stage.bench.beats()
    expect(beats > before, "heartbeats to arrive", "none within a minute")
    expect((await stage.one_held()).open, "the order open while heartbeats come", "it ended")
    venue.is_beating = False
    await stage.clock.sleep_ms(5_000)
    before = await stage.bench.beats()
    await venue.reported(order, "says that it ended", lambda report: report.final, 300_000)
    beats = await stage.bench.beats()
    expect(beats == before, "no heartbeat that the runtime did not send", f"{beats - before}")


@case("XV-475", Level.GOLD)
async def an_order_in_doubt_is_reported_too(stage: Stage) -> None:
    """
    An order whose answer was lost is reported like any other.

    Given that the answer to an order is lost.
    When one listens.
    Then its fill is reported without anybody asking.
    """
    venue, order = await stage.open(), stage.order()
    disturbance = stage.wire.disturb(Fault.LOST_ANSWER, "place")
    await venue.place(order)
    stage.struck(disturbance)
    stage.wire.calm()
    await stage.settled_filled(venue, order)
