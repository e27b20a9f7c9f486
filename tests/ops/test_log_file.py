"""Log files: rotated by size, from many threads, without losing a line or stopping anything."""

import io
import json
import threading
from pathlib import Path

import pytest
import structlog

from tests.ops.test_logs import settings_of
from xarb_runtime.ops.log_file import LogFile
from xarb_runtime.ops.logs import logging_to
from xarb_runtime.service.settings import SettingsError
from xarb_runtime.service.settings_sections import parse_size

THREADS, LINES = 8, 400


def files(folder: Path, name: str = "xarb.log") -> list[Path]:
    """The files, the oldest first."""
    order = {path: int(path.suffix[1:]) for path in folder.glob(f"{name}.*")}
    return [*sorted(order, key=order.__getitem__, reverse=True), folder / name]


def test_rotation_under_load_loses_no_line(tmp_path: Path) -> None:
    wanted = {"file": "xarb.log", "rotate_size": "20kB", "keep": 1000}
    settings = settings_of(tmp_path, logging=wanted)
    with logging_to(settings, tmp_path, io.StringIO()) as logs:

        def work(thread: int) -> None:
            log = structlog.get_logger("xarb.test")
            for number in range(LINES):
                log.info("line", thread=thread, number=number, text="x" * (number % 80))

        threads = [threading.Thread(target=work, args=(each,)) for each in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lost = logs.lost
    found = [json.loads(line) for path in files(tmp_path) for line in path.read_text().splitlines()]
    seen: dict[int, list[int]] = {}
    for line in found:
        seen.setdefault(line["fields"]["thread"], []).append(line["fields"]["number"])

    assert lost == 0
    assert len(files(tmp_path)) > 10
    assert all(path.stat().st_size <= 20_000 for path in files(tmp_path))
    assert seen == {thread: list(range(LINES)) for thread in range(THREADS)}


def test_no_more_files_are_kept_than_wanted(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, logging={"file": "xarb.log", "rotate_size": "10kB", "keep": 2})
    with logging_to(settings, tmp_path, io.StringIO()):
        for number in range(400):
            structlog.get_logger("xarb").info("line", number=number, text="x" * 100)
    kept = files(tmp_path)
    numbers = [
        json.loads(line)["fields"]["number"]
        for path in kept
        for line in path.read_text().splitlines()
    ]

    assert [path.name for path in kept] == ["xarb.log.2", "xarb.log.1", "xarb.log"]
    assert numbers == list(range(numbers[0], 400))


def test_a_start_goes_on_in_the_file_of_the_last_one(tmp_path: Path) -> None:
    for text in ("one", "two"):
        file = LogFile(tmp_path / "xarb.log", size=10_000, keep=1)
        file.write(text)
        file.close()

    assert (tmp_path / "xarb.log").read_text() == "one\ntwo\n"


def test_where_it_cannot_be_rotated_the_file_grows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "xarb.log.1" / "in the way").mkdir(parents=True)
    file = LogFile(tmp_path / "xarb.log", size=50, keep=1)
    for number in range(10):
        file.write(f"line {number} {'x' * 20}")
    file.close()

    assert len((tmp_path / "xarb.log").read_text().splitlines()) == 10
    assert file.lost == 0
    assert capsys.readouterr().err.count("cannot be rotated") == 1


def test_a_line_that_cannot_be_written_is_counted_and_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = LogFile(Path("/dev/full"), size=10_000, keep=1)
    file.write("lost")
    file.write("lost too")
    file.close()

    assert file.lost == 2
    assert capsys.readouterr().err.count("cannot be written") == 1


def test_a_percent_sign_is_one(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "xarb.log", size=10_000, keep=1)
    file.write("100 % %s {}")
    file.close()

    assert (tmp_path / "xarb.log").read_text() == "100 % %s {}\n"


@pytest.mark.parametrize(
    ("text", "size"), [("10kB", 10_000), ("1.5 MB", 1_500_000), ("2GB", 2_000_000_000)]
)
def test_sizes_have_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["50", "50 mb", "much", "1kB", "-5MB"])
def test_a_size_that_does_not_fit_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"logging\.rotate_size .* a size such as 500kB"):
        settings_of(tmp_path, logging={"rotate_size": text})


def test_checkpoints_need_a_file_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="another file than"):
        settings_of(tmp_path, logging={"file": "a.log", "checkpoints": "a.log"})
