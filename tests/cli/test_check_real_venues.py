"""`xarb check` asks the venues that ship, at their simulators: for a shadow, no key is needed."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.house.source import ROOT
from tests.ops.running import clean_environment, write_deployment
from xarb_runtime.plugins.contracts import SimulatorOpening
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.service.clock import SystemClock

KINDS = ("azuro", "sx_bet")


@pytest.mark.parametrize(
    ("mode", "asked"), [("shadow", set[str]()), ("live", {"azuro: balance", "sx_bet: balance"})]
)
async def test_every_venue_is_asked(tmp_path: Path, mode: str, asked: set[str]) -> None:
    registry = discover(builtin=ROOT / "plugins", entry_points=False)
    venues: dict[str, Any] = {}
    environ = {**clean_environment(), "PYTHONPATH": os.pathsep.join(sys.path)}
    async with AsyncExitStack() as stack:
        for kind in KINDS:
            spec = registry.venue(kind)
            assert spec.simulator is not None
            opening = SimulatorOpening(settings=spec.simulator_settings(), clock=SystemClock())
            simulated = await stack.enter_async_context(spec.simulator(opening))
            venues[kind] = {"kind": kind, "open_limit": 50, **simulated.section}
            environ |= simulated.environ if mode == "live" else {}
        write_deployment(tmp_path, venues, mode=mode)
        words = [sys.executable, "-m", "xarb_runtime.cli", "check", "--json", "-C", str(tmp_path)]
        checking = await asyncio.create_subprocess_exec(
            *words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, error = await checking.communicate()

    assert checking.returncode == 0, (out, error)
    found = [it for it in json.loads(out) if it["area"] == "venues"]
    assert [it for it in found if it["severity"] != "ok"] == []
    told = {": ".join(it["problem"]["what"].split(": ")[:2]) for it in found}
    assert {"azuro: relayer fee", "sx_bet: metadata"} | asked <= told
