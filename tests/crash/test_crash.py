"""
Kill -9 at each kind of kill point of the flow; nothing is placed twice, nothing is lost.

`CRASH_ROUNDS` makes the campaign longer (`make crash N=...`); `CRASH_SEED` draws another order;
`CRASH_STORE=postgresql` plays it on a PostgreSQL of the tests' own.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.crash.campaign import SCRIPTS, choose, deployment, play
from tests.crash.processes import ghost_venues
from tests.servers.postgres import PostgresServer

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "3"))
SEED = int(os.environ.get("CRASH_SEED", "1"))
PER_ROUND_SECONDS = 90


@pytest.fixture
def store_url(request: pytest.FixtureRequest) -> str:
    if os.environ.get("CRASH_STORE", "sqlite") == "sqlite":
        return "sqlite:///var/xarb.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url(request.getfixturevalue("postgres_database"))


@pytest.mark.timeout(60 + PER_ROUND_SECONDS * ROUNDS)
def test_killed_anywhere_nothing_is_placed_twice_and_nothing_is_lost(
    tmp_path: Path, store_url: str
) -> None:
    with ghost_venues(tmp_path, SCRIPTS) as ghosts:
        folder = tmp_path / "deployment"
        deployment(folder, ghosts, store_url)
        rounds = [
            play(folder, number, kill_at, ghosts)
            for number, kill_at in enumerate(choose(ROUNDS, SEED))
        ]

    for played in rounds:
        sys.stdout.write(f"{played.kill_at:22} killed={played.killed!s:5} {played.states}\n")
    assert [f"{r.kill_at}: {problem}" for r in rounds for problem in r.problems] == []
    assert any(played.killed for played in rounds), "no kill point was reached"
