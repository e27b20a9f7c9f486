"""
A running runtime on a real broker, flooded with a campaign, and the account of every message.
"""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import aio_pika
import asyncpg

from tests.bus.rabbitmq_world import Far, far
from tests.fuzz.campaign import KEY, Fuzzed
from tests.ops.running import FAST, bundled_charts, write_deployment
from xarb_runtime.domain.steps import Status
from xarb_runtime.plugins.contracts import BusMessage
from xarb_runtime.service.assembly import Surroundings, assemble
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings import load_settings
from xarb_runtime.service.work import Work

DEADLINE_SECONDS = 500
#: So many messages are published at a time.
AT_ONCE = 200
#: A campaign lasts: nothing in it may become too old by itself.
LONG = "1h"
PRICES = {"m1/over": "2.10", "m1/under": "1.95", "m2/under": "2.02"}
#: The sound ones are executed, however busy the machine is.
PATIENT = {
    "max_age": LONG,
    "max_in_flight": 1_000,
    "max_open_stake": 10_000_000,
    "ttl_leg_a": "60s",
    "ttl_leg_b": "60s",
    "ttl_hedge": "60s",
    "ttl_quote": "60s",
}
UNHURRIED = {
    "heartbeat": "60s",
    "call_deadline": "60s",
    "find_deadline": "60s",
    "plan_deadline": "60s",
    "publish_deadline": "60s",
}
SLOW_IS_FINE = {"max_p95_accept": "60s", "clear_p95_accept": "60s"}


