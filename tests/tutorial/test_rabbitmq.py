"""The tutorial with RabbitMQ is typed, from its first line to its last, against a real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.runbooks.exercise import exercises, play
from tests.runbooks.literate import blocks
from tests.servers.rabbitmq import Broker
from tests.tutorial import scenes
from tests.tutorial.desk import ENGINE, Desk

#: Imported, so that its situations are known.
SCENES = scenes
PAGE = "docs/tutorial/rabbitmq.md"


@pytest.fixture
def table(tmp_path: Path, broker: Broker) -> Iterator[Desk]:
    """An empty table; nothing that was started at it survives."""
    made = Desk(tmp_path / "desk", broker)
    yield made
    made.close()


@pytest.mark.timeout(300)
def test_every_command_of_the_tutorial_does_what_the_page_says(table: Desk) -> None:
    (story,) = exercises(ROOT, PAGE)

    typed = [row.typed.command for row in play(story, table)]

    assert typed == [command for block in blocks(ROOT / PAGE) for command in block.commands]


def test_the_page_shows_every_program_of_the_engine() -> None:
    shown = {block.file for block in blocks(ROOT / PAGE) if block.language == "js"}

    assert shown == {path.name for path in ENGINE.glob("*.mjs")}
