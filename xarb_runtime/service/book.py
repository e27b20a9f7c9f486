"""
The executions a runtime has in memory.
"""

from collections import OrderedDict
from collections.abc import Mapping
from decimal import Decimal

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.steps import Snapshot, Status

SUPERVISOR = "supervisor"
HEALTH_PREFIX = "venue:"
REMEMBERED = 4096


def is_trade(execution: str) -> bool:
    """Tell whether an execution is an opportunity's, not the supervisor's or a venue's health."""
    return execution != SUPERVISOR and not execution.startswith(HEALTH_PREFIX)


class Book:
    """
    Snapshots by execution: all that are in flight or quarantined, and the newest that have ended.
    """

    def __init__(self) -> None:
        self._live: dict[str, Snapshot] = {}
        self._ended: OrderedDict[str, Snapshot] = OrderedDict()
        self._stakes: dict[str, Decimal] = {}
        self._at_stake: dict[str, Mapping[str, Decimal]] = {}
        self._unreadable: set[str] = set()

    def get(self, execution: str) -> Snapshot | None:
        """Return the newest snapshot, or None if the execution is not in memory."""
        return self._live.get(execution) or self._ended.get(execution)

    def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        execution = snapshot.execution
        if snapshot.status is not Status.FINAL:
            self._live[execution] = snapshot
            return
        self._live.pop(execution, None)
        self._stakes.pop(execution, None)
        self._at_stake.pop(execution, None)
        self._ended[execution] = snapshot

    def forget_oldest(self) -> None:
        """Let go of the executions that ended longest ago; after a round, never during one."""
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        self._unreadable.clear()

    def note_unreadable(self, execution: str) -> None:
        """Note, for one round, that an execution exists but cannot be read any more."""
        self._unreadable.add(execution)

    def knows(self, execution: str) -> bool:
        """Tell whether an execution exists, readable or not."""
        return self.get(execution) is not None or execution in self._unreadable

    def commit_stake(self, execution: str, stake: Decimal) -> None:
        """Note what an execution in flight may stake on leg A."""
        if execution in self._live:
            self._stakes[execution] = stake

    def note_stakes(self, execution: str, context: Context) -> None:
        """Note what an execution in flight may have at stake, by venue."""
        if execution in self._live:
            self._at_stake[execution] = context.at_stake

    def recall_stakes(self, execution: str, context: Context) -> None:
        """Note both for an execution of an earlier life."""
        self.commit_stake(execution, context.entry_stake)
        self.note_stakes(execution, context)

    def staked_at(self, venue: str) -> Decimal:
        """What all executions in flight may have at stake at a venue."""
        return sum((stakes.get(venue, ZERO) for stakes in self._at_stake.values()), ZERO)

    @property
    def live(self) -> list[Snapshot]:
        """Executions in flight or quarantined, oldest first."""
        return list(self._live.values())

    @property
    def trades(self) -> list[Snapshot]:
        """Opportunities' executions that are running."""
        return [
            snapshot
            for name, snapshot in self._live.items()
            if is_trade(name) and snapshot.status is Status.RUNNING
        ]

    @property
    def in_flight(self) -> int:
        """How many opportunities' executions are running or quarantined."""
        return sum(map(is_trade, self._live))

    @property
    def open_stake(self) -> Decimal:
        """The leg A stakes of all executions in flight."""
        return sum(self._stakes.values(), ZERO)
