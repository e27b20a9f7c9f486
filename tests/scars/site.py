"""
A deployment for one scar: a store of either kind, a broker, venues, and `xarb run` in a process.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aio_pika import Connection
from aio_pika.exceptions import ChannelClosed
from yarl import URL

from tests.crash.processes import request
from tests.soak.deployment import LIMITS, deployment
from tests.soak.messages import OPPORTUNITY, Message
from tests.soak.processes import Runtime, wait
from tests.soak.publisher import Publisher
from tests.store.world import FileStore, Store

KEY = "k" * 40
LAUNCHER = str(Path(__file__).with_name("launch.py"))
#: No order is late because the machine is busy.
IN_TIME = {"ttl_leg_a": "60s", "ttl_leg_b": "60s", "ttl_hedge": "60s"}
FINAL = "SELECT id FROM executions WHERE status = 'final' AND id LIKE 'x-%' ORDER BY id"


class Site:
    """
    Attributes:
        store: what the journal is written to, and eyes that look past it.
        bus_url: the broker as the publisher sees it.
        prefix: what names on the broker begin with.
        runtimes: those that were made; the fixture kills them.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        *,
        bus_url: str,
        prefix: str,
        venues: dict[str, str],
        seen_from_us: str = "",
        in_flight: int = 50,
        options: dict[str, Any] | None = None,
        sections: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self.folder, self.store = folder, store
        self.bus_url, self.prefix, self.venues = bus_url, prefix, venues
        self.runtimes: list[Runtime] = []
        deployment(
            folder,
            bus_url=seen_from_us or bus_url,
            venues=venues,
            in_flight=in_flight,
            options={"prefix": prefix, **(options or {})},
            **{"limits": LIMITS | IN_TIME, **(sections or {})},
        )

    def runtime(self, scar: str = "") -> Runtime:
        """Return a runtime that is not started yet, perhaps with something broken in it."""
        made = Runtime(self.folder, KEY, XARB_STORE__URL=self._store_url)
        if scar:
            made.command = [sys.executable, LAUNCHER, scar]
        self.runtimes.append(made)
        return made

    @property
    def _store_url(self) -> str:
        return "sqlite:///var/xarb.db" if isinstance(self.store, FileStore) else self.store.url

    # -- What is asked of it ---------------------------------------------------------------------

    def publish(self, names: Iterable[str]) -> None:
        """
        Publish opportunities and return when the broker has confirmed them; a runtime that has been
        started makes the queues.
        """
        newest = self.runtimes[::-1]
        self.until(lambda: any(map(self.is_connected, newest)), "the queues", newest[0])
        messages = [Message(kind=OPPORTUNITY, id=f"m-{it}", opportunity=it) for it in names]

        async def go() -> None:
            publisher = Publisher(self.bus_url, f"{self.prefix}.in", KEY)
            async with asyncio.timeout(60):
                await publisher.run(iter(messages), lambda: True)
            await publisher.close()

        asyncio.run(go())

    def is_connected(self, runtime: Runtime) -> bool:
        """Whether the runtime says that it is connected: then everything is declared."""
        status, found = runtime.call("GET", "/status")
        return status == 200 and found["line"]["state"] == "connected"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what is in the store; nothing as long as there is none."""
        if isinstance(self.store, FileStore) and not self.store.path.exists():
            return []
        return self.store.rows(query)

    def ended(self) -> list[str]:
        """Return the executions that have ended."""
        return [name for (name,) in self.rows(FINAL)]

    def until(self, happened: Callable[[], bool], what: str, runtime: Runtime) -> None:
        """Wait; fail with what was expected, the runtime's log, and how things are."""
        wait(happened, what, lambda: f"{runtime.tail()}\n{self._facts(runtime)}")

    def _facts(self, runtime: Runtime) -> str:
        unfinished = "SELECT id, status, seq FROM executions WHERE status <> 'final'"
        _, status = runtime.call("GET", "/status")
        shown = {
            name: status.get(name) for name in ("level", "line", "outbox", "in_flight", "inbox")
        }
        waiting = {name: self.waiting(name) for name in ("opportunities", "operator", "dead")}
        return f"unfinished {self.rows(unfinished)}\nwaiting {waiting}\nstatus {shown}"

    def until_ended(self, names: Iterable[str], runtime: Runtime) -> None:
        """Wait until these opportunities' executions have ended."""
        wanted = {f"x-{name}" for name in names}
        self.until(lambda: wanted <= set(self.ended()), f"the end of {sorted(wanted)}", runtime)

    def until_up(self, runtime: Runtime) -> None:
        """Wait until the runtime answers."""
        self.until(lambda: runtime.call("GET", "/status")[0] == 200, "the runtime", runtime)

    def orders(self, names: Iterable[str]) -> dict[str, list[int]]:
        """Return by execution how often each of its orders was sent, from the venues' own books."""
        wanted = {f"x-{name}" for name in names}
        found: dict[str, list[int]] = {name: [] for name in sorted(wanted)}
        for url in self.venues.values():
            status, book = request("GET", f"{url}/book")
            assert status == 200
            for client_id, calls in book["calls"].items():
                execution = client_id.rsplit(":", 2)[0]
                if execution in wanted:
                    found[execution].append(calls)
        return found

    def waiting(self, queue: str) -> int:
        """Return how many messages wait in one of our queues; -1 if there is no such queue."""
        return asyncio.run(_waiting(self.bus_url, f"{self.prefix}.{queue}"))

    def until_empty(self, queue: str, runtime: Runtime) -> None:
        """Wait until a queue is empty once nobody has any of its messages."""
        self.until(lambda: self.waiting(queue) == 0, f"{queue} to be empty", runtime)


async def _waiting(url: str, queue: str) -> int:
    connection = Connection(URL(url))
    try:
        await connection.connect(timeout=60)
        channel = await connection.channel()
        declared = await channel.declare_queue(queue, passive=True)
    except ChannelClosed:
        return -1
    else:
        return declared.declaration_result.message_count or 0
    finally:
        await connection.close()


def names(prefix: str, count: int) -> list[str]:
    """Return names of opportunities that no other test has."""
    stamp = time.time_ns() // 1000
    return [f"{prefix}-{stamp}-{number}" for number in range(count)]
