"""
A venue as the runtime drives it: every call in a task with a deadline, reports and heartbeats.
"""

import asyncio
import contextvars
import inspect
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelAnswer,
    CancelRefused,
    FindAnswer,
    Found,
    Order,
    OrderReport,
    OrderStatus,
    PlaceAnswer,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.contracts import Venue
from xarb_runtime.testing.clock import KitClock
from xarb_runtime.testing.verdict import fail
from xarb_runtime.testing.wire import CALL, LIFE, Call, Life

T = TypeVar("T")

#: Longest wait for an answer; longer than any venue's own.
DEADLINE_MS = 30_000

#: Pause between heartbeats, and before a broken stream of reports is opened again.
PAUSE_MS = 2_000

#: How long a cancelled call may take to let go.
LET_GO_MS = 1_000

#: How long a venue may take to open or to close.
OPENING_MS = 30_000


class NoAnswerError(RuntimeError):
    """A call raised, or its deadline passed."""


class Driven:
    """
    One opening of a venue.

    Attributes:
        venue: the plugin's object.
        life: what it has made.
        heard: its reports, in the order in which they came.
        errors: whatever it raised, with where.
        answers: what each method said last, by its name.
        held_on: names of calls that did not let go when they were cancelled.
        is_beating: heartbeats are sent.
    """

    def __init__(
        self, opened: Callable[[Life], AbstractAsyncContextManager[Venue]], clock: KitClock
    ) -> None:
        self._opened, self._clock = opened, clock
        self.life = Life()
        self.heard: list[OrderReport] = []
        self.errors: list[str] = []
        self.answers: dict[str, str] = {}
        self.held_on: list[str] = []
        self.is_beating = True
        self._stop = asyncio.Event()
        self._company: list[asyncio.Task[None]] = []
        self._broke: list[str] = []

    # -- Opening and closing ---------------------------------------------------------------------

    async def open(
        self,
        watched: Sequence[Order] = (),
        *,
        expected: str = "the venue to open at once, whatever the server does",
    ) -> None:
        """Open the venue, tell it of earlier orders, listen to it, and send it heartbeats."""
        ready: asyncio.Future[Venue] = asyncio.get_running_loop().create_future()
        self._host = self._task(self._live(ready), "open")
        await asyncio.wait(
            {self._host, ready}, timeout=OPENING_MS / 1000, return_when="FIRST_COMPLETED"
        )
        if not ready.done():
            self._host.cancel()
            why = "it was still opening"
            if self._host.done() and not self._host.cancelled():
                why = _told(self._host.exception())
            fail(expected, why)
        self.venue = ready.result()
        for order in watched:
            plain(self.venue.watch(order), "watch")
        self._company = [
            self._task(self._listen(), "reports"),
            self._task(self._beat(), "heartbeat"),
        ]

    async def _live(self, ready: "asyncio.Future[Venue]") -> None:
        async with self._opened(self.life) as venue:
            ready.set_result(venue)
            await self._stop.wait()

    async def close(self) -> str:
        """Close the venue as the runtime does; return what went wrong, or an empty text."""
        for task in self._company:
            task.cancel()
        left = [task for task in self._company if task not in await _ended(*self._company)]
        self._stop.set()
        problem = "its reports or heartbeats could not be cancelled" if left else ""
        if self._host not in await _ended(self._host):
            self._host.cancel()
            problem = f"it took longer than {OPENING_MS} ms"
        elif not self._host.cancelled() and self._host.exception() is not None:
            problem = _told(self._host.exception())
        self.life.over = True
        return problem

    async def is_ready(self) -> bool:
        """Wait until a heartbeat is confirmed; False when none is for long."""
        for _ in range(OPENING_MS // 500):
            try:
                await self.heartbeat()
            except NoAnswerError:
                await self._clock.sleep_ms(500)
            else:
                return True
        return False

    # -- What the runtime does meanwhile -----------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            try:
                async for report in self.venue.reports():
                    self.heard.append(report)
                self.errors.append("the stream of reports ended")
                self._broke.append("ended")
            except Exception as error:  # noqa: BLE001  a plugin may raise anything
                self.errors.append(_traced(error))
                self._broke.append(f"raised {_told(error)}")
            await self._clock.sleep_ms(PAUSE_MS)

    async def _beat(self) -> None:
        while True:
            if self.is_beating:
                try:
                    async with asyncio.timeout(PAUSE_MS / 1000):
                        await self.venue.heartbeat()
                except Exception as error:  # noqa: BLE001  a plugin may raise anything
                    self.errors.append(_traced(error))
            await self._clock.sleep_ms(PAUSE_MS)

    # -- Questions ---------------------------------------------------------------------------------

    async def place(self, order: Order, *, deadline_ms: int = DEADLINE_MS) -> PlaceAnswer:
        """Place an order. No answer is unknown, as it is to the runtime."""
        answer = await self._known("place", lambda: self.venue.place(order), deadline_ms)
        return _one_of(answer, "place", Accepted, Refused, Unknown)

    async def cancel(self, order: Order, *, deadline_ms: int = DEADLINE_MS) -> CancelAnswer:
        """Cancel an order. No answer is unknown."""
        answer = await self._known("cancel", lambda: self.venue.cancel(order), deadline_ms)
        return _one_of(answer, "cancel", Accepted, CancelRefused, Unknown)

    async def find(self, order: Order, *, deadline_ms: int = DEADLINE_MS) -> FindAnswer:
        """Look an order up. No answer is unknown."""
        answer = await self._known("find", lambda: self.venue.find(order), deadline_ms)
        return _one_of(answer, "find", Found, Absent, Unknown)

    async def quote(self, selection: Selection) -> Quote:
        """
        Ask for a price.

        Raises:
            NoAnswerError: there is none.
        """
        answer = await self.ask("quote", lambda: self.venue.quote(selection))
        return _one_of(answer, "quote", Quote)

    async def heartbeat(self) -> None:
        """
        Send a heartbeat.

        Raises:
            NoAnswerError: it was not confirmed.
        """
        await self.ask("heartbeat", self.venue.heartbeat)

    async def _known(self, name: str, ask: Callable[[], Awaitable[Any]], deadline_ms: int) -> Any:
        try:
            return await self.ask(name, ask, deadline_ms)
        except NoAnswerError as error:
            return Unknown(str(error))

    async def ask(
        self, name: str, ask: Callable[[], Awaitable[T]], deadline_ms: int = DEADLINE_MS
    ) -> T:
        """
        Call a method of the venue, cancel it at its deadline.

        Raises:
            NoAnswerError: it raised, or did not answer in time.
        """
        try:
            result = await self._asked(name, ask, deadline_ms)
        except NoAnswerError as error:
            self.answers[name] = str(error)
            raise
        self.answers[name] = repr(result)
        return result

    async def _asked(self, name: str, ask: Callable[[], Awaitable[T]], deadline_ms: int) -> T:
        call = Call(name)
        task = self._task(_awaited(ask), name, call)
        try:
            await asyncio.wait({task}, timeout=deadline_ms / 1000)
        finally:
            call.over = not task.done()
            task.cancel()
        if call.over:
            if task not in await _ended(task, within_ms=LET_GO_MS):
                self.held_on.append(name)
            raise NoAnswerError(f"no answer within {deadline_ms} ms")
        if task.cancelled():
            raise NoAnswerError("the plugin cancelled itself")
        error = task.exception()
        if error is not None:
            self.errors.append(_traced(error))
            raise NoAnswerError(_told(error)) from error
        return task.result()

    def _task(self, doing: Any, name: str, call: Call | None = None) -> "asyncio.Task[Any]":
        context = contextvars.copy_context()
        context.run(LIFE.set, self.life)
        context.run(CALL.set, call or Call(name))
        return asyncio.get_running_loop().create_task(doing, name=f"kit {name}", context=context)

    # -- What was heard ----------------------------------------------------------------------------

    def reports_of(self, order: Order) -> list[OrderReport]:
        """Return what was heard about an order, in the order in which it came."""
        return [report for report in self.heard if report.client_id == order.client_id]

    async def reported(
        self, order: Order, what: str, is_so: Callable[[OrderReport], bool], within_ms: int
    ) -> OrderReport:
        """
        Wait for a report.

        Raises:
            CaseFailedError: none came in time.
        """
        until_ms = self._clock.now_ms() + within_ms
        while True:
            for report in self.reports_of(order):
                if is_so(report):
                    return report
            if self._clock.now_ms() >= until_ms:
                seen = [told(report) for report in self.reports_of(order)]
                fail(f"a report within {within_ms} ms that {what}", f"{seen}{self._beside(order)}")
            await self._clock.sleep_ms(100)

    def _beside(self, order: Order) -> str:
        """Return what else was heard, for whoever asks why there is no report."""
        text = ""
        others = sorted({report.client_id for report in self.heard} - {order.client_id})
        if others and not self.reports_of(order):
            text += f"; of {order.client_id} nothing, but reports of {', '.join(others)}"
        if self._broke:
            times = "once" if len(self._broke) == 1 else f"{len(self._broke)} times"
            text += f"; `reports` broke {times}, it {self._broke[-1]}"
        return text

    async def settled(self, order: Order, within_ms: int) -> OrderReport:
        """Wait for a report that is final."""
        return await self.reported(order, "is final", lambda report: report.final, within_ms)

    async def found(self, order: Order, within_ms: int) -> list[FindAnswer]:
        """Look until the order is found, or for so long; return all answers."""
        until_ms = self._clock.now_ms() + within_ms
        answers: list[FindAnswer] = []
        while True:
            answers.append(await self.find(order))
            if isinstance(answers[-1], Found) or self._clock.now_ms() >= until_ms:
                return answers
            await self._clock.sleep_ms(500)


def told(report: OrderReport) -> str:
    """Return a report in a few words."""
    word = "final" if report.final else "provisional"
    odds = f" at {report.odds}" if report.status is not OrderStatus.OPEN else ""
    return f"#{report.sequence} {report.status.value} {report.filled}{odds} {word}"


def plain(answer: T, name: str) -> T:
    """Return what a plain function returned; a coroutine would never be awaited."""
    if inspect.iscoroutine(answer):
        answer.close()
        fail(f"`{name}` to be a plain function: def {name}(...)", "async def")
    return answer


async def _awaited(ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()


async def _ended(*tasks: "asyncio.Task[Any]", within_ms: int = OPENING_MS) -> set[Any]:
    done, _ = await asyncio.wait(tasks, timeout=within_ms / 1000) if tasks else (set(), None)
    return done


def _one_of(answer: object, name: str, *kinds: type) -> Any:
    if not isinstance(answer, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        fail(f"{name} to return {names}", f"{type(answer).__name__}")
    return answer


def _told(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}"


def _traced(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
