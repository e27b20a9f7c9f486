"""Files of football odds: messages made of them, and what is said about bad lines and files."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.football.rows import ROW, one, read, table
from xarb_runtime.bus.cloudevents import CloudEvent, decode, encode
from xarb_runtime.bus.opportunities import read_opportunity
from xarb_runtime.domain.opportunity import Opportunity
from xarb_runtime.simulation.football import (
    FootballFormatError,
    read_football,
    to_cloudevent,
    to_cloudevents,
)
from xarb_runtime.simulation.football_csv import OPTIONAL_ODDS, REQUIRED

# -- Messages --------------------------------------------------------------------------------------


def test_a_message_carries_the_moment_of_its_detection(tmp_path: Path) -> None:
    opportunity = one(tmp_path)
    message = decode(encode(to_cloudevent(opportunity, 1_700_000_000_123)))

    assert opportunity.detected_ms == 0
    assert isinstance(message, CloudEvent)
    assert (message.type, message.time_ms) == ("opportunity.detected", 1_700_000_000_123)
    assert (message.source, message.id) == ("football-data.co.uk", opportunity.id)
    expected = msgspec.structs.replace(opportunity, detected_ms=1_700_000_000_123)
    assert read_opportunity(message.data) == expected


def test_messages_follow_each_other_in_time(tmp_path: Path) -> None:
    rows = [ROW | {"HomeTeam": f"Team {number}"} for number in range(3)]
    messages = list(to_cloudevents(read(tmp_path, *rows).opportunities, 5_000, 200))

    assert [message.time_ms for message in messages] == [5_000, 5_200, 5_400]
    assert len({message.id for message in messages}) == 3


@given(
    home=st.text(min_size=1, max_size=60),
    away=st.text(min_size=1, max_size=60),
    division=st.text(min_size=1, max_size=30),
)
def test_whatever_the_teams_are_called_the_message_is_sound(
    tmp_path_factory, home: str, away: str, division: str
) -> None:
    changes = {"HomeTeam": home, "AwayTeam": away, "Div": division}
    path = tmp_path_factory.getbasetemp() / "names.csv"
    path.write_bytes(table(ROW | changes).encode(errors="replace"))
    try:
        found = read_football(path)
    except FootballFormatError:
        return
    assert found.rows == len(found.opportunities) + len(found.skipped)
    for message in to_cloudevents(found.opportunities, 1, 1):
        assert isinstance(read_opportunity(message.data), Opportunity)


# -- Bad lines -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Max>2.5": ""}, "Max>2.5: expected decimal odds above 1, found nothing"),
        ({"Max<2.5": "x"}, "Max<2.5: expected decimal odds above 1, found 'x'"),
        ({"MaxC>2.5": "1.00"}, "MaxC>2.5: expected decimal odds above 1, found '1.00'"),
        ({"MaxC<2.5": "0"}, "MaxC<2.5: expected decimal odds above 1, found '0'"),
        ({"Max>2.5": "1e5"}, "Max>2.5: expected decimal odds above 1, found '1e5'"),
        ({"Max>2.5": "2,26"}, "Max>2.5: expected decimal odds above 1, found '2,26'"),
        ({"Max>2.5": "99999"}, "Max>2.5: expected decimal odds above 1, found '99999'"),
        ({"Max>2.5": "\u0662.\u0665"}, "Max>2.5: expected decimal odds above 1, found "),
        ({"Max>2.5": "9" * 80}, "Max>2.5: expected decimal odds above 1, found '9999"),
        ({"Date": ""}, "Date: expected dd/mm/yyyy, found nothing"),
        ({"Date": "2021-08-13"}, "Date: expected dd/mm/yyyy, found '2021-08-13'"),
        ({"Date": "31/02/2021"}, "Date: expected dd/mm/yyyy, found '31/02/2021'"),
        ({"Date": "13/13/2021"}, "Date: expected dd/mm/yyyy, found '13/13/2021'"),
        ({"Time": "24:00"}, "Time: expected hh:mm, found '24:00'"),
        ({"Time": "8pm"}, "Time: expected hh:mm, found '8pm'"),
        ({"HomeTeam": " "}, "HomeTeam: expected a text, found nothing"),
        ({"AwayTeam": ""}, "AwayTeam: expected a text, found nothing"),
        ({"Div": ""}, "Div: expected a text, found nothing"),
        (
            {"Max>2.5": "", "MaxC<2.5": "?"},
            (
                "Max>2.5: expected decimal odds above 1, found nothing; "
                "MaxC<2.5: expected decimal odds above 1, found '?'"
            ),
        ),
    ],
)
def test_a_line_that_cannot_be_used_is_reported(tmp_path, changes, reason) -> None:
    found = read(tmp_path, ROW | {"HomeTeam": "Before"}, ROW | changes, ROW | {"HomeTeam": "After"})

    assert len(found.opportunities) == 2
    assert found.rows == 3
    (note,) = found.skipped
    assert str(note).startswith(f"line 3: {reason}")
    assert len(note.reason) < 200


def test_nothing_of_a_skipped_line_is_priced(tmp_path: Path) -> None:
    assert read(tmp_path, ROW | {"Max>2.5": ""}).prices == {}


def test_the_same_match_a_second_time_is_reported(tmp_path: Path) -> None:
    found = read(tmp_path, ROW, ROW | {"Max>2.5": "9"}, ROW | {"Date": "13/08/21"})

    assert [it.leg_a.odds for it in found.opportunities] == [Decimal("2.26")]
    assert [str(note) for note in found.skipped] == [
        "line 3: expected each match once, found it on line 2",
        "line 4: expected each match once, found it on line 2",
    ]


def test_blank_lines_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "odds.csv"
    path.write_text(table(ROW) + "\n" + "," * 21 + "\n\n")
    found = read_football(path)

    assert (found.rows, len(found.skipped)) == (1, 0)


def test_a_line_that_is_too_short_or_too_long_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "odds.csv"
    path.write_text(
        table(ROW | {"HomeTeam": "x"})
        + "E0,13/08/2021\n"
        + table(ROW)[:-2].split("\n")[1]
        + ",,more\n"
    )
    found = read_football(path)

    assert len(found.opportunities) == 1
    assert [note.line for note in found.skipped] == [3, 4]
    assert found.skipped[0].reason.startswith("HomeTeam: expected a text, found nothing; ")
    assert found.skipped[1].reason == "expected no cells beyond the last column, found 'more'"


def test_a_file_without_the_time_will_do(tmp_path: Path) -> None:
    assert one(tmp_path, Time="").event == "E0 2021-08-13 Ashford Utd - Bexley, goals 2.5"


def test_columns_of_other_books_that_are_missing_are_noted_once(tmp_path: Path) -> None:
    path = tmp_path / "odds.csv"
    path.write_text(",".join(REQUIRED) + "\n" + ",".join(ROW[name] for name in REQUIRED) + "\n")
    found = read_football(path)

    assert [it.hedges for it in found.opportunities] == [()]
    assert [str(note) for note in found.notes] == [
        f"line 1: no column {name}" for name in OPTIONAL_ODDS
    ]


# -- Bad files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", REQUIRED)
def test_a_file_without_a_required_column_is_refused(tmp_path: Path, column: str) -> None:
    path = tmp_path / "odds.csv"
    path.write_text(table(ROW).replace(f"{column},", "other,", 1).replace(f"{column}\r", "other\r"))
    with pytest.raises(
        FootballFormatError, match=r"odds\.csv:1: expected the columns Div, "
    ) as caught:
        read_football(path)

    assert f"{column} missing, found " in str(caught.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "odds.csv:1: expected the columns"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "odds.csv:1: expected the columns"),
        (b"<html>", "odds.csv:1: expected the columns"),
        (b'"unclosed', "odds.csv:1: expected comma-separated values, found: "),
        (table(ROW).encode() + b'"a"b,c\n', "odds.csv:3: expected comma-separated values, found: "),
        (
            table(ROW).replace("FTHG", "Div").encode(),
            "odds.csv:1: expected each column once, found",
        ),
    ],
)
def test_a_file_in_another_format_is_refused(tmp_path: Path, body: bytes, said: str) -> None:
    path = tmp_path / "odds.csv"
    path.write_bytes(body)
    with pytest.raises(FootballFormatError) as caught:
        read_football(path)

    assert said in str(caught.value)
    assert len(str(caught.value)) < 700


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FootballFormatError, match="expected a readable file, found: No such file"):
        read_football(tmp_path / "nothing.csv")


def test_files_in_either_encoding_are_read(tmp_path: Path) -> None:
    text = table(ROW | {"HomeTeam": "Cádiz"})
    for encoding in ("utf-8", "utf-8-sig", "latin-1"):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes(text.encode(encoding))
        (opportunity,) = read_football(path).opportunities

        assert opportunity.id == "fd-e0-20210813-cadiz-bexley"
        assert "Cádiz" in opportunity.event


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_the_one_error(tmp_path_factory, body: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    for content in (body, table(ROW).encode() + body):
        path.write_bytes(content)
        try:
            found = read_football(path)
        except FootballFormatError:
            continue
        assert found.rows == len(found.opportunities) + len(found.skipped)
