"""
Real `xarb` processes, hatched from one that has imported everything already.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["xarb_runtime.cli.main", "xarb_runtime.ops.check", "xarb_runtime.ops.process"]
)


class Hatched:
    """
    A process, and what it writes.

    Attributes:
        process: the process.
    """

    def __init__(
        self,
        arguments: list[str],
        folder: Path,
        files: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            arguments: of `xarb`.
            folder: where it is typed.
            files: where its standard output and standard error go; `.out` and `.err` are added.
            environment: variables that it has besides.
        """
        self._out, self._err = files.with_suffix(".out"), files.with_suffix(".err")
        paths = (str(self._out), str(self._err))
        self.process: ForkServerProcess = _CONTEXT.Process(
            target=_run,
            args=(arguments, str(folder), paths, dict(environment or {})),
            daemon=True,
        )
        self.process.start()

    @property
    def said(self) -> str:
        """What it has written to standard output."""
        return _text(self._out)

    @property
    def complained(self) -> str:
        """What it has written to standard error."""
        return _text(self._err)

    def kill(self) -> None:
        """Kill it with signal 9."""
        self.process.kill()
        self.process.join()

    def wait_for(self, text: str, patience: float) -> bool:
        """Wait until it has said something, or has ended; tell whether it runs."""
        deadline = time.monotonic() + patience
        while text not in self.said and self.process.is_alive():
            assert time.monotonic() < deadline, f"{self.said}{self.complained}"
            time.sleep(0.01)
        if self.process.is_alive():
            return True
        self.process.join()
        return False


def _run(
    arguments: list[str], folder: str, paths: tuple[str, str], environment: dict[str, str]
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream, path in enumerate(paths, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), stream)
    os.chdir(folder)
    for name in [name for name in os.environ if name.startswith("XARB_")]:
        del os.environ[name]
    os.environ |= environment
    from xarb_runtime.cli.main import app  # noqa: PLC0415 -- in the child, after the streams

    sys.argv = ["xarb", *arguments]
    app()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
