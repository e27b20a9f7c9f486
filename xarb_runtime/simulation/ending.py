"""
How it stands at the end of a life of the runtime, as its journal tells it.
"""

from decimal import Decimal

import msgspec

from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.domain.steps import Exposure, Status
from xarb_runtime.service.book import HEALTH_PREFIX, SUPERVISOR, is_trade
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.simulation.world import World
from xarb_runtime.store.records import ExecutionRow

_ALL = 100_000


class ExecutionEnd(msgspec.Struct, frozen=True, kw_only=True):
    """
    One execution, as the journal has it.

    Attributes:
        id: the execution's id.
        leaves, status, exposure, reason: its newest snapshot.
        started_ms: the time of its first step.
        updated_ms: the time of its newest step.
        ledger: its orders, as it believes them to be.
        scenarios: all the ways its event can end.
        limits: the limits it was admitted with; None when it never was.
        timers: how many timers are pending.
        stake: leg A's stake that was asked for.
    """

    id: str
    leaves: tuple[str, ...]
    status: Status
    exposure: Exposure
    reason: str
    started_ms: int
    updated_ms: int
    ledger: tuple[OrderLine, ...] = ()
    scenarios: tuple[str, ...] = ()
    limits: Limits | None = None
    timers: int = 0
    stake: Decimal = Decimal(0)


class Ending(msgspec.Struct, kw_only=True):
    """
    The end.

    Attributes:
        executions: opportunities' executions, oldest first.
        supervisor: the supervisor's level.
        venues: the state of each venue's health.
        journaled: identities (source, id) of published messages that the journal has.
        dead_letters: how many dead letters it has.
        waiting: how many messages nobody has taken from the bus.
        ended: whether the runtime has ended by itself.
    """

    executions: list[ExecutionEnd] = []
    supervisor: str = ""
    venues: dict[str, str] = {}
    journaled: set[tuple[str, str]] = set()
    dead_letters: int = 0
    waiting: int = 0
    ended: bool = False


async def look(runtime: Runtime, world: World, *, ended: bool) -> Ending:
    """Return how it stands: what the journal of a runtime that has just stopped holds."""
    queries = runtime.journal.queries
    rows = sorted(await queries.executions(limit=_ALL), key=lambda row: (row.started_ms, row.id))
    healths = {it.id: "+".join(it.leaves) for it in rows if it.id.startswith(HEALTH_PREFIX)}
    identities = [(f"bus:{it.source}", it.id) for it in world.recorder.recording.messages if it.id]
    return Ending(
        executions=[await _execution(runtime, world, row) for row in rows if is_trade(row.id)],
        supervisor=next(("+".join(it.leaves) for it in rows if it.id == SUPERVISOR), "running"),
        venues={
            name: healths.get(f"{HEALTH_PREFIX}{name}", "healthy") for name in world.settings.venues
        },
        journaled=await runtime.journal.seen(identities),
        dead_letters=len(await queries.dead_letters(limit=_ALL)),
        waiting=world.broker.bus.depth(),
        ended=ended,
    )


async def _execution(runtime: Runtime, world: World, row: ExecutionRow) -> ExecutionEnd:
    # What was seen last is what the journal holds, unless a runtime died in between.
    snapshot = world.recorder.snapshots.get(row.id)
    if snapshot is None or (snapshot.seq, snapshot.leaves) != (row.seq, row.leaves):
        snapshot = await runtime.journal.queries.snapshot(row.id)
    assert snapshot is not None  # noqa: S101  it was in the list
    context = runtime.desk.charts.of(snapshot).decoder.decode(snapshot.context)
    admission = getattr(context, "admission", None)
    return ExecutionEnd(
        id=row.id,
        leaves=row.leaves,
        status=row.status,
        exposure=row.exposure,
        reason=getattr(context, "reason", ""),
        started_ms=row.started_ms,
        updated_ms=row.updated_ms,
        ledger=tuple(getattr(context, "orders", ())),
        scenarios=admission.opportunity.scenarios if admission else (),
        limits=admission.limits if admission else None,
        timers=len(snapshot.timers),
        stake=admission.opportunity.stake if admission else Decimal(0),
    )
