"""
The same three-step flow on another durable engine, in a venv of its own, made at the first use.
"""

import json
import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks.timing import Latency, summary

HERE = Path(__file__).parent
VENV = HERE.parent / ".venv-dbos"
VERSION = "3.4.0"
#: What DBOS does best at: more at once do not make it faster.
AT_ONCE = 20


class Peer(msgspec.Struct, frozen=True):
    """Flows one at a time, and flows a second with `AT_ONCE` of them at once."""

    version: str
    single: Latency
    at_once_per_second: float


def measure(url: str, flows: int) -> Peer:
    """Run `flows` flows on DBOS in both ways, on the database at `url`."""
    command = [str(_python()), str(HERE / "dbos_flow.py"), url, str(flows), str(AT_ONCE)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        message = f"DBOS ended with {done.returncode}:\n{done.stderr[-2000:]}"
        raise RuntimeError(message)
    raw = json.loads(done.stdout.strip().splitlines()[-1])
    per_second = round(raw["flows"] / raw["at_once_seconds"], 1)
    return Peer(VERSION, summary(raw["single"]), per_second)


def _python() -> Path:
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", f"dbos=={VERSION}"]
        subprocess.run(install, check=True)
    return python