class Heard(Instruments):
    """Counts what the intake has made of messages, and notes which executions have ended."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.repetitions = 0
        self.ended: set[str] = set()

    def observe(self, work: Work) -> None:
        """Look at what was committed."""
        after = [taken.after for taken in work.steps]
        self.ended |= {it.execution for it in after if it.status is Status.FINAL}

    def received(self, message: BusMessage, outcome: str, age_ms: int | None) -> None:
        self.outcomes[outcome] += 1

    def repeated(self, execution: str) -> None:
        self.repetitions += 1


class Account(NamedTuple):
    """
    Where the messages of a campaign are in the end.

    Attributes:
        published: how many the broker has confirmed.
        rows: those in the inbox, by what became of them.
        letters: those among the dead letters, by reason.
        nobody: those in the broker's queue of dead messages: no queue takes their routing key.
        repetitions: those that were only acknowledged, because they were in the journal already.
        outcomes: what the intake has counted.
        executed: in which state each opportunity's execution is and why, by the opportunity's id.
        grown: how much memory the process has taken meanwhile, bytes.
    """

    published: int
    rows: Counter[str]
    letters: Counter[str]
    nobody: int
    repetitions: int
    outcomes: Counter[str]
    executed: dict[str, str]
    grown: int

    @property
    def accounted(self) -> int:
        """How many messages are somewhere."""
        return self.rows.total() + self.letters.total() + self.nobody + self.repetitions


async def flood(
    folder: Path, url: str, prefix: str, messages: Iterable[Fuzzed], store: str = ""
) -> Account:
    """
    Publish messages to a runtime; return when each of them is somewhere, and the sound ones ended.

    Args:
        folder: an empty one, for the deployment.
        url: the broker.
        prefix: names at the broker begin with it.
        messages: the campaign.
        store: the URL of a PostgreSQL; without one the store is in the folder.
    """
    heard, sound = Heard(), set[str]()
    async with flooded(folder, url, prefix, store, heard) as runtime, far(url, prefix) as other:
        await until(lambda: runtime.bus.state().state == "connected", "a connection")
        before = _memory()
        published = await _publish(other, _noting(messages, sound))
        nobody = await _at_rest(other, published, heard)
        await until(lambda: not runtime.intake.state.unsettled, "all commits")
        await until(lambda: not runtime.intake.state.unacknowledged, "all acknowledgements")
        await until(lambda: sound <= heard.ended, "the end of all sound ones")
        state, grown = runtime.bus.state(), _memory() - before
        assert not runtime.writer.stopped.is_set(), "the runtime has stopped"
        # It was one connection all the time: nothing that was sent broke it.
        assert (state.state, state.connects, state.redelivered) == ("connected", 1, 0), state
        return await _account(folder, store, published, nobody, heard, grown)


def _noting(messages: Iterable[Fuzzed], sound: set[str]) -> Iterator[Fuzzed]:
    for message in messages:
        if message.sound:
            sound.add(f"x-{message.sound}")
        yield message


@asynccontextmanager
async def flooded(
    folder: Path, url: str, prefix: str, store: str, heard: Heard
) -> AsyncIterator[Runtime]:
    """
    Run a runtime that does not mind how long anything takes, until the end of the context, or until
    the end of a stop that was asked for.
    """
    bus = {
        "url": url,
        "options": {"prefix": prefix, "heartbeat": "60s", "confirm_deadline": "60s"},
        "in_flight": 1_000,
        "max_age": LONG,
        "operator_key": KEY,
        "operator_max_age": LONG,
    }
    sections = {"limits": PATIENT, "service": UNHURRIED, "kpi": SLOW_IS_FINE}
    sections |= {"store": {"url": store}} if store else {}
    quoting = {**FAST, "prices": PRICES}
    venues = {"sx": quoting, "azuro": quoting}
    write_deployment(folder, venues, bus=bus, **sections)
    around = Surroundings(
        folder=folder,
        clock=SystemClock(),
        owner="flood",
        charts=bundled_charts(),
        instruments=heard,
        observers=(heard.observe,),
    )
    async with (
        assemble(load_settings(folder, {}), around) as runtime,
        asyncio.TaskGroup() as group,
    ):
        task = group.create_task(runtime.run())
        await runtime.started.wait()
        yield runtime
        if runtime.writer.stopped.is_set():
            await task
        task.cancel()


async def _publish(other: Far, messages: Iterable[Fuzzed]) -> int:
    channel = await other.channel()
    exchange = await channel.get_exchange(other.names.into, ensure=False)
    waiting, count = iter(messages), 0
    while some := list(islice(waiting, AT_ONCE)):
        async with asyncio.TaskGroup() as group:
            for message in some:
                made = _message(message)
                group.create_task(_confirmed(exchange, made, message.routing_key))
        count += len(some)
    return count


async def _confirmed(
    exchange: aio_pika.abc.AbstractExchange, message: aio_pika.Message, key: str
) -> None:
    await exchange.publish(message, key, timeout=DEADLINE_SECONDS)


def _message(message: Fuzzed) -> aio_pika.Message:
    return aio_pika.Message(
        message.body,
        content_type=message.content_type or None,
        content_encoding=message.content_encoding or None,
        headers=message.headers or None,
    )


async def _at_rest(other: Far, published: int, heard: Heard) -> int:
    """Wait until every message was read or lies in the broker's queue of dead messages."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        nobody = await other.ready(other.names.dead)
        missing = published - nobody - heard.outcomes.total()
        if missing <= 0:
            return nobody
        assert time.monotonic() < deadline, f"{missing} messages are nowhere"
        await asyncio.sleep(0.1)


async def until(happened: Callable[[], bool], what: str) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"expected {what}"
        await asyncio.sleep(0.01)


async def _account(
    folder: Path, store: str, published: int, nobody: int, heard: Heard, grown: int
) -> Account:
    rows, letters, ended = [
        await _fetched(folder, store, query)
        for query in (
            "SELECT outcome FROM events WHERE source LIKE 'bus:%'",
            "SELECT reason FROM dead_letters",
            "SELECT id, CAST(leaves AS TEXT), reason FROM executions WHERE id LIKE 'x-%'",
        )
    ]
    return Account(
        published=published,
        rows=Counter(row[0] for row in rows),
        letters=Counter(row[0] for row in letters),
        nobody=nobody,
        repetitions=heard.repetitions,
        outcomes=heard.outcomes,
        executed={name.removeprefix("x-"): f"{leaves}{reason}" for name, leaves, reason in ended},
        grown=grown,
    )


async def _fetched(folder: Path, store: str, query: str) -> list[Any]:
    """Look into the store past all code of ours."""
    if store:
        connection = await asyncpg.connect(store)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()
    with closing(sqlite3.connect(f"file:{folder}/var/xarb.db?mode=ro", uri=True)) as opened:
        return opened.execute(query).fetchall()


def _memory() -> int:
    """Return how much memory the process has, bytes."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096
