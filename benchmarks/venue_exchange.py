"""
SX Bet's stand-in in a process of its own: deep books, no waiting, no limits of its own.

Usage: python -m benchmarks.venue_exchange; writes one line of JSON and serves until its input ends.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from xarb_runtime.bundle import bundled
from xarb_runtime.plugins.candidates import load_file
from xarb_runtime.plugins.contracts import SimulatorOpening
from xarb_runtime.service.clock import SystemClock

#: The market that is bet on. Outcome one can be had at 1 / 0.475.
MARKET = "0x" + "7a" * 32
ODDS = "2.10"
_MUCH = 10**9
SETTINGS: dict[str, Any] = {
    "accounts": [{"balance": str(_MUCH)}],
    "markets": [{"hash": MARKET, "two": [{"percent": "52.5", "size": str(_MUCH)}], "refill": "1s"}],
    "rates": {"orders": _MUCH, "trades": _MUCH, "other": _MUCH},
    "latency": "0ms",
    "matching": "0ms",
    "lock": ["0ms", "0ms"],
}


@contextmanager
def exchange() -> Iterator[dict[str, Any]]:
    """Run it; what it has written is a venue's `section` and the `environ` with its keys."""
    command = [sys.executable, "-m", "benchmarks.venue_exchange"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield msgspec.json.decode(process.stdout.readline())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


async def _serve() -> None:
    package = load_file("sx_bet", (bundled("plugins") / "sx_bet" / "__init__.py").resolve())
    spec = next(iter(package.xarb_venues()))
    settings = msgspec.convert(SETTINGS, spec.simulator_settings, strict=False)
    async with spec.simulator(SimulatorOpening(settings=settings, clock=SystemClock())) as there:
        told = {"section": there.section, "environ": there.environ}
        sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
