"""
A soak from its beginning to the evidence: publish, break, wait until all is quiet, look.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.soak.evidence import Evidence
from tests.soak.faults import KINDS, schedule
from tests.soak.inflict import inflict
from tests.soak.journal import Progress
from tests.soak.messages import OPPORTUNITY, Message, plan
from tests.soak.publisher import AT_ONCE
from tests.soak.scene import IN_FLIGHT, Scene, open_scene
from tests.soak.testimony import collect, until_recorded

#: Without any progress for so long a soak is over, and has failed.
STANDSTILL_SECONDS = 180.0
#: Silence after which what has not arrived will not arrive any more.
SILENT_SECONDS = 30.0
TICK_SECONDS = 0.5
TELL_SECONDS = 60.0
SAMPLE_TICKS = 10


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """
    Attributes:
        count: how many opportunities.
        seed: what goes wrong, and what is published in between.
        quick: each kind of fault once, as short as it may be.
        max_length: so many messages the broker keeps for us.
        pace: most messages a second; 0 for as fast as it goes.
    """

    count: int
    seed: int = 1
    quick: bool = False
    max_length: int = 600
    pace: float = 0.0


class Figures(msgspec.Struct, kw_only=True):
    """
    What was counted and measured on the way.

    Attributes:
        seconds: from the first message to quiet.
        faults: by kind.
        memory: (seconds, life, resident kilobytes) of the runtime.
        reconnects: connections that the proxy accepted, two for each time that the bus connects.
        others: everything else, by name.
    """

    seconds: float = 0.0
    faults: dict[str, int] = {}
    memory: list[tuple[float, int, int]] = []
    reconnects: int = 0
    naked_seconds: float = 0.0
    others: dict[str, int] = {}


class Campaign:
    """One soak."""

    def __init__(self, settings: Settings, scene: Scene, tell: Callable[[str], Any]) -> None:
        self._settings, self._scene, self._tell = settings, scene, tell
        self._faults: Counter[str] = Counter()
        self._progress = Progress()
        self._moved = self._begun = time.monotonic()
        self._handed_out = 0
        self._published = False
        self.figures = Figures()

    async def run(self) -> None:
        """Publish and break until everything is published, then wait until all is quiet."""
        scene = self._scene
        await scene.until_level()
        async with asyncio.TaskGroup() as group:
            recording = group.create_task(scene.recorder.run(), name="recorder")
            async with asyncio.timeout(60):
                await scene.recorder.ready.wait()
            keepers = [
                group.create_task(work, name=name)
                for name, work in (
                    ("keep alive", scene.keep_alive()),
                    ("look after", scene.look_after()),
                    ("watch", self._watch()),
                )
            ]
            breaking = group.create_task(self._break(group), name="faults")
            await scene.publisher.run(self._messages(), self._may_go)
            self._published = True
            await breaking
            await self._until_quiet()
            await scene.until_level()
            for keeper in keepers:
                keeper.cancel()
            # It has something to say when it stops, too.
            await asyncio.to_thread(scene.runtime.stop)
            await until_recorded(scene)
            scene.recorder.end()
            await recording
        self.figures.seconds = time.monotonic() - self._begun
        self.figures.faults = dict(self._faults)
        self.figures.reconnects = scene.proxy.accepted

    # -- Publishing ------------------------------------------------------------------------------

    def _messages(self) -> Iterator[Message]:
        for message in plan(self._settings.count, self._settings.seed):
            self._handed_out += 1
            yield message

    def _may_go(self) -> bool:
        """Hold back when much is waiting; only while a queue is to be filled up go on."""
        if not self._scene.gate:
            return True
        elapsed = time.monotonic() - self._begun
        if self._settings.pace and self._handed_out > self._settings.pace * elapsed:
            return False
        if not self._scene.filled and self._handed_out >= self._settings.count - self._reserve:
            return False
        return self._waiting() < self._settings.max_length // 2

    @property
    def _reserve(self) -> int:
        """So many are kept until a queue is to be filled up, however slow everything is."""
        return min(self._settings.max_length + IN_FLIGHT + AT_ONCE, self._settings.count // 2)

    def _waiting(self) -> int:
        seen = self._progress.messages + self._progress.letters
        return len(self._scene.publisher.sent) - seen

    # -- Breaking --------------------------------------------------------------------------------

    async def _break(self, group: asyncio.TaskGroup) -> None:
        """Let one thing after another go wrong, and wait until the last one is put right."""
        under_way: list[asyncio.Task[None]] = []
        for fault in schedule(self._settings.seed, quick=self._settings.quick):
            await asyncio.sleep(fault.pause)
            once = fault.number > len(KINDS)
            if once and (self._published or self._settings.quick):
                break
            self._faults[fault.kind] += 1
            name = f"{fault.number} {fault.kind}"
            under_way = [task for task in under_way if not task.done()]
            under_way.append(group.create_task(inflict(self._scene, fault), name=name))
        if under_way:
            await asyncio.wait(under_way)

    # -- Watching --------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Look how far everything is; fail when nothing moves any more."""
        told = time.monotonic()
        for tick in itertools.count():
            await asyncio.sleep(TICK_SECONDS)
            self._look(await asyncio.to_thread(self._scene.journal.progress))
            now = time.monotonic()
            if tick % SAMPLE_TICKS == 0:
                self._sample(now)
            if now - told >= TELL_SECONDS:
                told = now
                self._tell(self.line())
            if now - self._moved > STANDSTILL_SECONDS:
                message = f"nothing has moved for {STANDSTILL_SECONDS:.0f} s: {self.line()}"
                unfinished = "\n".join(self._scene.journal.unfinished())
                raise AssertionError(f"{message}\n{unfinished}\n{self._scene.tails()}")

    def _look(self, progress: Progress) -> None:
        if progress != self._progress:
            self._moved = time.monotonic()
        self._progress = progress

    def _sample(self, now: float) -> None:
        kilobytes = self._scene.runtime.memory_kb()
        if kilobytes:
            life = self._scene.runtime.started
            self.figures.memory.append((round(now - self._begun, 1), life, kilobytes))

    def line(self) -> str:
        """Return one line about how far it is."""
        progress, publisher = self._progress, self._scene.publisher
        return (
            f"{time.monotonic() - self._begun:6.0f} s  "
            f"published {publisher.done} of {self._handed_out}, in the journal "
            f"{progress.messages}, dead letters {progress.letters}, running {progress.running}, "
            f"outbox {progress.outbox}, recorded {len(self._scene.recorder.heard)}, "
            f"faults {sum(self._faults.values())}, lives {self._scene.runtime.started}, "
            f"memory {self._scene.runtime.memory_kb() // 1024} MB"
        )

    async def _until_quiet(self) -> None:
        """
        Wait until every message has arrived, everything has ended and all is said.

        What has not arrived after a while of silence is for the verdict to say.
        """
        wanted = set(self._scene.publisher.sent)
        self._tell(self.line())
        while True:
            await asyncio.sleep(TICK_SECONDS)
            silent = time.monotonic() - self._moved > SILENT_SECONDS
            quiet = not self._progress.running and not self._progress.outbox
            if quiet and (silent or await asyncio.to_thread(self._scene.arrived, wanted)):
                return


