"""
Everybody in a soak: broker, network, venues, runtime, publisher and recorder.

What may be broken by one fault at a time has a lock: faults overlap, but nobody kills what somebody
else has just killed.
"""

import asyncio
import json
import logging
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from tests.servers.proxy import TcpProxy
from tests.servers.rabbitmq import Broker
from tests.soak.deployment import PREFIX, SCRIPTS, deployment
from tests.soak.evidence import Evidence
from tests.soak.journal import JournalFile
from tests.soak.messages import STRAY
from tests.soak.processes import Runtime, Venue
from tests.soak.publisher import Publisher
from tests.soak.recorder import Recorder

IN_FLIGHT = 40
RECORDER_QUEUE = f"{PREFIX}.recorder"
OPERATOR = json.dumps({"operator": "soak-keeper", "reason": "trade on"}).encode()
NOTE = json.dumps({"operator": "soak-keeper", "note": "seen in the soak"}).encode()
#: Incidents of this kind end by themselves; a person looks at them only after a while.
PATIENT = "finality_overdue"


class Scene:
    """
    Attributes:
        broker, proxy, venues, runtime, journal, publisher, recorder: who they are.
        held: a lock for each of `broker`, `proxy`, `runtime`, `disk` and the venues.
        gate: whether the publisher holds back when much is waiting.
        filled: whether a queue was to be filled up already.
        paused: an operator has paused on purpose; nobody resumes.
        ended: set when the soak is over, for threads.
        resolved: how many incidents were closed by hand.
        resumed: how often trading was resumed by hand.
    """

    def __init__(self, folder: Path, broker: Broker, proxy: TcpProxy, max_length: int) -> None:
        key = secrets.token_hex(24)
        self.broker, self.proxy = broker, proxy
        self.venues = {name: Venue(folder, name, script) for name, script in SCRIPTS.items()}
        self.folder = folder / "deployment"
        deployment(
            self.folder,
            bus_url=broker.url_of(port=proxy.port),
            venues={name: venue.url for name, venue in self.venues.items()},
            in_flight=IN_FLIGHT,
            options={"max_length": max_length},
        )
        self.runtime = Runtime(self.folder, key)
        self.journal = JournalFile(self.folder / "var" / "xarb.db")
        self.publisher = Publisher(broker.url, f"{PREFIX}.in", key)
        self.recorder = Recorder(
            broker.url, f"{PREFIX}.out", RECORDER_QUEUE, folder / "recorded.jsonl"
        )
        self.held = {
            name: asyncio.Lock() for name in ("broker", "proxy", "runtime", "disk", *self.venues)
        }
        self.gate, self.filled = True, False
        self.paused = False
        self.ended = threading.Event()
        self.resolved = self.resumed = 0

    # -- The runtime -----------------------------------------------------------------------------

    async def level(self) -> str:
        """Return the supervisor's level; empty when the runtime does not answer."""
        status, found = await asyncio.to_thread(self.runtime.call, "GET", "/status")
        return found["level"]["level"] if status == 200 else ""

    async def until_level(
        self, *levels: str, holding: bool = False, seconds: float = 300.0
    ) -> None:
        """
        Wait until the runtime says one of these levels, or anything at all if none is named.

        Whoever is `holding` its lock keeps it alive meanwhile, in place of `keep_alive`.
        """
        found = ""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if holding:
                        self.revive()
                    found = await self.level()
                    if found in levels or (found and not levels):
                        return
                    await asyncio.sleep(0.2)
        except TimeoutError as error:
            expected = " or ".join(levels) or "any level"
            message = f"expected {expected} within {seconds:.0f} s, found {found or 'no answer'}"
            raise AssertionError(f"{message}\n{self.tails()}") from error

    def revive(self) -> None:
        """Start the runtime again if it has ended by itself."""
        if self.runtime.bury():
            self.runtime.start()

    async def keep_alive(self) -> None:
        """Start the runtime again whenever it has ended, as a process supervisor does."""
        while True:
            async with self.held["runtime"]:
                self.revive()
            await asyncio.sleep(0.2)

    async def look_after(self) -> None:
        """Do what a person on duty does: close incidents, and let trading go on."""
        while True:
            await asyncio.sleep(1.0)
            # A resume that comes after a stop takes the stop back: never while somebody stops it.
            async with self.held["runtime"]:
                level = await self.level()
                if level == "paused" and not self.paused:
                    resume = asyncio.to_thread(self.runtime.call, "POST", "/resume", OPERATOR)
                    self.resumed += (await resume)[0] == 200
            if level:
                await self._close_incidents()

    async def _close_incidents(self) -> None:
        _, found = await asyncio.to_thread(self.runtime.call, "GET", "/incidents")
        for incident in found if isinstance(found, list) else []:
            if incident["kind"] == PATIENT:
                continue
            path = f"/incidents/{quote(incident['id'], safe='')}/resolve"
            status, _ = await asyncio.to_thread(self.runtime.call, "POST", path, NOTE)
            self.resolved += status == 200

    def arrived(self, wanted: set[str]) -> bool:
        """Whether everything that is to be in the journal is there, and nothing else is awaited."""
        found = Evidence()
        self.journal.testify(found)
        rows, letters = {row.id for row in found.received}, set(found.dead_letters)
        sent = [self.publisher.sent[name] for name in wanted]
        return all(it.id in rows or it.digest in letters or it.kind == STRAY for it in sent)

    def tails(self) -> str:
        """Return the ends of all logs, for people."""
        venues = [venue.tail() for venue in self.venues.values()]
        return "\n".join([self.runtime.tail(), *venues, self.broker.log_tail(15)])


@asynccontextmanager
async def open_scene(folder: Path, max_length: int) -> AsyncIterator[Scene]:
    """Start everybody; nobody is left behind."""
    # What breaks here breaks on purpose; the libraries would say so thousands of times.
    for library in ("aio_pika", "aiormq"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    broker = Broker()
    try:
        await asyncio.to_thread(broker.start)
        with TcpProxy(broker.port) as proxy:
            scene = Scene(folder, broker, proxy, max_length)
            try:
                for venue in scene.venues.values():
                    await asyncio.to_thread(venue.start)
                scene.runtime.start()
                yield scene
            finally:
                scene.ended.set()
                await asyncio.to_thread(scene.runtime.kill)
                for venue in scene.venues.values():
                    await asyncio.to_thread(venue.kill)
                await scene.publisher.close()
    finally:
        await asyncio.to_thread(broker.close)
