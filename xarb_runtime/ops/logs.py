"""
Logs: one JSON object a line, for machines; readable lines where a person watches a terminal.

Every line has `timestamp`, `level`, `target`, `message`, `fields`, `span`. The span names the
execution (and the command) that the line belongs to. Nothing that the settings call a secret is
ever written, wherever in a line it stands.
"""

import logging
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec
import structlog

from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.redaction import Redaction, secrets_of
from xarb_runtime.service.settings_model import Settings

Line = MutableMapping[str, Any]
#: These fields say where a line belongs, and how the span calls them: a `key` would be a secret.
SPAN = {"execution": "execution", "key": "command", "venue": "venue"}

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


# -- Lines ---------------------------------------------------------------------------------------


class NamedLogger:
    """Writes finished lines, and knows for whom."""

    def __init__(self, name: str, write: Callable[[str], None]) -> None:
        self.name = name
        self._write = write

    def msg(self, line: str) -> None:
        """Write one line."""
        self._write(line)

    debug = info = warning = error = critical = exception = log = msg


def _json_line(redaction: Redaction) -> Callable[[Any, str, Line], str]:
    def render(logger: Any, method: str, line: Line) -> str:
        line, span = dict(line), {}
        line.pop("level", None)
        for name, shown in SPAN.items():
            if name in line:
                span[shown] = line.pop(name)
        found = {
            "timestamp": line.pop("timestamp", None) or _now(),
            "level": {"exception": "error"}.get(method, method),
            "target": line.pop("target", None) or getattr(logger, "name", ""),
            "message": str(line.pop("event", "")),
            "fields": line,
            "span": span,
        }
        return msgspec.json.encode(redaction.hide(found)).decode()

    return render


def _for_people(redaction: Redaction) -> Callable[[Any, str, Line], str]:
    console = structlog.dev.ConsoleRenderer(
        colors=True, pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
    )

    def render(logger: Any, method: str, line: Line) -> str:
        if line.get("event") == "checkpoint":
            raise structlog.DropEvent  # one after each step; the journal and the log file have them
        hidden = redaction.hide(_shortened(dict(line)))
        hidden["timestamp"] = _now()[11:23]
        hidden.setdefault("level", method)
        hidden["logger"] = hidden.pop("target", None) or getattr(logger, "name", "")
        return str(console(logger, method, hidden))

    return render


def _shortened(line: dict[str, Any]) -> dict[str, Any]:
    """A step in one short line: whose, what happened, from where to where."""
    if line.get("event") != "step":
        return line
    before, after = "+".join(line["before"]), "+".join(line["after"])
    moved = f"{before} -> {after}" if before != after else f"{line['outcome']} in {after}"
    return {"event": f"{line['execution']}  {line['signal']}  {moved}", "owns": line["exposure"]}


def _now() -> str:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


class _Forwarding(logging.Handler):
    """Libraries and rooms that log through `logging` end up in the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        method = record.levelname.lower() if record.levelname.lower() in _LEVELS else "error"
        fields: dict[str, Any] = {"target": record.name}
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        getattr(structlog.get_logger(record.name), method)(record.getMessage(), **fields)


@contextmanager
def logging_to(
    settings: Settings, folder: Path, stream: IO[str] | None = None
) -> Iterator[Redaction]:
    """
    Log as the settings say until the end of the context; give what hides secrets.

    Args:
        settings: `logging` says where and how much; all its secrets are hidden.
        folder: the deployment; `logging.file` is relative to it.
        stream: in place of standard error.

    Raises:
        ProblemError: the log file cannot be written.
    """
    redaction = Redaction(secrets_of(settings))
    with _open(settings.logging.file, folder, stream or sys.stderr) as out:
        people = not settings.logging.file and out.isatty()
        render = _for_people(redaction) if people else _json_line(redaction)
        _configure(render, out, settings.logging.level)
        forwarding = _Forwarding()
        root = logging.getLogger()
        root.addHandler(forwarding)
        try:
            yield redaction
        finally:
            root.removeHandler(forwarding)
            structlog.reset_defaults()


@contextmanager
def _open(name: str, folder: Path, stream: IO[str]) -> Iterator[IO[str]]:
    if not name:
        yield stream
        return
    path = folder / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A line at a time, so that what was said before a crash is there.
        out = path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise ProblemError(log_problem(path, error)) from error
    with out:
        yield out


def log_problem(path: Path, error: OSError) -> Problem:
    """Return what is wrong with a log file."""
    return Problem(
        what="the log file cannot be written",
        where=f"logging.file, {path}",
        expected="a file that this user may append to",
        found=error.strerror or str(error),
        do="Name another file, or leave it empty for standard error",
    )


@contextmanager
def silence() -> Iterator[None]:
    """Log errors only, until the end of the context: what runs is a simulation."""

    def render(_logger: Any, _method: str, line: Line) -> str:
        return str(line.get("event", ""))

    _configure(render, sys.stderr, "error")
    try:
        yield
    finally:
        structlog.reset_defaults()


def _configure(render: Callable[[Any, str, Line], str], out: IO[str], level: str) -> None:
    def write(line: str) -> None:
        out.write(f"{line}\n")

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.UnicodeDecoder(),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *names: NamedLogger(str(names[0]) if names else "xarb", write),
        cache_logger_on_first_use=False,
    )
