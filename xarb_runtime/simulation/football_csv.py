"""
The CSV files of football-data.co.uk: one match a line, with odds for over and under 2.5 goals.

Columns: `Div, Date, Time, HomeTeam, AwayTeam`, and odds by book: `Max` the best of all books, `Avg`
their average, `B365` and `P` single books. `Max>2.5` was collected before the match,
`MaxC>2.5` when the market closed. Odds are made from their texts, never through a float.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

#: The books beside the best of the market, by their name in the columns.
BOOKS = ("B365", "P", "Avg")
REQUIRED_ODDS = ("Max>2.5", "Max<2.5", "MaxC>2.5", "MaxC<2.5")
REQUIRED = ("Div", "Date", "HomeTeam", "AwayTeam", *REQUIRED_ODDS)
OPTIONAL_ODDS = tuple(
    f"{book}{when}{side}2.5" for book in BOOKS for when in ("", "C") for side in "><"
)

_ODDS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,6})?")
_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4}|[0-9]{2})")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_GOALS = re.compile(r"[0-9]{1,2}")
_SHOWN = 40


class FootballFormatError(ValueError):
    """A file is not in the format of football-data.co.uk; says what was expected and found."""


class Note(msgspec.Struct, frozen=True):
    """Something that was wrong with one line; `line` counts from 1, the header included."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """
    One match.

    Attributes:
        line: where it stands.
        division: the league, e.g. `E0`.
        day: the day it was played.
        kickoff: `20:00`, or empty.
        home, away: the teams.
        odds: by column; the required ones are always there.
        goals: how many there were in the end; None where the file does not say.
    """

    line: int
    division: str
    day: dt.date
    kickoff: str
    home: str
    away: str
    odds: dict[str, Decimal]
    goals: int | None = None


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a file holds.

    Attributes:
        count: lines with a match, good or bad; blank lines do not count.
        matches: those that can be used.
        skipped: those that cannot, with the reason.
        notes: what is missing in those that can.
    """

    count: int
    matches: tuple[Match, ...]
    skipped: tuple[Note, ...]
    notes: tuple[Note, ...]


def read_rows(path: Path) -> Rows:
    """
    Read a file.

    Raises:
        FootballFormatError: the file as a whole cannot be used; names the file.
    """
    matches: list[Match] = []
    skipped: list[Note] = []
    notes: list[Note] = []
    for line, row in _records(path):
        if line == 1:
            notes += [Note(1, f"no column {name}") for name in OPTIONAL_ODDS if name not in row]
            continue
        problems = _problems(row)
        if problems:
            skipped.append(Note(line, "; ".join(problems)))
            continue
        matches.append(_match(line, row))
        notes += [Note(line, problem) for problem in _odds_problems(row, OPTIONAL_ODDS)]
    return Rows(
        count=len(matches) + len(skipped),
        matches=tuple(matches),
        skipped=tuple(skipped),
        notes=tuple(notes),
    )


def _records(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    # The header comes first, as a record of its own.
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header)
        yield 1, _record(header, header)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, _record(header, cells)
    except csv.Error as error:
        message = f"{path}:{reader.line_num}: expected comma-separated values, found: {error}"
        raise FootballFormatError(message) from None


def _text(path: Path) -> str:
    try:
        body = path.read_bytes()
    except OSError as error:
        message = f"{path}: expected a readable file, found: {error.strerror}"
        raise FootballFormatError(message) from None
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")  # older files; names of teams at most


def _check_header(path: Path, header: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        found = ", ".join(header)[:200] or "nothing"
        message = (
            f"{path}:1: expected the columns {', '.join(REQUIRED)}; "
            f"{', '.join(missing)} missing, found {found}. "
            "Files of football-data.co.uk have them since the season 2019/20."
        )
        raise FootballFormatError(message)
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        message = f"{path}:1: expected each column once, found {', '.join(twice)} twice"
        raise FootballFormatError(message)


def _record(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    filled = [*cells, *[""] * len(header)]
    row = {name: cell.strip() for name, cell in zip(header, filled, strict=False) if name}
    beyond = [cell for cell in cells[len(header) :] if cell.strip()]
    return row | ({"": beyond[0]} if beyond else {})


def _problems(row: dict[str, str]) -> list[str]:
    found: list[str] = []
    if "" in row:
        found.append(f"expected no cells beyond the last column, found {_shown(row[''])}")
    found += [
        f"{name}: expected a text, found nothing"
        for name in ("Div", "HomeTeam", "AwayTeam")
        if not row[name]
    ]
    found += [problem for problem in (_date_problem(row), _time_problem(row)) if problem]
    return found + _odds_problems(row, REQUIRED_ODDS)


def _odds_problems(row: dict[str, str], names: Sequence[str]) -> list[str]:
    return [
        f"{name}: expected decimal odds above 1, found {_shown(row[name])}"
        for name in names
        if name in row and not _is_odds(row[name])
    ]


def _is_odds(text: str) -> bool:
    return bool(_ODDS.fullmatch(text)) and Decimal(text) > 1


def _date_problem(row: dict[str, str]) -> str:
    date = row["Date"]
    return "" if _day(date) else f"Date: expected dd/mm/yyyy, found {_shown(date)}"


def _time_problem(row: dict[str, str]) -> str:
    time = row.get("Time", "")
    if not time or _TIME.fullmatch(time):
        return ""
    return f"Time: expected hh:mm, found {_shown(time)}"


def _match(line: int, row: dict[str, str]) -> Match:
    day = _day(row["Date"])
    assert day is not None  # noqa: S101 -- rows with another date are skipped before
    odds = (*REQUIRED_ODDS, *OPTIONAL_ODDS)
    return Match(
        line=line,
        division=row["Div"],
        day=day,
        kickoff=row.get("Time", ""),
        home=row["HomeTeam"],
        away=row["AwayTeam"],
        odds={name: Decimal(row[name]) for name in odds if _is_odds(row.get(name, ""))},
        goals=_goals(row.get("FTHG", ""), row.get("FTAG", "")),
    )


def _goals(home: str, away: str) -> int | None:
    told = _GOALS.fullmatch(home) and _GOALS.fullmatch(away)
    return int(home) + int(away) if told else None


def _day(text: str) -> dt.date | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year = int(match[3]) if len(match[3]) == len("2021") else 2000 + int(match[3])
    try:
        return dt.date(year, int(match[2]), int(match[1]))
    except ValueError:
        return None


def _shown(text: str) -> str:
    if not text:
        return "nothing"
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}..."
