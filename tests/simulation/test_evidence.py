"""The evidence is the same bytes on every run and machine, and what is committed is up to date."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from tests.simulation.stage import ROOT
from xarb_runtime.simulation.campaign import Report
from xarb_runtime.simulation.evidence import LOG, MARKDOWN, PAGE, evidence, write_evidence

PROGRAM = """\
import sys
from pathlib import Path
from xarb_runtime.simulation.ghost import run_ghost
run_ghost(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def files(report: Report) -> dict[str, bytes]:
    return evidence(report)


def elsewhere(folder: Path, hash_seed: str) -> dict[str, bytes]:
    """Make the evidence in a process of its own, in another folder, with another hash seed."""
    folder.mkdir()
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo", "LANG": "C"}
    command = [sys.executable, "-c", PROGRAM, str(ROOT), str(folder / "out")]
    subprocess.run(command, cwd=folder, env=environ, check=True, timeout=150)
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


def test_it_is_the_same_in_another_process_folder_and_time_zone(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    assert elsewhere(tmp_path / "a folder", "4321") == files


@pytest.mark.parametrize("name", [LOG, MARKDOWN, PAGE])
def test_what_is_committed_is_what_is_made_now(name: str, files: dict[str, bytes]) -> None:
    committed = ROOT / "evidence" / name

    assert committed.read_bytes() == files[name], f"type `make ghost`: evidence/{name} is old"


def test_every_line_of_the_log_is_one_object_with_six_parts(files: dict[str, bytes]) -> None:
    lines = [msgspec.json.decode(line) for line in files[LOG].splitlines()]

    parts = ["timestamp", "level", "target", "message", "fields", "span"]
    assert all(list(line) == parts for line in lines)
    assert {line["level"] for line in lines} <= {"info", "warning", "error"}


def test_the_log_goes_forward_in_time(files: dict[str, bytes]) -> None:
    moments = [msgspec.json.decode(line)["timestamp"] for line in files[LOG].splitlines()]

    assert moments == sorted(moments)
    assert all(datetime.fromisoformat(moment) for moment in moments[::500])


def test_steps_commands_answers_and_checkpoints_are_in_the_log(files: dict[str, bytes]) -> None:
    targets = {msgspec.json.decode(line)["target"] for line in files[LOG].splitlines()}

    wanted = {"xarb.step", "xarb.command", "xarb.answer", "xarb.checkpoint", "xarb.wire"}
    assert wanted <= targets


def test_a_command_is_committed_before_it_goes_over_the_wire(files: dict[str, bytes]) -> None:
    """As anyone can read it in the log."""
    committed: set[str] = set()
    waiting: set[str] = set()
    for text in files[LOG].splitlines():
        line = msgspec.json.decode(text)
        fields = line["fields"]
        if line["target"] == "xarb.command":
            (committed if fields.get("found") else waiting).add(fields["key"])
        elif line["target"] == "xarb.checkpoint" or line["message"] == "started again":
            committed |= waiting
        elif line["target"] == "xarb.wire" and line["message"].endswith(" place"):
            assert fields["client_id"] in committed


def test_nothing_of_this_machine_is_in_it(files: dict[str, bytes]) -> None:
    foreign = [str(ROOT), "/tmp", "/dev/shm", os.uname().nodename]

    found = [
        (name, text)
        for name, content in files.items()
        for text in foreign
        if len(text) > 3 and text.encode() in content
    ]

    assert not found


def test_the_page_needs_nothing_else(files: dict[str, bytes]) -> None:
    page = files[PAGE].decode()

    for outside in ("http:", "https:", "src=", "@import", "url(", "<link", "<script"):
        assert outside not in page


def test_the_page_is_well_formed(files: dict[str, bytes]) -> None:
    nesting = _Nesting()
    nesting.feed(files[PAGE].decode())

    assert nesting.open == []


class _Nesting(HTMLParser):
    """Notes elements that are open; those without an end are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Open and closed at once."""


def test_every_drawing_is_an_image_by_itself(files: dict[str, bytes], report: Report) -> None:
    page = files[PAGE].decode()
    drawings = page.split('<svg class="lanes"')[1:]

    assert len(drawings) == len(report.played)
    for drawing in drawings:
        root = ET.fromstring("<svg" + drawing[: drawing.index("</svg>") + 6])
        assert root.get("role") == "img"


def test_every_scenario_has_its_place_on_the_page(files: dict[str, bytes], report: Report) -> None:
    page = files[PAGE].decode()

    for played in report.played:
        assert f'href="#{played.scenario.name}"' in page
        assert f'id="{played.scenario.name}"' in page


def test_the_page_follows_the_reader_into_the_dark(files: dict[str, bytes]) -> None:
    assert "prefers-color-scheme: dark" in files[PAGE].decode()


def test_files_are_there_completely_or_not_at_all(tmp_path: Path, report: Report) -> None:
    written = write_evidence(report, tmp_path / "new" / "folder")

    assert sorted(path.name for path in written) == sorted([LOG, MARKDOWN, PAGE])
    assert sorted((tmp_path / "new" / "folder").iterdir()) == sorted(written)
