"""
The parts of a run: each measures one thing, in fresh folders, and returns plain figures.
"""

import asyncio
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import (
    flow,
    memory,
    peers,
    raw_sqlite,
    recovery,
    step,
    stream,
    venue_signing,
    venue_wire,
)
from benchmarks.broker import publish, publishing, rabbitmq
from benchmarks.deployment import EMBEDDED, settings, with_runtime
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import Broker
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.work import Work

#: Streams are measured in turns, so that a busy moment of the machine hits all of them.
ROUNDS = 3
AT_ONCE = peers.AT_ONCE
Figures = dict[str, Any]


def _plain(value: object) -> Figures:
    return msgspec.to_builtins(value)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="xarb-bench-") as name:
        yield Path(name)


def machine(_: int) -> Figures:
    """Say where it runs."""
    return {"python": platform.python_version(), "system": platform.system()}


def one_step(_: int) -> Figures:
    """One step beside one plain send."""
    return step.measure()


def flows(flows: int) -> Figures:
    """The three-step flow, one at a time and several at once, beside bare commits."""
    with _folder() as folder:
        found = {"raw": _plain(raw_sqlite.measure(folder, flows=flows, commits=flow.COMMITS))}
    for name, times, at_once in (("single", 1, 1), ("at_once", 4, AT_ONCE)):
        with _folder() as folder:
            latency = flow.measure(folder, flow="three_steps", flows=flows * times, at_once=at_once)
            found[name] = _plain(latency)
    return found


def signing(flows: int) -> Figures:
    """Signing orders, and writing them down."""
    return venue_signing.measure(flows * 5)


def on_the_wire(flows: int) -> Figures:
    """From an intent on disk to its order on the wire."""
    with _folder() as folder:
        return venue_wire.measure(folder, flows * 5)


def taking_up(flows: int) -> Figures:
    """Taking up executions in flight."""
    with _folder() as folder:
        return _plain(recovery.measure(folder, executions=flows * 25))


def dbos(flows: int) -> Figures:
    """The three-step flow on DBOS, on SQLite and on PostgreSQL."""
    with _folder() as folder:
        sqlite = peers.measure(f"sqlite:///{folder / 'dbos.sqlite'}", flows // 2)
    with _postgres() as server, server.database() as name:
        postgres = peers.measure(server.url(name), flows)
    return {"sqlite": _plain(sqlite), "postgres": _plain(postgres)}


@contextmanager
def _postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.create()
        yield server
    finally:
        server.destroy()


# -- Streams -------------------------------------------------------------------------------------


class _Streams:
    """Measures streams on buses, each time in a fresh folder, virtual host and database."""

    def __init__(self, broker: Broker, postgres: PostgresServer, flows: int) -> None:
        self._broker = broker
        self._postgres = postgres
        self._flows = flows
        self._hosts = (f"v{number}" for number in count())

    def embedded(self, chart: str) -> stream.Stream:
        """Nothing leaves the process."""
        return self._measure(chart, EMBEDDED)

    def loud(self, chart: str) -> stream.Stream:
        """Messages go through the outbox to a bus in the process."""
        return self._measure(chart, "loud://")

    def rabbitmq(self, chart: str) -> stream.Stream:
        """Both ways through a broker."""
        return self._measure(chart, self._filled())

    def rabbitmq_postgres(self, chart: str) -> stream.Stream:
        """Both ways through a broker, kept in PostgreSQL."""
        with self._postgres.database() as name:
            return self._measure(chart, self._filled(), self._postgres.url(name))

    def _measure(self, chart: str, bus: str, store: str | None = None) -> stream.Stream:
        with _folder() as folder:
            return asyncio.run(
                stream.measure(folder, flow=chart, flows=self._flows, bus=bus, store=store)
            )

    def _filled(self) -> str:
        """Return the URL of a new virtual host in which all opportunities wait."""
        url = new_host(self._broker, next(self._hosts))
        publish(url, stream.WARM + self._flows, "s")
        return url


def new_host(broker: Broker, name: str) -> str:
    """Return the URL of a new virtual host with the queues and exchanges of a runtime in it."""
    broker.add_vhost(name)
    url = broker.url_of(vhost=name)

    async def until_connected(runtime: Runtime) -> None:
        while runtime.bus.state().state != "connected":
            await runtime.clock.sleep_ms(10)

    with _folder() as folder:
        wanted = settings("cross_venue", stream.IN_FLIGHT, bus=url)
        asyncio.run(with_runtime(folder, wanted, _nobody, until_connected))
    return url


def _nobody(_: Work) -> None:
    """Look at no round of work."""


def streams(flows: int) -> Figures:
    """Opportunities that wait, worked off: both flows, on each bus, in turns."""
    found: dict[str, list[stream.Stream]] = {}
    with rabbitmq() as broker, _postgres() as postgres:
        on = _Streams(broker, postgres, flows * 5)
        plan: list[tuple[str, str, Callable[[str], stream.Stream]]] = [
            ("cross_venue", "embedded", on.embedded),
            ("cross_venue", "rabbitmq", on.rabbitmq),
            ("cross_venue", "loud", on.loud),
            ("three_steps", "rabbitmq", on.rabbitmq),
            ("three_steps", "rabbitmq_postgres", on.rabbitmq_postgres),
        ]
        for _ in range(ROUNDS):
            for chart, name, measure in plan:
                found.setdefault(f"{chart}_{name}", []).append(measure(chart))
    return {name: _median(rounds) for name, rounds in found.items()}


def _median(rounds: list[stream.Stream]) -> Figures:
    """The middle of the rounds, by what counts: until everything is confirmed."""
    middle = statistics.median_low(it.sent_per_second for it in rounds)
    chosen = next(it for it in rounds if it.sent_per_second == middle)
    return _plain(chosen) | {"rounds_per_second": [it.sent_per_second for it in rounds]}


# -- Memory --------------------------------------------------------------------------------------


def resident(flows: int) -> Figures:
    """Resident memory over many executions, with a broker."""
    executions = flows * 250
    with rabbitmq() as broker, _folder() as folder:
        url = new_host(broker, "memory")
        with _ended(publishing(url, executions, "m")):
            return _plain(memory.measure(folder, executions=executions, bus=url))


@contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait()


#: In this order; each by the name of its figures.
PARTS: dict[str, Callable[[int], Figures]] = {
    "machine": machine,
    "step": one_step,
    "flows": flows,
    "venue_signing": signing,
    "venue_wire": on_the_wire,
    "recovery": taking_up,
    "dbos": dbos,
    "streams": streams,
    "memory": resident,
}


def measure(names: list[str], flows: int) -> Figures:
    """Run parts and return their figures by name."""
    chosen = {name: partial(PARTS[name], flows) for name in PARTS if name in names}
    return {name: part() for name, part in chosen.items()}
