"""
Log files that are rotated by size. Whatever goes wrong with one, the runtime goes on.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from xarb_runtime.ops.problems import Problem, ProblemError


class LogFile(RotatingFileHandler):
    """
    A file that lines are appended to, each of them on disk before the next one is written.

    When it has grown to its size it is renamed to `NAME.1`, an older `NAME.1` to `NAME.2`, and so
    on; the oldest is deleted. Any thread may write.

    Attributes:
        lost: lines that could not be written.
    """

    def __init__(self, path: Path, *, size: int, keep: int) -> None:
        super().__init__(path, maxBytes=size, backupCount=keep, encoding="utf-8", errors="replace")
        self.lost = 0
        self._number = 0

    def write(self, line: str) -> None:
        """Append a line; never raises."""
        self.handle(logging.LogRecord("", logging.INFO, "", 0, line, None, None))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line as it is: a percent sign in it is one."""
        return str(record.msg)

    def doRollover(self) -> None:  # noqa: N802  the library's name
        """Rotate; where that is not possible go on in the same file rather than lose lines."""
        try:
            super().doRollover()
        except OSError as error:
            if self.stream is None:
                self.stream = self._open()
            self._complain(f"cannot be rotated: {error.strerror or error}")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002  as above
        """Count a line that could not be written; the first time, say so."""
        self.lost += 1
        self._complain(f"cannot be written: {sys.exc_info()[1]}")

    def close(self) -> None:
        """Close the file; what a full disk does not take any more is lost."""
        try:
            super().close()
        except OSError as error:
            self._complain(f"cannot be closed: {error.strerror or error}")

    def _complain(self, what: str) -> None:
        self._number += 1
        if self._number == 1 and sys.stderr is not None:
            sys.stderr.write(f"the log file {self.baseFilename} {what}\n")


@contextmanager
def log_file(path: Path, key: str, *, size: int, keep: int) -> Iterator[LogFile]:
    """
    Open a log file until the end of the context.

    Raises:
        ProblemError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = LogFile(path, size=size, keep=keep)
    except OSError as error:
        raise ProblemError(log_problem(path, key, error)) from error
    try:
        yield file
    finally:
        file.close()


def log_problem(path: Path, key: str, error: OSError) -> Problem:
    """Return what is wrong with a log file."""
    return Problem(
        what="the log file cannot be written",
        where=f"{key}, {path}",
        expected="a file that this user may append to",
        found=error.strerror or str(error),
        do="Name another file, or leave it empty for standard error",
    )