async def soak(
    folder: Path, settings: Settings, tell: Callable[[str], Any]
) -> tuple[Evidence, Figures]:
    """Run a soak and return what there is to judge, and what was measured."""
    async with open_scene(folder, settings.max_length) as scene:
        campaign = Campaign(settings, scene, tell)
        await campaign.run()
        tell(campaign.line())
        evidence = await collect(scene)
        figures = campaign.figures
        figures.naked_seconds = scene.journal.naked_seconds()
        figures.others = _counted(scene, evidence)
    return evidence, figures


def _counted(scene: Scene, evidence: Evidence) -> dict[str, int]:
    sent = evidence.sent.values()
    heard = len({message.id for message in evidence.heard})
    return {
        "opportunities": sum(1 for it in sent if it.kind == OPPORTUNITY),
        "messages": len(evidence.sent),
        "published": sum(it.times for it in sent),
        "refused because the queue was full": scene.publisher.refused,
        "published again for want of a confirm": scene.publisher.failed,
        "connections of the publisher": scene.publisher.connections,
        "connections of the recorder": scene.recorder.connections,
        "messages out": heard,
        "messages out, repeated": len(evidence.heard) - heard,
        "incidents closed by hand": scene.resolved,
        "resumed by hand": scene.resumed,
        "lives of the runtime": scene.runtime.started,
    }
