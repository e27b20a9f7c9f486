"""
Silver: fills in parts, fills that are taken back, and fills that might be.
"""

from xarb_runtime.domain.orders import Accepted, Found, Order, OrderReport, OrderStatus
from xarb_runtime.testing.bench import Fate
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.driven import Driven, told
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect

#: How often an open order is looked up, so that whoever counts reports has counted some.
LOOKS = 6


@case("XV-320", Level.SILVER)
async def parts_add_up(stage: Stage) -> None:
    """
    Reports of an order that fills in parts state the sum.

    Given an order of which half is filled.
    When the rest is filled too, where it rests.
    Then the sum at each moment is reported, and the last report is the server's truth.
    Skip when the protocol has no partial fills.
    """
    venue, order = await stage.open(), stage.order()
    await stage.bench.destine(Fate.PARTIAL)
    await venue.place(order)
    await stage.clock.sleep_ms(stage.bench.settles_ms)
    part = await stage.one_held()
    expect(0 < part.filled < part.stake, "a part filled at the server", part)

    def states(report: OrderReport) -> bool:
        return report.filled == part.filled

    await venue.reported(order, f"states {part.filled} filled", states, stage.patience_ms)
    if part.open:
        await stage.bench.fill(part.id)
    await venue.settled(order, stage.patience_ms)
    newest = max(venue.reports_of(order), key=lambda report: report.sequence)
    stage.agree(newest, await stage.one_held())


@case("XV-325", Level.SILVER)
async def reversals_are_reported(stage: Stage) -> None:
    """
    A fill that is taken back is reported as that.

    Given an order that is filled, and taken back a moment later.
    When one listens.
    Then a report says `reversed`, with what remains, and no later one contradicts it.
    Skip when the protocol has no reversals.
    """
    venue, order = await stage.open(), stage.order()
    await stage.bench.destine(Fate.REVERSE)
    await venue.place(order)

    def is_reversed(report: OrderReport) -> bool:
        return report.status is OrderStatus.REVERSED

    await venue.reported(order, "says reversed", is_reversed, stage.patience_ms)
    await stage.clock.sleep_ms(stage.bench.settles_ms)
    newest = max(venue.reports_of(order), key=lambda report: report.sequence)
    expect(is_reversed(newest), "the newest report to say reversed", told(newest))
    stage.agree(newest, await stage.one_held())


@case("XV-330", Level.SILVER)
async def what_may_be_taken_back_is_not_final(stage: Stage) -> None:
    """
    A fill that is taken back was never called final.

    Given an order that is filled, and taken back a moment later.
    When all that was said about the fill is looked at.
    Then none of it was final.
    Skip when the protocol has no reversals.
    """
    venue, order = await stage.open(), stage.order()
    await stage.bench.destine(Fate.REVERSE)
    answer = await venue.place(order)
    await stage.clock.sleep_ms(stage.patience_ms)
    said = [*venue.reports_of(order), *([answer.report] if isinstance(answer, Accepted) else [])]
    wrong = [told(one) for one in said if one.final and one.status is OrderStatus.FILLED]
    expect(not wrong, "no final fill: it was taken back", wrong)


@case("XV-335", Level.SILVER)
async def sequences_go_on_in_the_next_process(stage: Stage) -> None:
    """
    The sequence says which report is newer, whichever process says it.

    Given an order that rests, or that was placed a moment ago, and was looked up a few times.
    When the next process is told to watch it, it fills there, and a third process looks it up.
    Then of all that was said by the three, whatever is newer (more is filled, it is over, it is
    final) has the larger sequence. A counter of the process begins anew, and hides what is newer.
    """
    venue, order = await stage.open(), stage.order()
    resting = await stage.open_or_filled(venue, order)
    said = [(1, report) for report in await _heard(stage, venue, order)]
    venue = await stage.restart(venue, watched=[order])
    if resting is not None:
        await stage.bench.fill(resting)
    await stage.clock.sleep_ms(stage.bench.settles_ms + 5_000)
    said += [(2, report) for report in await _heard(stage, venue, order)]
    venue = await stage.restart(venue, watched=[order])
    said += [(3, report) for report in await _heard(stage, venue, order)]
    said.sort(key=lambda one: _news(one[1]))
    for place, (process, newer) in enumerate(said):
        for earlier, older in said[:place]:
            if _news(older) < _news(newer):
                found = f"process {earlier}: {told(older)}; process {process}: {told(newer)}"
                fine = older.sequence < newer.sequence
                expect(fine, "the larger sequence for what is newer, across processes", found)


async def _heard(stage: Stage, venue: Driven, order: Order) -> list[OrderReport]:
    """Look an order up a few times; return all that was said of it."""
    answers = []
    for _ in range(LOOKS):
        answers.append(await venue.find(order))
        await stage.clock.sleep_ms(200)
    looked = [answer.report for answer in answers if isinstance(answer, Found)]
    return [*looked, *venue.reports_of(order)]


def _news(report: OrderReport) -> tuple[object, ...]:
    """Return what only grows while an order goes on, as long as nothing is taken back."""
    return (report.filled, report.status is not OrderStatus.OPEN, report.final)
