"""Commands whose reader has gone, as in `xarb executions | head -1`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.deployed import BOTH, xarb
from tests.ops.running import clean_environment, write_deployment

XARB = [sys.executable, "-m", "xarb_runtime.cli"]


@pytest.fixture
def unread() -> Iterator[int]:
    """A pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@pytest.mark.parametrize("words", [("version",), ("schema", "asyncapi"), ("--help",)])
def test_a_command_that_nobody_reads_ends_quietly(words: tuple[str, ...], unread: int) -> None:
    done = subprocess.run(
        [*XARB, *words], stdout=unread, stderr=subprocess.PIPE, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (141, "")


def test_what_went_wrong_is_told_although_nobody_reads_the_rest(unread: int) -> None:
    done = subprocess.run(
        [*XARB, "check", "-C", "none"],
        stdout=unread,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "this is no deployment" in done.stderr


def test_a_code_that_says_what_went_wrong_stays_when_nobody_reads_anything(unread: int) -> None:
    done = subprocess.run([*XARB, "check", "-C", "none"], stdout=unread, stderr=unread, check=False)

    assert done.returncode == 2


def test_a_service_goes_on_when_nobody_reads_it(tmp_path: Path, unread: int) -> None:
    write_deployment(tmp_path, BOTH)
    environ = {**clean_environment(), "PYTHONPATH": os.pathsep.join(sys.path)}

    process = subprocess.Popen(
        [*XARB, "run", "-C", str(tmp_path)], stdout=unread, stderr=unread, env=environ
    )
    try:
        while '"running"' not in xarb("status", "-C", tmp_path, "--json").stdout:
            assert process.poll() is None, "it has ended"
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    finally:
        process.kill()
        process.wait()

    assert code == 0
