"""`xarb venue-fault`: something is to go wrong at a simulator that runs; what it holds is shown."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.deployed import told, write_deployment, xarb
from tests.cli.test_venue_sim import lines_until, simulating
from tests.servers.ports import free_port


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A simulator of SX Bet; the tests leave nothing waiting."""
    desk = write_deployment(tmp_path_factory.mktemp("desk") / "desk")
    with simulating(desk, "sx", "--json") as process:
        yield json.loads("".join(lines_until(process, "}")))["url"]


def said(*words: object) -> str:
    """What it tells, without pauses between words."""
    result = xarb("venue-fault", *words)
    assert result.exit_code == 0, told(result)
    return told(result)


def test_a_fault_waits_until_it_is_forgotten(address: str) -> None:
    port = address.rpartition(":")[2]

    assert "waits: lost, 1 more" in said(port, "lost")
    assert "waits: slow, 50 of a thousand" in said(port, "slow", "per_thousand=50", "wait=7s")
    assert "waits: late_index, 2 more" in said(port, "late_index", "numbers=3,5", "looks=1")
    limit = said(port, "--clear", "limit", "during=1h", "only=GET /fills*")
    assert "lost" not in limit
    # Some of the hour has passed by then.
    assert re.search(r"waits: limit, (1 h 0|59) m(?: \d+ s)? more of GET /fills\*", limit)
    assert "waits: nothing" in said(port, "--clear")


def test_alone_it_shows_everything(address: str) -> None:
    shown = said(address)

    assert 'outcome: "one" Los Angeles Rams 2.0000 up to 1000000.00' in " ".join(shown.split())
    assert "no orders" in shown
    assert "waits: nothing" in shown


def test_json_has_all_words_that_are_understood(address: str) -> None:
    found = json.loads(xarb("venue-fault", address, "--json").stdout)

    assert found["faults"]["faults"]["lost"]["subject"] == "order"
    assert found["book"]["orders"] == []


def test_a_file_has_several(address: str, tmp_path: Path) -> None:
    script = tmp_path / "night.yaml"
    script.write_text("faults:\n  - {fault: lost, next: 2}\n  - {fault: cancel_unconfirmed}\n")

    shown = said(address, "--file", script)

    assert "waits: lost, 2 more" in shown
    assert "waits: cancel_unconfirmed, 1 more" in shown
    said(address, "--clear")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("lots",), "faults[0].fault: expected one of away, cancel_refused"),
        (("lost", "nxt=1"), "found nxt. Did you mean 'next'?"),
        (("lost", "2"), "2: this says nothing of the fault. expected a key and a value"),
        (("--file", "none.yaml"), "none.yaml"),
    ],
)
def test_what_does_not_fit_is_bad_input(
    address: str, words: tuple[str, ...], expected: str
) -> None:
    result = xarb("venue-fault", address, *words)

    assert result.exit_code == 2
    assert expected in told(result)


def test_a_script_without_faults_is_none(address: str, tmp_path: Path) -> None:
    script = tmp_path / "night.yaml"
    script.write_text("mix: {lost: 5}\n")

    result = xarb("venue-fault", address, "--file", script)

    assert result.exit_code == 2
    assert "this is no script of faults. expected one key, faults, with a list" in told(result)


def test_an_address_must_be_one_at_which_a_simulator_listens() -> None:
    nobody, none = xarb("venue-fault", free_port(), "lost"), xarb("venue-fault", "desk", "lost")

    assert nobody.exit_code == 1
    assert "no simulator answers. found" in told(nobody)
    assert none.exit_code == 2
    assert "desk: this is no simulator's address. expected a port, or a URL" in told(none)
