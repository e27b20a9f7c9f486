"""
From an intent on disk to its order on the wire: the whole service with SX Bet's client, the
exchange in another process, several executions at once.

An order is on the wire when the system has taken its bytes from us: the socket says so.
"""

import asyncio
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from benchmarks.deployment import INSTANT, opportunity, settings, with_runtime
from benchmarks.flow import Ended
from benchmarks.peers import AT_ONCE
from benchmarks.timing import summary
from benchmarks.venue_exchange import MARKET, ODDS, exchange
from benchmarks.venue_signing import part_of
from xarb_runtime.domain.orders import Order, PlaceAnswer
from xarb_runtime.domain.steps import Command
from xarb_runtime.plugins.contracts import Venue, VenueOpening, VenueSpec
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_model import Settings

#: So many executions warm up connections, caches and books.
WARM = 200
ROUNDS = 5
#: In this order; each is measured from the one before it.
STAGES = ("committed", "issued", "called", "signed", "sent", "answered")
_WIDE = 10**9
_PATIENCE_SECONDS = 120

#: The order that the running task is about.
_ORDER: ContextVar[str] = ContextVar("order", default="")


class Marks(Instruments):
    """
    floats of orders, by name of the stage.

    Attributes:
        connections: sockets that were made.
    """

    def __init__(self) -> None:
        self.connections = 0
        self._orders: dict[str, dict[str, float]] = {}
        self._committed = time.perf_counter()

    def committed(self, *, steps: int, rows: int, seconds: float) -> None:
        """Note when whatever is issued next was on disk."""
        del steps, rows, seconds
        self._committed = time.perf_counter()

    def issued(self, command: Command) -> None:
        """Note an order that leaves the house."""
        if command.name == "place":
            now = time.perf_counter()
            self._orders[command.key] = {"committed": self._committed, "issued": now}

    def mark(self, stage: str) -> None:
        """Note a stage of the running task's order; only the first time counts."""
        order = self._orders.get(_ORDER.get())
        if order is not None:
            order.setdefault(stage, time.perf_counter())

    def forget(self) -> None:
        """Begin to measure."""
        self._orders.clear()
        self.connections = 0

    @property
    def complete(self) -> list[dict[str, float]]:
        """The orders that went through all stages."""
        return [it for it in self._orders.values() if set(STAGES) <= set(it)]


class _Socket(socket.socket):
    """Says when the system has taken bytes."""

    marks: Marks

    def send(self, *sent: Any) -> int:
        count = super().send(*sent)
        self.marks.mark("sent")
        return count


def _watch_orders(venue: Venue, marks: Marks) -> None:
    """Note when the venue is told to place an order, and when it has answered."""
    place = venue.place

    async def watched(order: Order) -> PlaceAnswer:
        _ORDER.set(order.client_id)
        marks.mark("called")
        answer = await place(order)
        marks.mark("answered")
        return answer

    venue.place = watched  # type: ignore[method-assign]


@contextmanager
def _signing(marks: Marks) -> Iterator[None]:
    """Note when an order is signed."""
    signer: Any = part_of("sx_bet", "signing").Signer
    sign = signer.sign

    def signed(*given: Any) -> Any:
        signature = sign(*given)
        marks.mark("signed")
        return signature

    signer.sign = signed
    try:
        yield
    finally:
        signer.sign = sign


def _watched(spec: VenueSpec, marks: Marks) -> VenueSpec:
    kind = type("_MarkedSocket", (_Socket,), {"marks": marks})

    def make(address: Any) -> socket.socket:
        marks.connections += 1
        return kind(*address[:3])

    def http(**options: Any) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(socket_factory=make)
        return aiohttp.ClientSession(connector=connector, **options)

    @asynccontextmanager
    async def opened(opening: VenueOpening) -> AsyncIterator[Venue]:
        async with spec.open(msgspec.structs.replace(opening, http=http)) as venue:
            _watch_orders(venue, marks)
            yield venue

    open_it: Callable[[VenueOpening], AbstractAsyncContextManager[Venue]] = opened
    return msgspec.structs.replace(spec, open=open_it)


def _settings(section: dict[str, Any]) -> Settings:
    sx_bet = {
        "kind": "sx_bet",
        **section,
        "rate_limit": _WIDE,
        "rate_kept": _WIDE // 2,
        "open_limit": _WIDE,
    }
    wanted = settings("cross_venue", AT_ONCE)
    return msgspec.structs.replace(wanted, mode="live", venues={"sx": sx_bet, "azuro": INSTANT})


def _opportunity(name: str, now_ms: int) -> bytes:
    message: Any = msgspec.json.decode(opportunity(name, now_ms))
    leg = message["data"]["leg_a"]
    leg["odds"] = ODDS
    leg["selection"] |= {"market": MARKET, "outcome": "one"}
    return msgspec.json.encode(message)


async def _play(runtime: Runtime, ended: Ended, names: list[str]) -> None:
    bus: Any = runtime.bus
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with gate:
            done = ended.wait(f"x-{name}")
            await bus.submit(_opportunity(name, runtime.clock.now_ms()))
            await done

    # An opportunity that is turned down has no end to wait for.
    async with asyncio.timeout(_PATIENCE_SECONDS):
        await asyncio.gather(*(one(name) for name in names))


def measure(folder: Path, flows: int) -> dict[str, Any]:
    """
    Return the stages of `flows` orders, and the connections that were made meanwhile.

    Measured in rounds, of which the middle one counts: a busy moment of the machine hits one.
    """
    marks, ended = Marks(), Ended()
    rounds: list[dict[str, Any]] = []

    async def use(runtime: Runtime) -> None:
        await _play(runtime, ended, [f"warm{number}" for number in range(WARM)])
        for number in range(ROUNDS):
            marks.forget()
            begin = time.perf_counter()
            await _play(runtime, ended, [f"w{number}-{each}" for each in range(flows // ROUNDS)])
            rounds.append(_figures(marks, flows // ROUNDS, time.perf_counter() - begin))

    def change(registry: Registry) -> None:
        registry.venues["sx_bet"] = _watched(registry.venues["sx_bet"], marks)

    with exchange() as there, _signing(marks):
        wanted = _settings(there["section"])
        around = {"environ": there["environ"], "instruments": marks}
        asyncio.run(with_runtime(folder, wanted, ended, use, change=change, **around))
    p99s = [_p99(it) for it in rounds]
    middle = next(it for it in rounds if _p99(it) == statistics.median_low(p99s))
    return middle | {"rounds_p99_us": p99s}


def _p99(figures: dict[str, Any]) -> float:
    return figures["stages"]["committed_to_sent"]["p99_us"]


def _figures(marks: Marks, flows: int, seconds: float) -> dict[str, Any]:
    orders = marks.complete
    if len(orders) != flows:
        message = f"expected {flows} orders to be answered, found {len(orders)}"
        raise RuntimeError(message)
    spans = (*pairwise(STAGES), ("committed", "sent"))
    return {
        "orders": flows,
        "at_once": AT_ONCE,
        "connections": marks.connections,
        "per_second": round(flows / seconds, 1),
        "stages": {
            f"{begin}_to_{end}": _latency([order[end] - order[begin] for order in orders])
            for begin, end in spans
        },
    }


def _latency(seconds: list[float]) -> dict[str, float]:
    latency = summary(seconds)
    return {"p50_us": latency.p50_us, "p99_us": latency.p99_us}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), 400)
    for name, spans in found.pop("stages").items():
        print(f"{name:22}", *(f"{what} {value:9.1f}" for what, value in spans.items()))
    print(found)


if __name__ == "__main__":
    main()
