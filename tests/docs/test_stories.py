"""The pages that tell what to type are typed, from their first line to their last."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.runbooks.exercise import exercises, play
from tests.runbooks.table import Servers, Table
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import Broker

#: Typed at a table with two simulators: tests/rehearsal.
ELSEWHERE = {"rehearse-a-bad-night.md"}
HOW_TOS = {path.name for path in (ROOT / "docs" / "how-to").glob("*.md")} - ELSEWHERE
PAGES = [
    "README.md",
    "docs/tutorial/first-hour.md",  # the other one needs a broker: tests/tutorial
    *(f"docs/how-to/{name}" for name in sorted(HOW_TOS)),
]
STORIES = [each for page in PAGES for each in exercises(ROOT, page)]


@pytest.fixture
def table(tmp_path: Path, broker: Broker, postgres_server: PostgresServer) -> Iterator[Table]:
    """An empty table; nothing that was started at it survives."""
    made = Table(tmp_path / "desk", Servers(broker, postgres_server))
    yield made
    made.close()


@pytest.mark.parametrize(
    "number", range(len(STORIES)), ids=[f"{Path(it.page).stem}-{it.name}" for it in STORIES]
)
def test_every_command_does_what_the_page_says(number: int, table: Table) -> None:
    assert list(play(STORIES[number], table))
