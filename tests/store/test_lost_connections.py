"""
The connection is lost at a random moment, over and over: what was acknowledged is there, what was
not is there completely or not at all, and what is said about it is true.
"""

import asyncio
import itertools
import random
from collections.abc import Callable

import pytest

from tests.servers.proxy import TcpProxy
from tests.store.factories import outgoing, step
from tests.store.world import ServerStore
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.journal import Journal

SENTENCES = (
    "Nothing of the last transaction was written",
    "Nothing of this transaction was written",
    "Whether the last commit was written is not known",
    "The server was shut down",
)


class Trial:
    """Commits until one fails."""

    def __init__(self, number: int) -> None:
        self.names = (f"x-{number}-{count}" for count in itertools.count())
        self.acknowledged: list[str] = []
        self.begun = ""
        self.said = ""

    async def run(self, journal: Journal) -> None:
        while True:
            self.begun = next(self.names)
            position = await journal.newest_outgoing() + 1
            batch = Batch(steps=[step(self.begun)], outgoing=[outgoing(position)])
            await journal.commit(batch)
            self.acknowledged.append(self.begun)

    def judge(self, kept: set[str]) -> None:
        assert set(self.acknowledged) <= kept
        assert kept - set(self.acknowledged) <= {self.begun}
        assert any(sentence in self.said for sentence in SENTENCES), self.said
        if "Nothing of" in self.said:
            assert self.begun not in kept


def _cut(store: ServerStore, proxy: TcpProxy) -> None:
    proxy.cut()


def _end_backends(store: ServerStore, proxy: TcpProxy) -> None:
    store.server.kill_backends(store.database)


def _kill_server(store: ServerStore, proxy: TcpProxy) -> None:
    store.server.kill()
    store.server.start()
    store.reconnect()


@pytest.mark.parametrize(
    ("break_it", "trials"),
    [(_cut, 12), (_end_backends, 8), (_kill_server, 3)],
    ids=["the cable", "the connections", "the server"],
)
async def test_whenever_it_breaks_nothing_acknowledged_is_lost_and_nothing_is_torn(
    server_store: ServerStore,
    break_it: Callable[[ServerStore, TcpProxy], None],
    trials: int,
) -> None:
    store, moments = server_store, random.Random(trials)
    direct = store.url
    with TcpProxy(store.server.port) as proxy:
        through = direct.replace(f":{store.server.port}", f":{proxy.port}")
        for number in range(trials):
            trial = Trial(number)
            before = store.count("executions")
            store.url = through
            with pytest.raises(StoreError) as raised:
                await _work(trial, store, lambda: break_it(store, proxy), moments)
            trial.said = str(raised.value)
            store.url = direct
            # The successor waits until the server knows what became of the last commit.
            async with store.open("next", is_alive=lambda _: False) as journal:
                await journal.renew()
                rows = store.rows(f"SELECT id FROM executions WHERE id LIKE 'x-{number}-%'")
            trial.judge({name for (name,) in rows})
            assert store.count("executions") == before + len(rows)
            for table in ("events", "transitions", "commands", "outbox"):
                assert store.count(table) == before + len(rows)


async def _work(
    trial: Trial, store: ServerStore, break_it: Callable[[], None], moments: random.Random
) -> None:
    async with store.open(is_alive=lambda _: False) as journal:
        working = asyncio.create_task(trial.run(journal))
        await asyncio.sleep(moments.uniform(0, 0.05))
        await asyncio.to_thread(break_it)
        await working
