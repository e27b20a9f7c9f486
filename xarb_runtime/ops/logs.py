"""
Logs: one JSON object a line, for machines; readable lines where a person watches a terminal.

Every line has `timestamp`, `level`, `target`, `message`, `fields`, `span`. The span names the
execution (and the command) that the line belongs to. Nothing that the settings call a secret is
ever written, wherever in a line it stands.

Where lines go:

| | `logging.file` is set | it is empty |
| --- | --- | --- |
| always | JSON to the file | |
| a terminal | readable lines to standard error | the same |
| a service manager | warnings and errors, JSON, to standard error | JSON to standard error |
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import structlog

from xarb_runtime.ops.log_file import LogFile, log_file
from xarb_runtime.ops.log_lines import CHECKPOINT, Line, Render, for_people, json_line
from xarb_runtime.ops.redaction import Redaction, secrets_of
from xarb_runtime.service.settings_model import Settings

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_METHODS = {"exception": "error", "critical": "error"}


class Sink(NamedTuple):
    """
    A place that lines go to.

    Attributes:
        render: makes text of a line.
        write: takes the text.
        least: the least important level that it gets.
        checkpoints: whether it gets checkpoints: None for lines of both kinds.
    """

    render: Render
    write: Callable[[str], None]
    least: str = "debug"
    checkpoints: bool | None = None

    def wants(self, method: str, line: Line) -> bool:
        """Tell whether a line is for this place."""
        level = _LEVELS.get(_METHODS.get(method, method), _LEVELS["error"])
        checkpoint = line.get("event") == CHECKPOINT
        return level >= _LEVELS[self.least] and self.checkpoints in {None, checkpoint}


class Logs:
    """
    Where lines go, and what is hidden in them.

    Attributes:
        redaction: hides secrets; may learn more of them.
    """

    def __init__(self, redaction: Redaction) -> None:
        self.redaction = redaction
        self._sinks: list[Sink] = []
        self._files: list[LogFile] = []
        self._lost = 0

    def add(self, sink: Sink) -> None:
        """Let lines go to a place as well."""
        self._sinks.append(sink)

    def add_file(self, file: LogFile, *, checkpoints: bool | None = None) -> None:
        """Let lines go to a file as well, as JSON."""
        self._files.append(file)
        self.add(Sink(json_line(self.redaction), file.write, checkpoints=checkpoints))

    @property
    def lost(self) -> int:
        """How many lines could not be written, everywhere together."""
        return self._lost + sum(file.lost for file in self._files)

    def spread(self, logger: Any, method: str, line: Line) -> str:
        """
        Give a line to every place that wants it; the last processor of structlog.

        Raises:
            DropEvent: always: everything is done.
        """
        for sink in self._sinks:
            if sink.wants(method, line):
                text = sink.render(logger, method, dict(line))
                try:
                    sink.write(text)
                except (OSError, ValueError):
                    self._lost += 1  # a terminal that was closed must not end what runs in it
        raise structlog.DropEvent


class _Forwarding(logging.Handler):
    """Libraries and rooms that log through `logging` end up in the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        method = record.levelname.lower() if record.levelname.lower() in _LEVELS else "error"
        fields: dict[str, Any] = {"target": record.name}
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        getattr(structlog.get_logger(record.name), method)(record.getMessage(), **fields)


@contextmanager
def logging_to(settings: Settings, folder: Path, stream: IO[str] | None = None) -> Iterator[Logs]:
    """
    Log as the settings say until the end of the context; give where lines go.

    Args:
        settings: `logging` says where and how much; all its secrets are hidden.
        folder: the deployment; names of files are relative to it.
        stream: in place of standard error.

    Raises:
        ProblemError: a log file cannot be written.
    """
    logs, wanted = Logs(Redaction(secrets_of(settings))), settings.logging
    with ExitStack() as stack:
        size, keep = wanted.rotate_bytes, wanted.keep
        apart = bool(wanted.checkpoints)
        if wanted.file:
            opened = log_file(folder / wanted.file, "logging.file", size=size, keep=keep)
            logs.add_file(stack.enter_context(opened), checkpoints=False if apart else None)
        if apart:
            path = folder / wanted.checkpoints
            opened = log_file(path, "logging.checkpoints", size=size, keep=keep)
            logs.add_file(stack.enter_context(opened), checkpoints=True)
        logs.add(_standard(settings, logs.redaction, stream or sys.stderr))
        _configure(logs.spread, wanted.level)
        forwarding = _Forwarding()
        root = logging.getLogger()
        root.addHandler(forwarding)
        try:
            yield logs
        finally:
            root.removeHandler(forwarding)
            structlog.reset_defaults()


def _standard(settings: Settings, redaction: Redaction, out: IO[str]) -> Sink:
    """What standard error gets; of checkpoints, a person never one: they come after each step."""

    def write(text: str) -> None:
        out.write(f"{text}\n")

    if out.isatty():
        return Sink(for_people(redaction), write, checkpoints=False)
    if settings.logging.file:
        return Sink(json_line(redaction), write, least="warning")
    apart = bool(settings.logging.checkpoints)
    return Sink(json_line(redaction), write, checkpoints=False if apart else None)


@contextmanager
def silence() -> Iterator[None]:
    """Log errors only, until the end of the context: what runs is a simulation."""

    def write(_logger: Any, _method: str, line: Line) -> str:
        sys.stderr.write(f"{line.get('event', '')}\n")
        raise structlog.DropEvent

    _configure(write, "error")
    try:
        yield
    finally:
        structlog.reset_defaults()


@contextmanager
def muted() -> Iterator[None]:
    """Log nothing until the end of the context: what is found out is returned, not logged."""

    def drop(_logger: Any, _method: str, _line: Line) -> str:
        raise structlog.DropEvent

    _configure(drop, "error")
    nowhere, root = logging.NullHandler(), logging.getLogger()
    root.addHandler(nowhere)
    try:
        yield
    finally:
        root.removeHandler(nowhere)
        structlog.reset_defaults()


class _Named:
    """What structlog asks for a logger: all it knows is its name."""

    def __init__(self, *names: Any) -> None:
        self.name = str(names[0]) if names else "xarb"

    def msg(self, line: str) -> None:
        """Nothing is left to be written."""

    debug = info = warning = error = critical = exception = log = msg


def _configure(last: Render, level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.UnicodeDecoder(),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=_Named,
        cache_logger_on_first_use=False,
    )
