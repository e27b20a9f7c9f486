"""
The simulator of a kind of venue as a process of its own, and what a deployment needs to reach it.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec
import yaml

from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.plugins.contracts import Clock, Simulated, SimulatorOpening, VenueSpec
from xarb_runtime.plugins.findings import UnknownPluginPart
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.plugins.settings import open_simulator_settings
from xarb_runtime.service.settings_model import GHOSTS

#: What executions in flight may stake at a simulator, where money is worth nothing.
OPEN_LIMIT = "100000"


def simulated_kind(registry: Registry, kind: str) -> VenueSpec:
    """
    Return the kind of venue that is meant; the beginning of a name is enough where one fits.

    Raises:
        UnknownPluginPart: there is no such kind of venue.
        ProblemError: it has no simulator, or several begin like this.
    """
    able = sorted(name for name, spec in registry.venues.items() if spec.simulator)
    meant = [kind] if kind in registry.venues else [it for it in able if it.startswith(kind)]
    if len(meant) > 1:
        problem = Problem(
            what="this may be several kinds of venue",
            where=kind,
            expected=f"one of {', '.join(meant)}",
            do="Write more of its name",
        )
        raise ProblemError(problem)
    if not meant and not any(it.startswith(kind) for it in registry.venues):
        raise UnknownPluginPart("kind of venue with a simulator", kind, able, registry.findings)
    if not meant or meant[0] not in able:
        problem = Problem(
            what="this kind of venue has no simulator",
            where=meant[0] if meant else kind,
            expected=f"one of {', '.join(able)}" if able else "a plugin that has one; none has",
        )
        raise ProblemError(problem)
    return registry.venue(meant[0])


def serve_simulator(
    spec: VenueSpec,
    raw: dict[str, Any],
    port: int,
    clock: Clock,
    *,
    where: str,
    on_ready: Callable[[Simulated], object],
) -> None:
    """
    Serve a venue's simulator until the process ends.

    Args:
        spec: a kind of venue that has one.
        raw: its settings, plain values.
        port: where on loopback; 0 takes a free one.
        clock: the clock.
        where: where the settings come from, for errors.
        on_ready: told what listens.

    Raises:
        PluginError: the settings do not fit.
        ProblemError: it cannot start.
    """
    settings = open_simulator_settings(spec, raw, where)
    opening = SimulatorOpening(settings=settings, clock=clock, port=port)
    try:
        asyncio.run(_for_ever(spec, opening, on_ready))
    except (OSError, ValueError, ImportError) as error:
        raise ProblemError(_not_started(spec, port, error)) from error
    except KeyboardInterrupt:
        return


async def _for_ever(
    spec: VenueSpec, opening: SimulatorOpening, on_ready: Callable[[Simulated], object]
) -> NoReturn:
    if spec.simulator is None:
        raise ValueError(f"{spec.name} has no simulator")
    async with spec.simulator(opening) as simulated:
        on_ready(simulated)
        while True:
            await asyncio.Event().wait()


def _not_started(spec: VenueSpec, port: int, error: Exception) -> Problem:
    if isinstance(error, ImportError):
        return Problem(
            what=f"the simulator of {spec.name} cannot start",
            found=str(error),
            do="Install what the plugin needs; for the venues that ship with xarb that is"
            " pip install 'xarb[evm,ccxt]'",
        )
    return Problem(
        what=f"the simulator of {spec.name} cannot start",
        where=f"port {port}" if port else "",
        expected="a port that is free",
        found=str(error),
    )


def pasted_section(spec: VenueSpec, simulated: Simulated) -> dict[str, Any]:
    """
    Return the venue's section that reaches a simulator, as it stands in `settings.yaml`.

    A runtime sends it orders in mode `live` only, which asks for a limit.
    """
    limit = {} if spec.name.startswith(GHOSTS) else {"open_limit": OPEN_LIMIT}
    section: dict[str, Any] = msgspec.to_builtins(simulated.section)
    return {"kind": spec.name, **limit, **section}


def pasted_yaml(name: str, section: dict[str, Any]) -> str:
    """Return a venue's section as YAML."""
    text: str = yaml.safe_dump(
        {"venues": {name: section}}, sort_keys=False, allow_unicode=True, width=1000
    )
    return text
