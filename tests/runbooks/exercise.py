"""
Pages as exercises: what is typed, in which situation, and whether it wrote what the page shows.

What a console block shows below a command must be in what the command really writes, line by line,
in order; `...` stands for anything.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.runbooks.literate import Block, blocks
from tests.runbooks.situations import SITUATIONS
from tests.runbooks.table import Table, Typed


class Exercise(msgspec.Struct, frozen=True):
    """The blocks of a page that are played at one table."""

    page: str
    name: str
    blocks: list[Block]


class Row(msgspec.Struct, frozen=True):
    """A command that was typed, and how many lines the page shows below it."""

    page: str
    section: str
    situation: str
    typed: Typed
    shown: int


def exercises(root: Path, page: str) -> list[Exercise]:
    """Return what is played of a page, in order; a situation that goes on stays at its table."""
    found: list[Exercise] = []
    for block in blocks(root / page):
        if not (block.commands or block.file):
            continue
        scene = SITUATIONS.get(block.situation)
        assert scene is not None, f"{page}:{block.line}: no situation {block.situation!r}"
        if found and (scene.after or block.situation == found[-1].blocks[-1].situation):
            found[-1].blocks.append(block)
        else:
            found.append(Exercise(page, block.situation, [block]))
    return found


def play(exercise: Exercise, table: Table) -> Iterator[Row]:
    """Play an exercise; each command must write what the page shows."""
    situation = ""
    for block in exercise.blocks:
        if block.situation != situation:
            situation = block.situation
            SITUATIONS[situation].scene(table)
        if block.file:
            table.write(block.file, block.text)
        for command, shown in _commands(block):
            typed = table.type(command)
            missing = _missing(shown, typed, table.names | table.ours)
            assert not missing, f"{exercise.page}:{block.line}: {missing}\n{typed.output}"
            yield Row(exercise.page, block.section, situation, typed, len(shown))


def _commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a block, and the lines that are shown below it."""
    if not block.commands:
        return
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
        line = re.sub(rf"\b{re.escape(placeholder)}\b", lambda _, name=name: name, line)
    text = " ".join(line.split())
    return re.compile(".*".join(re.escape(part.strip()) for part in text.split("...")))
