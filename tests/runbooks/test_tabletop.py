"""
The tabletop exercise: every command of the runbooks is typed in the situation it stands under.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.runbooks.exercise import Row, exercises, play
from tests.runbooks.table import Servers, Table, settled
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import Broker

PAGES = ("runbooks/execution.md", "runbooks/orchestrator_failover.md")
REVIEW = ROOT / "evidence" / "runbook_review.md"

EXERCISES = [each for page in PAGES for each in exercises(ROOT, page)]
PLAYED: dict[int, list[Row]] = {}


@pytest.fixture
def table(tmp_path: Path, broker: Broker, postgres_server: PostgresServer) -> Iterator[Table]:
    """An empty table; nothing that was started at it survives."""
    made = Table(tmp_path / "desk", Servers(broker, postgres_server))
    yield made
    made.close()


@pytest.mark.parametrize(
    "number",
    range(len(EXERCISES)),
    ids=[f"{Path(it.page).stem}-{it.name}" for it in EXERCISES],
)
def test_every_command_does_what_the_page_says(number: int, table: Table) -> None:
    PLAYED[number] = list(play(EXERCISES[number], table))


def test_the_review_is_current() -> None:
    if len(PLAYED) < len(EXERCISES):
        pytest.skip("only a part of the exercise was played")
    committed = REVIEW.read_text(encoding="utf-8") if REVIEW.exists() else ""

    REVIEW.write_text(review(), encoding="utf-8")

    assert review() == committed, "evidence/runbook_review.md was out of date; it is written anew"


def review() -> str:
    """Return the review: what was typed where, and what came of it."""
    rows = [row for number in range(len(EXERCISES)) for row in PLAYED[number]]
    lines = [
        "# Review of the runbooks",
        "",
        "Every command of `runbooks/`, typed in a deployment in which the situation that the",
        "page describes really existed: `pytest tests/runbooks`. *As shown*: how many lines of",
        "output the page shows, all of them found. Words in capitals stand for what another run",
        "would write differently.",
        "",
        f"{len(rows)} commands in {len(EXERCISES)} situations.",
    ]
    section = ("", "")
    for row in rows:
        if (row.page, row.section) != section:
            section = (row.page, row.section)
            lines += ["", f"## {row.page}: {row.section}", ""]
            lines += [
                "| Command | Situation | Exit code | First line |",
                "| --- | --- | --- | --- |",
            ]
        lines.append(_line(row))
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    code = "runs on" if row.typed.exit_code is None else str(row.typed.exit_code)
    first = settled(row.typed.first_line).replace("|", "\\|")
    situation = row.situation.replace("_", " ")
    shown = f"{row.shown} {'line' if row.shown == 1 else 'lines'}" if row.shown else ""
    return f"| `{row.typed.command}` | {situation} | {code} | {shown} | {first} |"
