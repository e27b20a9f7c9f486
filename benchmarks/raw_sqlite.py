"""
The floor: as many SQLite commits as a durable flow makes, and nothing else.

WAL, synchronous=FULL, one row a commit: what no durable engine on SQLite can be faster than.
"""

import sqlite3
from pathlib import Path

from benchmarks.timing import Latency, summary, timed


def measure(folder: Path, *, flows: int, commits: int) -> Latency:
    """Return the latency of `commits` commits in a row, `flows` times."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE steps (flow INTEGER, step INTEGER, data TEXT)")

    def flow(number: int) -> None:
        for step in range(commits):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO steps VALUES (?,?,?)", (number, step, "x" * 200))
            connection.execute("COMMIT")

    seconds = [timed(lambda number=number: flow(number)) for number in range(flows)]
    connection.close()
    return summary(seconds)
