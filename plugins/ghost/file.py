"""
The book on disk: one JSON line for each entry of its history, flushed before anybody hears of it.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from .book import BookLine, GhostBook


def read_book(path: Path) -> GhostBook:
    """
    Return the book in a file; an empty one if there is no file.

    A last line without its end was cut off by a kill: nobody has heard of it, it does not count.

    Raises:
        ValueError: another line is not an entry of a book; the message names file and line.
    """
    return GhostBook.from_lines(_lines(path))


def _lines(path: Path) -> Iterator[BookLine]:
    if not path.exists():
        return
    whole = path.read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(whole, 1):
        try:
            yield msgspec.json.decode(line, type=BookLine)
        except msgspec.DecodeError as error:
            raise ValueError(f"{path}:{number}: expected an entry of a book, {error}") from error


@contextmanager
def kept_book(path: Path) -> Generator[GhostBook, None, None]:
    """Open the book in a file and write down everything that is added to it."""
    book = read_book(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _drop_torn_line(path)
    with path.open("ab") as file:

        def write(line: BookLine) -> None:
            file.write(msgspec.json.encode(line) + b"\n")
            file.flush()

        book.on_line = write
        yield book


def _drop_torn_line(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
