"""
A whole feed in virtual time: the service itself, ghost venues that quote closing prices, and an
operator who comes when called. What takes a season takes seconds.
"""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from xarb_runtime.bus.cloudevents import encode
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.steps import Snapshot
from xarb_runtime.ops.bodies import Resolution, Word
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.timeline import held_by
from xarb_runtime.ops.words import IN_THE_FLOW, Words
from xarb_runtime.service.assembly import Surroundings, assemble
from xarb_runtime.service.book import SUPERVISOR, is_trade
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.work import Work
from xarb_runtime.simulation.football import FootballRead, m_net, to_cloudevent
from xarb_runtime.simulation.virtual import Machine, VirtualLoop

#: It begins on 1 September 2026, so that every run is the same.
BEGIN_MS = 1_788_220_800_000
#: Once everything is published: how long executions may take to end.
LONGEST_TAIL_MS = 3_600_000
LOOK_MS = 1_000
OPERATOR = "attendant"

_MEMORY = Path("/dev/shm")  # noqa: S108  a fresh folder inside it, removed afterwards


class OfflinePlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a feed is run.

    Attributes:
        every_ms: pause between two opportunities.
        venues: `calibrated` ghosts fail as real venues have; `ideal` ones fill everything at once.
        attend_ms: how long it takes the operator to come when the runtime has paused or somebody
            has to decide; he resumes, and takes over what is exposed.
    """

    every_ms: int = 5_000
    venues: Literal["calibrated", "ideal"] = "calibrated"
    attend_ms: int = 60_000


class OfflineReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    What came of a feed.

    Attributes:
        rows, skipped: matches in the file, and those that could not be used.
        opportunities: how many were published.
        profitable: how many of them had a margin above 0 at their own prices.
        executed: how many sent an order.
        ends: executions by the state in which they ended.
        rejected: rejected ones by reason.
        aborted: aborted ones by reason.
        unfinished: executions that had not ended an hour after the last opportunity.
        incidents: incidents by kind; `pauses` how often the runtime paused.
        one_leg_ms, unknown_ms: time on one leg, and in doubt, of all executions together.
        longest_one_leg_ms: of a single execution.
        staked: what was filled.
        worst: profits in the worst case, added up: what was locked in.
        realised: profits by the real results; None where the file has none.
        taken_ms: virtual time from first to last.
    """

    rows: int
    skipped: int
    opportunities: int
    profitable: int
    executed: int
    ends: dict[str, int]
    rejected: dict[str, int]
    aborted: dict[str, int]
    unfinished: int
    incidents: dict[str, int]
    pauses: int
    one_leg_ms: int
    unknown_ms: int
    longest_one_leg_ms: int
    staked: Decimal
    worst: Decimal
    realised: Decimal | None
    taken_ms: int


def run_offline(
    read: FootballRead,
    folder: Path,
    settings: Settings,
    plan: OfflinePlan,
    progress: Callable[[int], None] = lambda _count: None,
) -> OfflineReport:
    """
    Run a feed in virtual time.

    Args:
        read: the feed.
        folder: the deployment whose charts and plugins are used.
        settings: its settings; venues, store and bus are replaced.
        plan: how.
        progress: told how many opportunities were published.

    Raises:
        ChartError, PluginError: the deployment is broken.
    """
    memory = _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix="xarb-feed-", dir=memory) as place:
        store = f"sqlite:///{Path(place) / 'feed.db'}"
        run = _Run(read, folder, _settings(settings, read, plan, store), plan, progress)
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(run.go())


def _settings(settings: Settings, read: FootballRead, plan: OfflinePlan, store: str) -> Settings:
    names = {"sx": "sx", "azuro": "azuro"}
    venues = {name: _venue(name, kind, read, plan) for name, kind in names.items()}
    replace = msgspec.structs.replace
    return replace(
        settings,
        mode="ghost",
        venues=venues,
        store=replace(settings.store, url=store),
        bus=replace(settings.bus, url="embedded://"),
        debug=type(settings.debug)(),
    )


def _venue(name: str, kind: str, read: FootballRead, plan: OfflinePlan) -> dict[str, Any]:
    venue: dict[str, Any] = {"kind": "ghost", "prices": {k: str(v) for k, v in read.prices.items()}}
    if plan.venues == "calibrated":
        venue |= {"calibrated": kind, "seed": len(name)}
    return venue


