"""
Gold: secrets, crowds, clocks, and the loop that all share.
"""

import asyncio
import contextlib
import io
import logging
import warnings

from xarb_runtime.domain.orders import Accepted
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.clock import KitLoop
from xarb_runtime.testing.driven import Driven, NoAnswerError, told
from xarb_runtime.testing.faults import Fault
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect

HOUR_MS = 3_600_000
CROWD = 12
BLOCKED_MS = 250


class _Records(logging.Handler):
    """Keeps everything that is logged, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.texts.append(f"{self.format(record)} {record.args!r}")


@case("XV-440", Level.GOLD)
async def secrets_stay_secret(stage: Stage) -> None:
    """
    No secret is ever seen.

    Given the bench's secrets.
    When orders are placed, found and cancelled, on a good wire and a bad one, and the log keeps
    everything down to debug.
    Then no secret is in the log, in output, in a warning, in an error with its traceback, in an
    answer, a report, or the `repr` of venue and settings; and the plugin has told `hide` of each
    secret that it read from the environment.
    Skip when the bench names no secrets.
    """
    texts: list[str] = []
    root, records, output = logging.getLogger(), _Records(), io.StringIO()
    level = root.level
    root.addHandler(records)
    root.setLevel(logging.DEBUG)
    try:
        with (
            warnings.catch_warnings(record=True) as warned,
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
        ):
            warnings.simplefilter("always")
            texts += await _exercised(stage)
    finally:
        root.removeHandler(records)
        root.setLevel(level)
    texts += [*records.texts, output.getvalue(), *(str(one.message) for one in warned)]
    for secret in stage.bench.secrets:
        seen = [text.replace(secret, "***")[:200] for text in texts if secret in text]
        expect(not seen, "no secret to be seen", seen[:1])
    read = [text for text in stage.bench.environ.values() if text in stage.bench.secrets]
    expect(
        all(any(text in hidden for hidden in stage.hidden) for text in read),
        "`opening.hide` to be told of each secret of the environment",
        f"{len(stage.hidden)} texts, and not all of the {len(read)} secrets",
    )


async def _exercised(stage: Stage) -> list[str]:
    venue, texts = await stage.open(), []
    for fault in (None, Fault.LOST_ANSWER, Fault.GATEWAY_BEFORE, Fault.HTML_AFTER):
        for call in ("place", "find", "cancel", "quote"):
            if fault is not None:
                stage.wire.disturb(fault, call, times=None)
        order = stage.order()
        texts += [repr(await venue.place(order)), repr(await venue.find(order))]
        texts.append(repr(await venue.cancel(order)))
        try:
            texts.append(repr(await venue.quote(stage.bench.selection)))
        except NoAnswerError as error:
            texts.append(str(error))
        stage.wire.calm()
    await stage.clock.sleep_ms(stage.bench.settles_ms)
    texts += [repr(venue.venue), repr(stage.settings), repr(venue.venue.figures())]
    return [*texts, *venue.errors, *(repr(report) for report in venue.heard)]


@case("XV-450", Level.GOLD)
async def many_orders_at_once_are_all_true(stage: Stage) -> None:
    """
    Orders that are placed at the same time do not get into each other's way.

    Given a dozen orders, each with another limit.
    When they are placed at once.
    Then the server holds a dozen, each is accepted under its own client id, is reported filled and
    final, and what is reported adds up to what the server holds.
    """
    venue = await stage.open()
    orders = [stage.order() for _ in range(CROWD)]
    answers = await asyncio.gather(*(venue.place(order) for order in orders))
    for order, answer in zip(orders, answers, strict=True):
        own = isinstance(answer, Accepted) and answer.report.client_id == order.client_id
        expect(own, f"Accepted for {order.client_id}", answer)
    reports = [await venue.settled(order, stage.patience_ms) for order in orders]
    held = await stage.bench.held()
    expect(len(held) == CROWD, f"{CROWD} orders at the server", len(held))
    truth, said = sum(one.filled for one in held), sum(one.filled for one in reports)
    expect(truth == said, f"{truth} filled in all", said)


@case("XV-460", Level.GOLD)
async def a_clock_that_jumps_does_no_harm(stage: Stage) -> None:
    """
    What a venue says does not depend on our clock.

    Given a process whose clock goes an hour ahead.
    When an order is placed, the clock is put right, and the order is settled.
    Then it is found, never absent, and the report with the largest sequence is the truth.
    """
    venue = await stage.open()
    stage.skewed.step(HOUR_MS)
    order = stage.order(expires_ms=stage.clock.now_ms() + 2 * HOUR_MS)
    resting = await stage.open_or_filled(venue, order)
    await stage.see(venue, order)
    stage.skewed.step(-HOUR_MS)
    if resting is not None:
        await stage.bench.fill(resting)
    await venue.settled(order, stage.patience_ms)
    found = await stage.see(venue, order)
    said = [*venue.reports_of(order), found.report]
    newest = max(said, key=lambda report: report.sequence)
    expect(newest.final, "the report with the largest sequence to be the last", told(newest))
    stage.agree(newest, await stage.one_held())


@case("XV-480", Level.GOLD, binding=False)
async def the_loop_is_not_blocked(stage: Stage) -> None:
    """
    Nothing that a plugin does holds up everything else for long.

    Given an open venue.
    When orders are placed, quoted and found.
    Then the loop is never held up for more than 250 ms. Informative: it is real time, and the
    server's share of it counts too.
    """
    loop = asyncio.get_running_loop()
    venue = await stage.open()
    if isinstance(loop, KitLoop):
        loop.forget_longest()
        await _busy(stage, venue)
        longest_ms = loop.longest_ms()
        expect(longest_ms <= BLOCKED_MS, f"at most {BLOCKED_MS} ms at a time", f"{longest_ms} ms")


async def _busy(stage: Stage, venue: Driven) -> None:
    orders = [stage.order() for _ in range(4)]
    await asyncio.gather(*(venue.place(order) for order in orders))
    await venue.quote(stage.bench.selection)
    await asyncio.gather(*(venue.find(order) for order in orders))
