"""
What the journal holds, read beside the runtime: how far it is, and at the end everything.
"""

import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec

from tests.soak.evidence import Evidence, Execution, Placed, Received
from tests.soak.messages import SOURCE

BUS = f"bus:{SOURCE}"
#: States in which an execution owns one side only, or nobody can say.
NAKED = frozenset({"one_leg", "unknown"})
PRESSURE_BYTES = 2 * 1024 * 1024
HELD_SECONDS, FREE_SECONDS = 0.7, 0.1


class Progress(msgspec.Struct, frozen=True):
    """
    Attributes:
        messages: rows of the inbox that came by the bus.
        letters: dead letters.
        running: executions that have not ended.
        outbox: messages that wait to go out.
    """

    messages: int = 0
    letters: int = 0
    running: int = 0
    outbox: int = 0


class JournalFile:
    """The SQLite file of a deployment."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query finds; nothing while there is no such table yet."""
        if not self.file.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as it:
            with suppress(sqlite3.OperationalError):
                return it.execute(sql, values).fetchall()
            return []

    def _count(self, sql: str, *values: object) -> int:
        found = self.rows(sql, *values)
        return int(found[0][0]) if found else 0

    def progress(self) -> Progress:
        """Return how far the runtime is."""
        return Progress(
            messages=self._count("SELECT count(*) FROM events WHERE source = ?", BUS),
            letters=self._count("SELECT count(*) FROM dead_letters"),
            running=self._count(
                "SELECT count(*) FROM executions WHERE status != 'final' AND id LIKE 'x-%'"
            ),
            outbox=self._count("SELECT count(*) FROM outbox"),
        )

    def unfinished(self) -> list[str]:
        """Return executions that have not ended, and where they are; for people."""
        sql = "SELECT id, status, leaves, seq FROM executions WHERE status != 'final' LIMIT 20"
        return [f"{name} {status} {leaves} {seq}" for name, status, leaves, seq in self.rows(sql)]

    def testify(self, evidence: Evidence) -> None:
        """Put what the journal holds into the evidence."""
        evidence.received = [
            Received(id=identity, execution=execution, outcome=outcome)
            for identity, execution, outcome in self.rows(
                "SELECT id, execution, outcome FROM events WHERE source = ?", BUS
            )
        ]
        evidence.executions = {
            name: Execution(
                status=status, state="+".join(json.loads(leaves)), reason=reason, seq=seq
            )
            for name, status, leaves, reason, seq in self.rows(
                "SELECT id, status, leaves, reason, seq FROM executions WHERE id LIKE 'x-%'"
            )
        }
        evidence.dead_letters = [
            hashlib.sha256(body).hexdigest()
            for (body,) in self.rows("SELECT body FROM dead_letters")
        ]
        evidence.placed = {
            key: Placed(execution=execution, venue=venue, reduces=bool(reduces))
            for key, execution, venue, reduces in self.rows(
                "SELECT key, execution, json_extract(params, '$.selection.venue'),"
                " json_extract(params, '$.reduces') FROM commands WHERE name = 'place'"
            )
        }
        evidence.incidents = {name for (name,) in self.rows("SELECT execution FROM incidents")}
        evidence.outbox = self.progress().outbox
        evidence.words = dict(
            self.rows("SELECT operator, count(*) FROM operator_actions GROUP BY operator")
        )

    def naked_seconds(self) -> float:
        """Return how long executions were on one leg, or nobody could say, all together."""
        steps = self.rows(
            "SELECT DISTINCT execution, seq, exposure, time_ms FROM transitions"
            " WHERE execution LIKE 'x-%' ORDER BY execution, seq, idx"
        )
        return naked_seconds(steps)

    # -- Slowing it down -------------------------------------------------------------------------

    def slow_down(self, seconds: float, ended: threading.Event) -> None:
        """
        Let the disk be slow, in a thread of its own.

        There is no slow disk at hand, so two things stand for it: another connection holds the
        file's write lock again and again, so that every commit waits as it would for its fsync;
        and beside it megabytes are written and synced all the time.
        """
        until = time.monotonic() + seconds
        scratch = self.file.with_name("pressure")
        while time.monotonic() < until and not ended.is_set():
            connection = sqlite3.connect(self.file, timeout=30, isolation_level=None)
            with closing(connection) as it, suppress(sqlite3.OperationalError):
                it.execute("BEGIN IMMEDIATE")
                self._press(scratch)
                it.execute("ROLLBACK")
            time.sleep(FREE_SECONDS)
        scratch.unlink(missing_ok=True)

    def _press(self, scratch: Path) -> None:
        until = time.monotonic() + HELD_SECONDS
        while time.monotonic() < until:
            with scratch.open("wb", buffering=0) as out:
                out.write(bytes(PRESSURE_BYTES))
                os.fsync(out.fileno())


def naked_seconds(steps: Iterable[tuple[str, int, str, int]]) -> float:
    """
    Return the time in naked exposures.

    Args:
        steps: execution, number, exposure afterwards and time of each, in order.
    """
    total_ms = 0
    before: tuple[str, str, int] = ("", "", 0)
    for execution, _, exposure, time_ms in steps:
        if before[0] == execution and before[1] in NAKED:
            total_ms += time_ms - before[2]
        before = (execution, exposure, time_ms)
    return total_ms / 1000