class _Run:
    def __init__(
        self,
        read: FootballRead,
        folder: Path,
        settings: Settings,
        plan: OfflinePlan,
        progress: Callable[[int], None],
    ) -> None:
        self._read, self._folder, self._settings = read, folder, settings
        self._plan, self._progress = plan, progress
        self._watch = ExposureWatch()
        self._newest: dict[str, Snapshot] = {}
        self._incidents: Counter[str] = Counter()
        self._pauses = 0

    async def go(self) -> OfflineReport:
        """Run the feed from its first to its last moment."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)  # noqa: S101  the runner made it
        around = Surroundings(
            folder=self._folder,
            clock=Machine(loop, BEGIN_MS).clock(),
            owner="offline feed",
            observers=(self._watch.observe, self._observe),
            io_guard=loop.io_guard,
            second_reader=False,
        )
        async with assemble(self._settings, around) as runtime, asyncio.TaskGroup() as group:
            running = group.create_task(runtime.run(), name="runtime")
            await runtime.started.wait()
            attending = group.create_task(self._attend(runtime), name="attendant")
            await self._publish(runtime)
            await self._wait_for_ends(runtime)
            attending.cancel()
            await Words(runtime, self._watch).level("stop", Word(operator=OPERATOR))
            await running
            return self._report(runtime)

    def _observe(self, work: Work) -> None:
        for taken in work.steps:
            if is_trade(taken.after.execution):
                self._newest[taken.after.execution] = taken.after
            elif taken.after.execution == SUPERVISOR and taken.before.leaves != taken.after.leaves:
                self._pauses += taken.after.leaves == ("paused",)
        self._incidents.update(incident.kind for incident in work.incidents)

    async def _publish(self, runtime: Runtime) -> None:
        bus = runtime.bus
        if not isinstance(bus, EmbeddedBus):
            problem = Problem(what="the offline feed needs the embedded bus")
            raise ProblemError(problem)
        for number, opportunity in enumerate(self._read.opportunities, 1):
            await bus.deliver(encode(to_cloudevent(opportunity, runtime.clock.now_ms())))
            self._progress(number)
            await runtime.clock.sleep_ms(self._plan.every_ms)

    async def _wait_for_ends(self, runtime: Runtime) -> None:
        end_ms = runtime.clock.now_ms() + LONGEST_TAIL_MS
        while runtime.desk.book.trades and runtime.clock.now_ms() < end_ms:
            await runtime.clock.sleep_ms(LOOK_MS)

    async def _attend(self, runtime: Runtime) -> None:
        """Come when called: take over what is exposed, and resume."""
        words = Words(runtime, self._watch)
        while True:
            await runtime.clock.sleep_ms(self._plan.attend_ms)
            for incident in runtime.desk.register.all:
                if incident.kind in IN_THE_FLOW or incident.kind == "auto_pause":
                    await words.resolve(
                        incident.id, Resolution(operator=OPERATOR, note="kept as it is")
                    )
            if runtime.desk.level == "paused":
                await words.level("resume", Word(operator=OPERATOR))

    # -- What came of it -------------------------------------------------------------------------

    def _report(self, runtime: Runtime) -> OfflineReport:
        ended = list(self._newest.values())
        held = {each.execution: held_by(each.context) for each in ended}
        results = {f"x-{name}": scenario for name, scenario in self._read.results.items()}
        profits = {name: found.profit for name, found in held.items() if found.profit}
        known = [profit[results[name]] for name, profit in profits.items() if name in results]
        states = {each.execution: "+".join(each.leaves) for each in ended}
        reasons = {each.execution: held[each.execution].reason for each in ended}

        def by_reason(state: str) -> dict[str, int]:
            return _counted(reasons[name] for name, found in states.items() if found == state)

        return OfflineReport(
            rows=self._read.rows,
            skipped=len(self._read.skipped),
            opportunities=len(self._read.opportunities),
            profitable=sum(m_net(each) > 0 for each in self._read.opportunities),
            executed=sum(bool(found.orders) for found in held.values()),
            ends=_counted(states.values()),
            rejected=by_reason("rejected"),
            aborted=by_reason("aborted"),
            unfinished=len(runtime.desk.book.trades),
            incidents=dict(sorted(self._incidents.items())),
            pauses=self._pauses,
            one_leg_ms=self._watch.one_leg_ms,
            unknown_ms=self._watch.unknown_ms,
            longest_one_leg_ms=self._watch.longest_one_leg_ms,
            staked=sum((found.staked for found in held.values()), ZERO),
            worst=sum((min(profit.values()) for profit in profits.values()), ZERO),
            realised=sum(known, ZERO) if results else None,
            taken_ms=runtime.clock.now_ms() - BEGIN_MS,
        )


def _counted(names: Any) -> dict[str, int]:
    return dict(Counter(names).most_common())
