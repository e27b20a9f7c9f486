"""
What came of the demonstration, and whether both venues say the same.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import Absent, Found, OrderStatus, Refused, Unknown
from xarb_runtime.ops.status import StatusAnswer
from xarb_runtime.ops.timeline import Held, held_by
from xarb_runtime.plugins.contracts import Venue
from xarb_runtime.service.assembly import store_url
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.store.queries import Queries
from xarb_runtime.store.records import ExecutionRow

ALL = 100_000
FIND_SECONDS = 10.0
#: How often an order is asked about until the venue can say.
LOOKS = 4
AT_ONCE = 8


class Attended(msgspec.Struct, frozen=True, kw_only=True):
    """
    What whoever played it has noticed.

    Attributes:
        unpriced: opportunities that had no price to begin with.
        exit_code: of the service.
        seconds: from the first opportunity to the last end.
        pauses: how often trading paused by itself and the attendant let it go on.
        retried: exposed executions whose hedges he let try once more.
        taken_over: incidents that stayed, and were his.
    """

    unpriced: int
    exit_code: int
    seconds: float
    pauses: int
    retried: int
    taken_over: int


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    What came of it.

    Attributes:
        executions: opportunities that became executions.
        attended: what whoever played it has noticed.
        ends: executions by the state in which they ended; `reasons` of those rejected.
        orders: orders sent, by venue; `filled` how many of them filled, in part or whole.
        hedges: filled hedge orders by strategy.
        staked, locked_in: stakes that filled, and worst cases added up.
        one_leg_ms, unknown_ms: time on one leg, and in doubt, of all executions together.
        incidents: incidents by kind; `open_incidents` of them are open.
        audited: orders that both venues were asked about afterwards.
        differing: those about which a venue says something else than the journal, with what.
        hedged: one execution that a hedge has covered, to look at; empty if there is none.
    """

    executions: int
    attended: Attended
    ends: dict[str, int]
    reasons: dict[str, int]
    orders: dict[str, int]
    filled: dict[str, int]
    hedges: dict[str, int]
    staked: Decimal
    locked_in: Decimal
    one_leg_ms: int
    unknown_ms: int
    incidents: dict[str, int]
    open_incidents: int
    audited: int
    differing: list[str]
    hedged: str


async def make_report(
    folder: Path,
    settings: Settings,
    venues: Mapping[str, Venue],
    status: StatusAnswer,
    attended: Attended,
) -> DemoReport:
    """Read the journal, and ask the venues about every order in it."""
    async with Queries.open(store_url(folder, settings.store.url)) as queries:
        rows = [row for row in await queries.executions(None, ALL) if is_trade(row.id)]
        found = [await queries.execution(row.id) for row in rows]
        incidents = await queries.incidents(open_only=False, limit=ALL)
    held = {each.execution.id: held_by(each.snapshot.context) for each in found if each}
    lines = [line for each in held.values() for line in each.orders]
    differing = await _differing(lines, venues)
    return DemoReport(
        executions=len(rows),
        attended=attended,
        ends=_counted("+".join(row.leaves) for row in rows),
        reasons=_counted(row.reason for row in rows if row.leaves == ("rejected",)),
        orders=_counted(line.selection.venue for line in lines),
        filled=_counted(line.selection.venue for line in lines if line.filled),
        hedges=_counted(line.strategy for line in lines if line.slot == "hedge" and line.filled),
        staked=sum((each.staked for each in held.values()), ZERO),
        locked_in=sum((min(each.profit.values()) for each in held.values() if each.profit), ZERO),
        one_leg_ms=status.one_leg_ms,
        unknown_ms=status.unknown_ms,
        incidents=_counted(each.kind for each in incidents),
        open_incidents=sum(not each.closed_ms for each in incidents),
        audited=len(lines),
        differing=differing,
        hedged=_shown(rows, held),
    )


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _shown(rows: list[ExecutionRow], held: Mapping[str, Held]) -> str:
    """The hedged execution with the most orders: it has the most to tell."""
    hedged = [row.id for row in rows if row.leaves == ("hedged",)]
    return max(hedged, key=lambda name: (len(held[name].orders), name), default="")


# -- What the venues say -------------------------------------------------------------------------


async def _differing(lines: list[OrderLine], venues: Mapping[str, Venue]) -> list[str]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(line: OrderLine) -> str:
        async with room:
            return await _difference(line, venues[line.selection.venue])

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(line)) for line in lines]
    return sorted(found for task in tasks if (found := task.result()))


async def _difference(line: OrderLine, venue: Venue) -> str:
    """What a venue says about an order that the journal does not; empty if they agree."""
    answer: object = Unknown("not asked")
    for _ in range(LOOKS):
        try:
            async with asyncio.timeout(FIND_SECONDS):
                answer = await venue.find(line.order)
        except (OSError, TimeoutError) as error:
            answer = Unknown(f"{type(error).__name__}: {error}")
        if not isinstance(answer, Unknown):
            break
        await asyncio.sleep(1)
    name = f"{line.client_id} at {line.selection.venue}"
    match answer:
        case Found(report=report):
            same = report.filled == line.filled and report.status is not OrderStatus.OPEN
            says = f"{report.status.value} {report.filled}"
            return (
                "" if same else f"{name}: journal {line.status.value} {line.filled}, venue {says}"
            )
        case Absent() | Refused():
            return f"{name}: journal filled {line.filled}, venue has none" if line.filled else ""
        case Unknown(reason=reason) if line.filled:
            return f"{name}: journal filled {line.filled}, venue cannot say: {reason}"
        case _:
            # An order that was refused before it was taken is nowhere: absence takes its time.
            return ""
