"""
What commands write, and how it looks.
"""

import os
import sys
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xarb_runtime.cli.state import hidden

#: What an execution owns, by colour; the same in every picture that xarb draws.
COLOURS = {"flat": "dim", "one_leg": "bold red", "hedged": "green", "unknown": "yellow"}
LEVELS = {"running": "bold green", "stopped": "bold red", "halted": "bold red"}

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class _Screen(Console):
    """A console that leaves it to whoever writes what to do when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        """Raise what the library is handling; by itself it would end the process, with 1."""
        raise  # noqa: PLE0704  called by the library while it handles a BrokenPipeError


def out() -> Console:
    """Return the console of standard output; made anew, since tests exchange the stream."""
    # A pipe has no width: nothing there may be cut or wrapped.
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 200
    return _Screen(highlight=False, soft_wrap=False, width=width)


def write(text: str | Text = "", style: str = "") -> None:
    """Write a line to standard output; brackets in it are brackets."""
    shown = hidden(text) if isinstance(text, str) else text
    out().print(shown, style=style or None, markup=False, soft_wrap=True)


def complain(text: str) -> None:
    """Write what is wrong to standard error."""
    _stderr(text, "red")


def remark(text: str) -> None:
    """Write what is worth knowing beside the answer to standard error."""
    _stderr(text, "dim")


def _stderr(text: str, style: str) -> None:
    console = _Screen(stderr=True, highlight=False)
    console.print(hidden(text), style=style, markup=False, soft_wrap=True)


def write_json(value: Any) -> None:
    """Write a value as indented JSON."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    sys.stdout.write(hidden(text) + "\n")


class PlainTable(Table):
    """A table in whose cells brackets are brackets: they hold what others have written."""

    def add_row(self, *cells: Any, **style: Any) -> None:
        """Add a row."""
        shown = (Text(cell) if isinstance(cell, str) else cell for cell in cells)
        super().add_row(*shown, **style)


def venue_state(name: str, *, up: bool) -> Text:
    """Return the state of a venue in its colour."""
    return Text(name, style="" if up else "bold red")


def table(*columns: str, title: str = "", right: tuple[str, ...] = ()) -> PlainTable:
    """Return an empty table; the columns in `right` hold numbers."""
    made = PlainTable(
        title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold"
    )
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return made


def exposure(name: str) -> Text:
    """Return an exposure in its colour."""
    return Text(name, style=COLOURS.get(name, ""))


def level(name: str) -> Text:
    """Return a level in its colour."""
    return Text(name, style=LEVELS.get(name, "bold yellow"))


def clock(time_ms: int | None) -> str:
    """Return a moment as people read it, UTC."""
    if not time_ms:
        return ""
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    today = moment.date() == datetime.fromtimestamp(time.time(), UTC).date()
    return f"{moment:%H:%M:%S}" if today else f"{moment:%Y-%m-%d %H:%M:%S}"


def lasted(milliseconds: int) -> str:
    """Return how long something took: 850 ms, 12.3 s, 5 m 20 s, 3 h 10 m, 2 d 4 h."""
    if milliseconds < SECOND_MS:
        return f"{milliseconds} ms"
    if milliseconds < MINUTE_MS:
        return f"{milliseconds / SECOND_MS:.1f} s"
    if milliseconds < HOUR_MS:
        return f"{milliseconds // MINUTE_MS} m {milliseconds % MINUTE_MS // SECOND_MS} s"
    if milliseconds < DAY_MS:
        return f"{milliseconds // HOUR_MS} h {milliseconds % HOUR_MS // MINUTE_MS} m"
    return f"{milliseconds // DAY_MS} d {milliseconds % DAY_MS // HOUR_MS} h"
