"""
The tabletop exercise: every command of the runbooks is typed in the situation it stands under.

What a console block shows below a command must be in what the command really writes, line by line,
in order; `...` stands for anything.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.house.source import ROOT
from tests.runbooks.literate import Block, blocks
from tests.runbooks.situations import SITUATIONS
from tests.runbooks.table import Table, Typed, settled

PAGES = ("runbooks/execution.md", "runbooks/orchestrator_failover.md")
REVIEW = ROOT / "evidence" / "runbook_review.md"


class Exercise(msgspec.Struct, frozen=True):
    """The blocks of a page that are played at one table."""

    page: str
    name: str
    blocks: list[Block]


class Row(msgspec.Struct, frozen=True):
    """A line of the review."""

    page: str
    section: str
    situation: str
    typed: Typed
    shown: int


def exercises() -> Iterator[Exercise]:
    """Yield what is played, in the order of the pages."""
    for page in PAGES:
        found: list[Exercise] = []
        for block in blocks(ROOT / page):
            if not block.commands:
                continue
            scene = SITUATIONS.get(block.situation)
            assert scene is not None, f"{page}:{block.line}: no situation {block.situation!r}"
            goes_on = found and block.situation == found[-1].blocks[-1].situation
            if goes_on or (found and scene.after):
                found[-1].blocks.append(block)
            else:
                found.append(Exercise(page, block.situation, [block]))
        yield from found


EXERCISES = list(exercises())
PLAYED: dict[int, list[Row]] = {}


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    """An empty table; nothing that was started at it survives."""
    made = Table(tmp_path / "desk")
    yield made
    made.close()


@pytest.mark.parametrize(
    "number",
    range(len(EXERCISES)),
    ids=[f"{Path(it.page).stem}-{it.name}" for it in EXERCISES],
)
def test_every_command_does_what_the_page_says(number: int, table: Table) -> None:
    exercise, rows, situation = EXERCISES[number], [], ""
    for block in exercise.blocks:
        if block.situation != situation:
            situation = block.situation
            SITUATIONS[situation].scene(table)
        for command, shown in _commands(block):
            typed = table.type(command)
            missing = _missing(shown, typed, table.names)
            assert not missing, f"{exercise.page}:{block.line}: {missing}\n{typed.output}"
            rows.append(Row(exercise.page, block.section, situation, typed, len(shown)))
    PLAYED[number] = rows


def _commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a block, and the lines that are shown below it."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, [line for line in shown.splitlines() if line.strip()]


def _missing(shown: list[str], typed: Typed, names: dict[str, str]) -> str:
    """The first line that is shown and was not written; empty if all were."""
    written = iter([" ".join(line.split()) for line in typed.output.splitlines()])
    for line in shown:
        pattern = _pattern(line, names)
        if not any(pattern.search(real) for real in written):
            return f"{typed.command} did not write: {line}"
    return ""


def _pattern(line: str, names: dict[str, str]) -> re.Pattern[str]:
    for placeholder, name in names.items():
        line = re.sub(rf"\b{placeholder}\b", lambda _, name=name: name, line)
    text = " ".join(line.split())
    return re.compile(".*".join(re.escape(part.strip()) for part in text.split("...")))


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
