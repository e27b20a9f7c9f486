"""Logs: one JSON object a line, always of the same shape, never with a secret in it."""

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.ops.running import write_deployment
from xarb_runtime.ops.logs import logging_to
from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.service.settings import Settings, load_settings

SECRET = "correct-horse-battery"


STEP = {
    "execution": "x-1",
    "signal": "leg_a.filled",
    "outcome": "moved",
    "before": ["a_placing"],
    "after": ["b_quoting"],
    "exposure": "one_leg",
}


def settings_of(folder: Path, secrets: str = "", **sections: Any) -> Settings:
    logging = {"file": "", **sections.pop("logging", {})}
    write_deployment(folder, logging=logging, **sections)
    path = folder / ".secrets.yaml"
    path.write_text(secrets)
    path.chmod(0o600)
    return load_settings(folder, {})


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_says_where_it_belongs(tmp_path: Path) -> None:
    out = io.StringIO()
    with logging_to(settings_of(tmp_path), tmp_path, out):
        structlog.get_logger("xarb.writer").info("done", execution="x-1", key="x-1:1:0", count=2)

    (line,) = lines(out)
    assert list(line) == ["timestamp", "level", "target", "message", "fields", "span"]
    assert line["timestamp"].endswith("Z")
    assert (line["level"], line["target"], line["message"]) == ("info", "xarb.writer", "done")
    assert line["fields"] == {"count": 2}
    assert line["span"] == {"execution": "x-1", "command": "x-1:1:0"}


def test_less_important_lines_are_not_written(tmp_path: Path) -> None:
    out = io.StringIO()
    with logging_to(settings_of(tmp_path, logging={"level": "warning"}), tmp_path, out):
        log = structlog.get_logger("xarb")
        log.info("no")
        log.warning("yes")

    assert [line["message"] for line in lines(out)] == ["yes"]


def test_no_secret_is_written_wherever_it_stands(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"venues:\n  sx:\n    price_file: {SECRET}\n")
    out = io.StringIO()
    with logging_to(settings, tmp_path, out) as logs:
        logs.redaction.add("feedface" * 8)
        log = structlog.get_logger("xarb")
        log.info("url", url=f"with {SECRET}", nested={"deep": [f"x{SECRET}x"]}, password="p")
        log.warning("token", found="feedface" * 8, url="amqp://guest:pw@host/")
        log.info("settings", settings=settings.redacted())
        try:
            int(SECRET)
        except ValueError:
            log.exception("failed")
        logging.getLogger("elsewhere").error("said %s", SECRET)

    text = out.getvalue()
    assert SECRET not in text
    assert "feedface" not in text
    assert '"password":"***"' in text
    assert "guest:***@host" in text
    assert len(lines(out)) == 5


def test_an_exception_is_one_line_with_its_traceback(tmp_path: Path) -> None:
    out = io.StringIO()
    with logging_to(settings_of(tmp_path), tmp_path, out):
        try:
            {}["nothing there"]
        except KeyError:
            structlog.get_logger("xarb").exception("failed")

    (line,) = lines(out)
    assert line["level"] == "error"
    assert "KeyError: 'nothing there'" in line["fields"]["exception"]


def test_what_cannot_be_written_as_json_is_shown_somehow(tmp_path: Path) -> None:
    out = io.StringIO()
    with logging_to(settings_of(tmp_path), tmp_path, out):
        structlog.get_logger("xarb").info("odd", thing=object(), path=tmp_path, numbers={1: 2})

    (line,) = lines(out)
    assert line["fields"]["thing"].startswith("<object")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_lines_for_people(tmp_path: Path) -> None:
    out = Terminal()
    with logging_to(settings_of(tmp_path), tmp_path, out):
        log = structlog.get_logger("xarb.journal")
        log.info("done", count=2, token="secret")
        log.info("checkpoint", number=1)
        log.info("step", **STEP)

    assert "done" in out.getvalue()
    assert "x-1  leg_a.filled  a_placing -> b_quoting" in out.getvalue()
    assert "checkpoint" not in out.getvalue()
    assert not out.getvalue().startswith("{")
    assert "secret" not in out.getvalue()


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_log_file_is_appended_to(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, logging={"file": "var/xarb.log"})
    for number in (1, 2):
        with logging_to(settings, tmp_path, io.StringIO()):
            structlog.get_logger("xarb").info("line", number=number)

    found = written(tmp_path / "var" / "xarb.log")
    assert [line["fields"]["number"] for line in found] == [1, 2]


@pytest.mark.parametrize("key", ["file", "checkpoints"])
def test_a_log_file_that_cannot_be_written_is_named(tmp_path: Path, key: str) -> None:
    settings = settings_of(tmp_path, logging={key: "settings.yaml/xarb.log"})

    with pytest.raises(ProblemError, match=rf"logging\.{key}"), logging_to(settings, tmp_path):
        pass


def test_beside_a_file_a_service_manager_gets_what_is_wrong(tmp_path: Path) -> None:
    out = io.StringIO()
    with logging_to(settings_of(tmp_path, logging={"file": "xarb.log"}), tmp_path, out):
        log = structlog.get_logger("xarb.journal")
        log.info("checkpoint", number=1)
        log.info("done")
        log.warning("odd")
        log.error("bad")

    assert [line["message"] for line in lines(out)] == ["odd", "bad"]
    everything = [line["message"] for line in written(tmp_path / "xarb.log")]
    assert everything == ["checkpoint", "done", "odd", "bad"]


def test_beside_a_file_a_terminal_gets_lines_for_people(tmp_path: Path) -> None:
    out = Terminal()
    with logging_to(settings_of(tmp_path, logging={"file": "xarb.log"}), tmp_path, out):
        structlog.get_logger("xarb.journal").info("step", **STEP)

    assert "a_placing -> b_quoting" in out.getvalue()
    assert not out.getvalue().startswith("{")
    assert [line["message"] for line in written(tmp_path / "xarb.log")] == ["step"]


@pytest.mark.parametrize("file", ["xarb.log", ""])
def test_checkpoints_can_have_a_file_of_their_own(tmp_path: Path, file: str) -> None:
    out = io.StringIO()
    names = {"file": file, "checkpoints": "checkpoints.log"}
    with logging_to(settings_of(tmp_path, logging=names), tmp_path, out):
        log = structlog.get_logger("xarb.journal")
        log.info("checkpoint", number=1)
        log.warning("odd")

    apart = [line["message"] for line in written(tmp_path / "checkpoints.log")]
    rest = written(tmp_path / "xarb.log") if file else lines(out)
    assert apart == ["checkpoint"]
    assert [line["message"] for line in rest] == ["odd"]


def test_a_terminal_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    out = io.StringIO()
    with logging_to(settings_of(tmp_path), tmp_path, out) as logs:
        out.close()
        structlog.get_logger("xarb").info("nobody reads this")
        lost = logs.lost

    assert lost == 1
