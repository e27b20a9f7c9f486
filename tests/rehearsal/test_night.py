"""The rehearsal of a bad night is typed, from its first line to its last, at real simulators."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.rehearsal import scenes
from tests.rehearsal.desk import Desk
from tests.runbooks.exercise import exercises, play
from tests.runbooks.literate import blocks

#: Imported, so that its situations are known.
SCENES = scenes
PAGE = "docs/how-to/rehearse-a-bad-night.md"


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Desk]:
    """An empty table; nothing that was started at it survives."""
    made = Desk(tmp_path / "night")
    yield made
    made.close()


def test_every_command_of_the_night_does_what_the_page_says(table: Desk) -> None:
    (story,) = exercises(ROOT, PAGE)

    typed = [row.typed.command for row in play(story, table)]

    assert typed == [command for block in blocks(ROOT / PAGE) for command in block.commands]
