"""
Whatever a plugin does with a call, an event says what came of it, in time.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.service.world import selection
from xarb_runtime.bus.cloudevents import CloudEvent, decode
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelRefused,
    Order,
    OrderReport,
    OrderStatus,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.domain.steps import Command
from xarb_runtime.plugins.contracts import Venue
from xarb_runtime.service.dispatcher import Deadlines, Dispatcher
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.killpoints import KillPoints

KEY = "x-1:1:0"
DEADLINE_MS = 30
ORDER: dict[str, Any] = {
    "client_id": KEY,
    "selection": selection("sx", "over"),
    "stake": "100",
    "min_odds": "2",
    "reduces": False,
    "expires_ms": 99_999,
}
FIND = Command(key=KEY, target="venue", name="find", params=ORDER)
REPORT = OrderReport(
    client_id=KEY,
    sequence=3,
    time_ms=1,
    status=OrderStatus.FILLED,
    filled=Decimal(10),
    odds=Decimal(2),
)


class Clock:
    def now_ms(self) -> int:
        return 5_000

    async def sleep_ms(self, milliseconds: int) -> None:
        await asyncio.sleep(milliseconds / 1000)


class Scripted(Venue):
    """A venue whose every method does the same."""

    def __init__(self, do: Callable[[], Awaitable[Any]]) -> None:
        self.do = do
        self.calls = 0

    async def _do(self) -> Any:
        self.calls += 1
        return await self.do()

    async def place(self, order: Order) -> Any:
        return await self._do()

    async def cancel(self, order: Order) -> Any:
        return await self._do()

    async def find(self, order: Order) -> Any:
        return await self._do()

    async def quote(self, selection: Selection) -> Quote:
        return await self._do()

    async def reports(self) -> AsyncIterator[OrderReport]:
        return
        yield

    async def heartbeat(self) -> None:
        return


async def answers(value: Any) -> Any:
    return value


async def raises() -> None:
    raise ConnectionResetError("the line is dead")


async def hangs() -> None:
    await asyncio.Event().wait()


async def cancels_itself() -> None:
    raise asyncio.CancelledError


async def swallows_cancellation() -> None:
    for _ in range(3):
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            continue


class Run:
    """What came of one command."""

    def __init__(self, venue: Venue, level: str = "running", **options: Any) -> None:
        self.deliveries: list[Delivery] = []
        self.delivered = asyncio.Event()
        self.health: list[tuple[str, str]] = []
        self.dispatcher = Dispatcher(
            clock=Clock(),
            venues={"sx": venue},
            hedges=options.pop("hedges", {}),
            bus=EmbeddedBus(in_flight=1),
            deliver=self._take,
            level=lambda: level,
            deadlines=Deadlines(
                place_ms={"sx": DEADLINE_MS},
                find_ms=DEADLINE_MS,
                plan_ms=DEADLINE_MS,
                publish_ms=DEADLINE_MS,
            ),
            kill=KillPoints(),
            health=lambda venue, kind, _: self.health.append((venue, kind)),
            **options,
        )

    async def carry_out(self, command: Command) -> None:
        """Start a command and wait for its answer."""
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            self.dispatcher.start(command, group)
            await self.delivered.wait()
        assert not self.dispatcher.outstanding

    async def until_let_go(self) -> None:
        while self.dispatcher.abandoned:  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.01)

    def _take(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.delivered.set()

    @property
    def said(self) -> tuple[str, dict[str, Any]]:
        (delivery,) = self.deliveries
        assert delivery.event is not None
        assert delivery.answers == KEY
        return delivery.event.type, delivery.event.data


async def run(
    name: str, do: Callable[[], Awaitable[Any]], *, level: str = "running", reduces: bool = False
) -> Run:
    venue = Scripted(do)
    went = Run(venue, level)
    params: dict[str, Any] = ORDER | {"reduces": reduces, "expires_ms": 9_000}
    if name == "quote":
        params = {"selection": selection("sx", "over")}
    await went.carry_out(Command(key=KEY, target="venue", name=name, params=params))
    went.calls = venue.calls  # type: ignore[attr-defined]
    return went


@pytest.mark.parametrize("do", [raises, hangs, cancels_itself, swallows_cancellation])
@pytest.mark.parametrize("name", ["place", "cancel", "find"])
async def test_a_call_without_an_answer_is_unknown_never_refused(
    name: str, do: Callable[[], Awaitable[Any]]
) -> None:
    went = await run(name, do)

    assert went.said[0] == "order.unknown"
    assert went.said[1]["client_id"] == KEY
    assert went.health == [("sx", "call.failed")]


async def test_a_plugin_that_does_not_let_go_is_named() -> None:
    went = await run("place", swallows_cancellation)

    assert went.dispatcher.abandoned == ["sx place"]
    await went.until_let_go()


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("place", Accepted(REPORT), "order.report"),
        ("place", Refused("NO_LIQUIDITY"), "order.refused"),
        ("place", Unknown("gateway"), "order.unknown"),
        ("cancel", Accepted(REPORT), "order.report"),
        ("cancel", CancelRefused("too late"), "order.cancel_refused"),
        ("cancel", Unknown("gateway"), "order.unknown"),
        ("find", Absent("never arrived"), "order.absent"),
        ("find", Unknown("gateway"), "order.unknown"),
    ],
)
async def test_each_answer_has_its_event(name: str, answer: Any, said: str) -> None:
    went = await run(name, lambda: answers(answer))

    assert went.said[0] == said
    assert went.health == [("sx", "call.ok")]


async def test_a_report_in_an_answer_has_the_identity_of_the_same_report_in_the_stream() -> None:
    went = await run("place", lambda: answers(Accepted(REPORT)))

    event = went.deliveries[0].event
    assert event is not None
    assert (event.source, event.id) == ("venue:sx", f"{KEY}#3")


@pytest.mark.parametrize("level", ["paused", "degraded", "reduced", "stopping", "stopped"])
async def test_below_running_only_orders_that_reduce_are_sent(level: str) -> None:
    entry = await run("place", lambda: answers(Accepted(REPORT)), level=level)
    hedge = await run("place", lambda: answers(Accepted(REPORT)), level=level, reduces=True)

    assert entry.said == (
        "order.refused",
        {"client_id": KEY, "code": level.upper(), "reason": "not sent"},
    )
    assert entry.calls == 0  # type: ignore[attr-defined]
    assert hedge.said[0] == "order.report"


async def test_halted_places_nothing_and_still_cancels() -> None:
    hedge = await run("place", lambda: answers(Accepted(REPORT)), level="halted", reduces=True)
    cancel = await run("cancel", lambda: answers(Accepted(REPORT)), level="halted")

    assert hedge.said[0] == "order.refused"
    assert cancel.said[0] == "order.report"


async def test_a_quote_that_fails_is_said() -> None:
    went = await run("quote", raises)

    assert went.said[0] == "quote.failed"
    assert "the line is dead" in went.said[1]["reason"]


async def test_what_is_published_is_a_cloudevent_that_we_can_read_ourselves() -> None:
    went = Run(Scripted(hangs), "running")
    command = Command(key=KEY, target="bus", name="publish", params={"type": "incident.reminder"})

    message = decode(went.dispatcher.message(command))

    assert isinstance(message, CloudEvent)
    assert (message.id, message.type) == (KEY, "incident.reminder")
    assert message.data["execution"] == "x-1"


async def test_a_command_that_nobody_handles_is_answered_and_not_lost() -> None:
    went = Run(Scripted(hangs), "running")
    command = Command(key=KEY, target="moon", name="fly", params={})

    await went.carry_out(command)

    assert [(d.answers, d.answer_type) for d in went.deliveries] == [(KEY, "unsupported")]


def test_reports_survive_the_trip_into_an_event() -> None:
    assert msgspec.convert(msgspec.to_builtins(REPORT), OrderReport, strict=False) == REPORT


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"status": "filled"},
        Accepted(None),  # type: ignore[arg-type]
        Accepted(msgspec.structs.replace(REPORT, filled=Decimal(0))),
        Accepted(msgspec.structs.replace(REPORT, filled=Decimal(-5))),
        Accepted(msgspec.structs.replace(REPORT, odds=Decimal("NaN"))),
        Accepted(msgspec.structs.replace(REPORT, status=OrderStatus.REFUSED)),
        Unknown("half a letter: \ud800"),
    ],
)
async def test_an_answer_that_cannot_be_true_is_unknown(answer: Any) -> None:
    went = await run("place", lambda: answers(answer))

    assert went.said[0] == "order.unknown"
    json.dumps(went.said[1]).encode()


def not_a_coroutine() -> Any:
    raise ValueError("raised before the first await")


async def test_a_method_that_raises_before_it_awaits_is_no_answer() -> None:
    went = await run("place", not_a_coroutine)

    assert went.said[0] == "order.unknown"


@pytest.mark.parametrize("odds", ["0", "1", "-2", "NaN", "Infinity"])
async def test_a_quote_that_is_no_price_failed(odds: str) -> None:
    quote = Quote(
        selection=msgspec.convert(selection("sx", "over"), Selection),
        odds=Decimal(odds),
        min_stake=Decimal(1),
        max_stake=Decimal(10),
        time_ms=1,
    )

    went = await run("quote", lambda: answers(quote))

    assert went.said[0] == "quote.failed"


async def test_an_order_whose_time_has_passed_is_not_sent() -> None:
    went = Run(Scripted(hangs), "running")
    params = {
        "client_id": KEY,
        "selection": selection("sx", "over"),
        "stake": "10",
        "min_odds": "2",
        "reduces": True,
        "expires_ms": 5_000,
    }

    await went.carry_out(Command(key=KEY, target="venue", name="place", params=params))

    assert went.said[0] == "order.refused"
    assert went.said[1]["code"] == "EXPIRED"


async def test_secrets_in_an_error_do_not_reach_the_event() -> None:
    async def leaks() -> None:
        raise ConnectionError("GET https://venue/?key=hunter2secret failed")

    went = Run(Scripted(leaks), hide=lambda text: text.replace("hunter2secret", "***"))
    await went.carry_out(FIND)

    assert "hunter2secret" not in went.said[1]["reason"]
    assert "***" in went.said[1]["reason"]


def test_a_report_of_the_stream_that_cannot_be_true_makes_the_order_unknown() -> None:
    went = Run(Scripted(hangs), "running")

    delivery = went.dispatcher.heard(msgspec.structs.replace(REPORT, filled=Decimal(0)), "sx")

    assert delivery.event is not None
    assert delivery.event.type == "order.unknown"
    assert went.health == [("sx", "call.failed")]


async def no_price() -> None:
    raise LookupError("the market is suspended")


async def test_a_market_without_a_price_says_nothing_about_its_venue() -> None:
    suspended = await run("quote", no_price)
    broken = await run("quote", raises)
    silent = await run("quote", hangs)

    assert suspended.said[0] == "quote.failed"
    assert suspended.health == []
    assert broken.health == silent.health == [("sx", "call.failed")]


async def test_a_failure_of_our_own_ends_the_group_and_not_only_the_command() -> None:
    went = Run(Scripted(lambda: answers(Accepted(REPORT))), "running")
    went.dispatcher._kill.reach = broken  # type: ignore[method-assign]

    with pytest.raises(ExceptionGroup) as raised:
        await went.carry_out(FIND)

    assert raised.group_contains(LookupError, match="ours")


def broken(name: str, what: str = "") -> None:
    raise LookupError(f"ours: {name} {what}")


async def test_who_leaves_waits_for_no_plugin_and_hears_nothing_more() -> None:
    went = Run(Scripted(swallows_cancellation), "running")
    async with asyncio.TaskGroup() as group:
        went.dispatcher.start(FIND, group)
        await asyncio.sleep(0)

        went.dispatcher.leave()

    assert went.dispatcher.abandoned == ["sx find"]
    await went.until_let_go()
    assert went.deliveries == []
