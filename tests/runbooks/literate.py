"""
Pages that can be executed: their sections, console blocks, and the files that they tell to write.

In a page, ```` ```console ```` holds commands (`$ xarb ...`). A comment `<!-- tabletop: NAME -->`
says in which situation the commands after it are typed. `<!-- file: NAME -->` says that the block
after it is that file; so does a first line in YAML or Python that is a comment with the name.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

_LINE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```$"
    r"|^(?P<heading>#+) (?P<title>[^\n]+)$"
    r"|^ *<!-- tabletop: (?P<situation>\w+) -->$"
    r"|^ *<!-- file: (?P<file>[\w./-]+) -->$",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"# (?P<name>[\w./-]+\.(?:py|yaml))\n")


class Block(msgspec.Struct, frozen=True):
    """
    A fenced block.

    Attributes:
        language: as written after the fence.
        text: what is inside, without indentation.
        section: the heading above it.
        situation: the situation that was named last; empty for none.
        named: the file's name that stands above it; empty for none.
        line: where it begins, counted from 1.
    """

    language: str
    text: str
    section: str
    situation: str
    named: str
    line: int

    @property
    def file(self) -> str:
        """The name of the file that this block is; empty when it is none."""
        match = _FILE.match(self.text) if self.language in {"python", "yaml"} else None
        return match["name"] if match else self.named

    @property
    def commands(self) -> list[str]:
        """The commands of a console block."""
        if self.language != "console":
            return []
        return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    section = situation = file = ""
    for match in _LINE.finditer(text):
        if match["title"]:
            section = re.sub(r" *<a id=.*", "", match["title"])
        elif match["situation"]:
            situation = match["situation"]
        elif match["file"]:
            file = match["file"]
        else:
            line = text.count("\n", 0, match.start()) + 1
            body = "".join(
                each.removeprefix(match["indent"])
                for each in match["body"].splitlines(keepends=True)
            )
            yield Block(match["language"], body, section, situation, file, line)
            file = ""


def words(command: str, names: dict[str, str]) -> list[str]:
    """
    Return a command as arguments, its placeholders (words in capitals) filled in.

    Raises:
        LookupError: a placeholder is not known in this situation.
    """
    return [_filled(word, names) for word in shlex.split(command)]


def _filled(word: str, names: dict[str, str]) -> str:
    if not re.fullmatch(r"[A-Z]{2,}(_[A-Z]+)*", word):
        return word
    if word not in names:
        message = f"expected one of {', '.join(sorted(names)) or 'no placeholders'}, found {word}"
        raise LookupError(message)
    return names[word]
