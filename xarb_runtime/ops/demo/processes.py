"""
The demonstration's processes: started, waited for, and ended by their id.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from xarb_runtime.ops.demo.deployment import Reached
from xarb_runtime.ops.problems import Problem, ProblemError

#: How long a process may take until it answers, seconds.
START_SECONDS = 60.0
#: How long one may take to end when it is told to, seconds.
END_SECONDS = 45.0
LOOK_SECONDS = 0.05
TAIL = 2_000


class Child:
    """
    A process of ours, whose output goes to a file.

    Attributes:
        name: what it is, for people.
        log: its output.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name, self.log = name, log
        self._process = process

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.returncode

    def require_life(self) -> None:
        """
        Make sure that it is still there.

        Raises:
            ProblemError: with the end of what it wrote.
        """
        if self.code is not None:
            raise ProblemError(
                Problem(
                    what=f"{self.name} ended",
                    where=str(self.log),
                    found=f"exit code {self.code}: {self.log.read_text('utf-8')[-TAIL:].strip()}",
                )
            )

    async def end(self) -> int:
        """Tell it to end, wait, and return its exit code; one that does not listen is killed."""
        if self.code is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(END_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        return await self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()


@asynccontextmanager
async def child(
    name: str, arguments: list[str], log: Path, environ: Mapping[str, str]
) -> AsyncGenerator[Child, None]:
    """Run `xarb` with arguments for as long as the context lasts."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "xarb_runtime.cli", *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
            env={**os.environ, **environ}, start_new_session=True,
        )  # fmt: skip
    found = Child(name, process, log)
    try:
        yield found
    finally:
        found.kill()
        await process.wait()


async def reached(simulator: Child) -> Reached:
    """
    Wait until a simulator says what reaches it.

    Raises:
        ProblemError: it ended, or said nothing in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        simulator.require_life()
        with suppress(msgspec.DecodeError):
            return msgspec.json.decode(simulator.log.read_bytes(), type=Reached)
        await asyncio.sleep(LOOK_SECONDS)
    raise ProblemError(
        Problem(what=f"{simulator.name} said nothing", expected=f"an answer in {START_SECONDS} s")
    )
