"""
The stage: what a case finds, a server, a wire, a clock, and the venue as often as it is opened.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from decimal import ROUND_DOWN, Decimal
from typing import Any

from xarb_runtime.domain.orders import Absent, Found, Order, OrderReport, Refused
from xarb_runtime.plugins.contracts import Capabilities, Venue, VenueOpening
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.testing.bench import Bench, Fate, Held, NoSuchFateError
from xarb_runtime.testing.clock import KitClock
from xarb_runtime.testing.driven import Driven
from xarb_runtime.testing.verdict import expect, fail, skip
from xarb_runtime.testing.wire import LIFE, Disturbance, Life, Wire

#: What an order is worth when the case does not say: somewhat below the best odds.
_EASY = Decimal("0.95")


class Stage:
    """
    What a case plays on.

    Attributes:
        bench: the author's.
        clock: the time of everything.
        skewed: the plugin's clock; a case may set it apart from everybody else's.
        wire: between plugin and server.
        capabilities: what the venue says of itself.
        hidden: what the plugin told to be hidden.
    """

    def __init__(self, bench: Bench, wire: Wire, clock: KitClock) -> None:
        self.bench, self.wire, self.clock = bench, wire, clock
        self.skewed = KitClock()
        self.settings: Any = open_settings(bench.spec, bench.section, "section")
        self.capabilities: Capabilities = bench.spec.capabilities(self.settings)
        self.hidden: list[str] = []
        self._opened: list[Driven] = []
        self._orders = 0
        self._tasks: dict[Life, set[asyncio.Task[Any]]] = {}
        asyncio.get_running_loop().set_task_factory(self._note_task)

    def _note_task(
        self, loop: asyncio.AbstractEventLoop, doing: Any, **options: Any
    ) -> "asyncio.Task[Any]":
        """Make a task, and note in whose life it was started."""
        task: asyncio.Task[Any] = asyncio.Task(doing, loop=loop, **options)
        context = options.get("context")
        life = context.get(LIFE) if context is not None else LIFE.get()
        if life is not None:
            self._tasks.setdefault(life, set()).add(task)
        return task

    def left_over(self, venue: Driven) -> list[str]:
        """Return what a venue that was closed has left behind: tasks and sessions."""
        tasks = [task for task in self._tasks.get(venue.life, ()) if not task.done()]
        sessions = [session for session in venue.life.sessions if not session.closed]
        return [f"task {task.get_name()}" for task in tasks] + ["a client session"] * len(sessions)

    # -- Venues --------------------------------------------------------------------------------

    async def open(
        self,
        *,
        ready: bool = True,
        trades: bool = True,
        keyed: bool | None = None,
        beating: bool = True,
        watched: Sequence[Order] = (),
    ) -> Driven:
        """
        Open the venue, as a new process would.

        Args:
            ready: wait until it confirms a heartbeat.
            trades: False as in mode shadow, with nothing in the environment.
            keyed: whether the environment holds the keys; None: when it trades.
            beating: send heartbeats, as the runtime does.
            watched: orders of an earlier process, of which it is told.
        """
        keyed = trades if keyed is None else keyed
        venue = self._unopened(trades=trades, keyed=keyed)
        venue.is_beating = beating
        self._opened.append(venue)
        if trades:
            await venue.open(watched)
        else:
            within = "the keys" if keyed else "nothing"
            expected = f"the venue to open with `trades` False and {within} in the environment"
            await venue.open(watched, expected=expected)
        if ready and not await venue.is_ready():
            last = venue.errors[-1].strip().splitlines()[-1] if venue.errors else "nothing"
            fail("a heartbeat to be confirmed soon after opening", last)
        return venue

    def _unopened(self, *, trades: bool, keyed: bool) -> Driven:
        spec, environ = self.bench.spec, dict(self.bench.environ) if keyed else {}

        def opened(life: Life) -> AbstractAsyncContextManager[Venue]:
            opening = VenueOpening(
                name=self.bench.selection.venue,
                settings=self.settings,
                clock=self.skewed,
                http=self.wire.opener(life),
                trades=trades,
                environ=environ,
                hide=self.hidden.append,
            )
            return spec.open(opening)

        return Driven(opened, self.clock)

    async def restart(self, venue: Driven, *, watched: Sequence[Order] = ()) -> Driven:
        """Close a venue and open it anew: nothing is left in memory."""
        await venue.close()
        return await self.open(watched=watched)

    async def clear(self) -> None:
        """Close whatever is open, also what the plugin forgot."""
        self.wire.calm()
        for venue in self._opened:
            if not venue.life.over:
                await venue.close()
            for task in self._tasks.get(venue.life, ()):
                task.cancel()
            for session in venue.life.sessions:
                await session.close()

    async def cut(self) -> None:
        """Let nothing reach the server, and break what is connected."""
        self.wire.is_cut = True
        with suppress(NoSuchFateError):
            await self.bench.drop_streams()

    # -- Orders --------------------------------------------------------------------------------

    def order(self, **changes: Any) -> Order:
        """Return a new order, easy to fill, that expires in a minute."""
        self._orders += 1
        facts: dict[str, Any] = {
            "client_id": f"kit-{self._orders:04}:1:0",
            "selection": self.bench.selection,
            "stake": self.bench.stake,
            "min_odds": self.easy_odds,
            "reduces": False,
            "expires_ms": self.clock.now_ms() + 60_000,
        }
        return Order(**facts | changes)

    @property
    def easy_odds(self) -> Decimal:
        """Odds that the venue certainly offers, with two decimals."""
        above_one = max(self.bench.odds * _EASY, (self.bench.odds + 1) / 2)
        return above_one.quantize(Decimal("0.01"), rounding=ROUND_DOWN)

    @property
    def patience_ms(self) -> int:
        """How long anything may take that has to come."""
        return self.bench.settles_ms * 4 + 30_000

    async def resting(self, venue: Driven, order: Order) -> str:
        """
        Place an order that rests; return the venue's own id of it.

        Raises:
            NoSuchFateError: nothing rests here.
        """
        await self.bench.destine(Fate.REST)
        answer = await venue.place(order)
        expect(not isinstance(answer, Refused), "an order that rests not to be Refused", answer)
        held = await self.one_held()
        expect(held.open and not held.filled, "an order that rests at the server", held)
        return held.id

    async def open_or_filled(self, venue: Driven, order: Order) -> str | None:
        """Place an order that rests, or one that fills where none rests; return whose to fill."""
        try:
            return await self.resting(venue, order)
        except NoSuchFateError:
            await venue.place(order)
            return None

    async def one_held(self) -> Held:
        """Return the server's only order."""
        held = await self.bench.held()
        expect(len(held) == 1, "exactly one order at the server", f"{len(held)}: {held}")
        return held[0]

    async def none_held(self, why: str) -> None:
        """Make sure that the server has taken nothing."""
        held = await self.bench.held()
        expect(not held, f"no order at the server: {why}", held)

    async def settled_filled(self, venue: Driven, order: Order) -> OrderReport:
        """Wait until an order is reported finally, filled as the server knows it."""
        report = await venue.settled(order, self.patience_ms)
        self.agree(report, await self.one_held())
        return report

    def agree(self, report: OrderReport, held: Held) -> None:
        """Make sure that a report states what the server holds."""
        expect(
            report.filled == held.filled,
            f"the report to state what is filled, {held.filled}",
            report.filled,
        )
        close = abs(report.odds - held.odds) < Decimal("0.0001")
        expect(close or not held.filled, f"the report to state the odds, {held.odds}", report.odds)

    async def see(self, venue: Driven, order: Order) -> Found:
        """Look for an order that exists until it is found; it must never be absent."""
        answers = await venue.found(order, self.patience_ms)
        wrong = [answer for answer in answers if isinstance(answer, Absent)]
        expect(not wrong, "an order that the server holds never to be absent", wrong[:1])
        last = answers[-1]
        if not isinstance(last, Found):
            fail(f"the order to be found within {self.patience_ms} ms", last)
        return last

    # -- Needs ---------------------------------------------------------------------------------

    def needs(self, capability: str) -> None:
        """Skip the case unless the venue says that it can do something."""
        if not getattr(self.capabilities, capability):
            skip(f"the venue does not say that it can: {capability}")

    def struck(self, disturbance: Disturbance) -> None:
        """Make sure that there was a request to disturb."""
        if disturbance.struck:
            return
        name = disturbance.call
        kind = " that may change something" if disturbance.changing else ""
        asked = dict.fromkeys(
            f"{sent.method} {sent.path}" for sent in self.wire.sent if sent.call == name
        )
        found = f"only {', '.join(asked)}" if asked else "none"
        answers = [venue.answers[name] for venue in self._opened if name in venue.answers]
        said = f"; `{name}` said: {answers[-1]}" if answers else ""
        fail(f"a request of `{name}`{kind}, on the sessions of opening.http", found + said)


@asynccontextmanager
async def open_stage(bench: Bench, wire: Wire, clock: KitClock) -> AsyncGenerator[Stage, None]:
    """Set a stage, and clear it afterwards."""
    stage = Stage(bench, wire, clock)
    try:
        yield stage
    finally:
        await stage.clear()
