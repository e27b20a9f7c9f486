"""
Venues asked before a start: can one trade there?

Each is opened as a start would open it, asked once, and closed. Nothing is placed and no heartbeat
is sent. A venue that is away stops no start: the runtime recovers and hedges elsewhere meanwhile.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from xarb_runtime.ops.findings import Check, fine, stops
from xarb_runtime.ops.logs import muted
from xarb_runtime.ops.problems import Problem
from xarb_runtime.plugins.contracts import VenueCheck, VenueOpening, VenueSpec
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.service.assembly import place_files
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.settings_model import Settings

#: Longest wait for a venue, seconds.
VENUE_SECONDS = 10.0


class _Away(Exception):
    """A venue was opened and cannot be asked."""


def check_venues(
    folder: Path,
    settings: Settings,
    registry: Registry,
    learn: Callable[[str], None],
    seconds: float = VENUE_SECONDS,
) -> Iterator[Check]:
    """
    Open every venue that is no ghost, and ask it what must be so before one can trade there.

    Args:
        folder: the deployment.
        settings: its settings; venues that do not fit are left out, that is told elsewhere.
        registry: its plugins.
        learn: told secrets that plugins get hold of.
        seconds: longest wait for each.
    """
    openings = {
        name: _opening(name, folder, settings, registry, learn)
        for name in sorted(settings.venues)
        if settings.venues[name].get("kind") and not settings.is_ghost(name)
    }

    async def ask() -> list[tuple[VenueCheck, ...] | BaseException]:
        asked = (_asked(*opening, seconds) for opening in openings.values() if opening)
        return await asyncio.gather(*asked, return_exceptions=True)

    names = [name for name, opening in openings.items() if opening]
    if not names:
        return
    # Plugins may log anything, before anybody has learned their secrets.
    with muted():
        answers = asyncio.run(ask())
    for name, found in zip(names, answers, strict=True):
        yield from _told(name, found)


def _opening(
    name: str,
    folder: Path,
    settings: Settings,
    registry: Registry,
    learn: Callable[[str], None],
) -> tuple[VenueSpec, VenueOpening] | None:
    try:
        spec = registry.venue(settings.venue_kind(name))
        placed = place_files(settings.venue_own(name), folder)
        own = open_settings(spec, placed, where=f"venues.{name}")
    except Exception:  # noqa: BLE001  whatever it is, the check of settings has told it
        return None
    return spec, VenueOpening(
        name=name,
        settings=own,
        clock=SystemClock(),
        trades=settings.mode != "shadow",
        environ=os.environ,
        hide=learn,
    )


async def _asked(spec: VenueSpec, opening: VenueOpening, seconds: float) -> tuple[VenueCheck, ...]:
    async with spec.open(opening) as venue:
        try:
            async with asyncio.timeout(seconds):
                return await venue.check()
        except TimeoutError as error:
            message = f"no answer within {seconds:g} s"
            raise _Away(message) from error
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            raise _Away(message) from error


def _told(name: str, found: tuple[VenueCheck, ...] | BaseException) -> Iterator[Check]:
    where = f"venues.{name}"
    if isinstance(found, _Away):
        problem = Problem(
            what=f"{name} cannot be asked: {found}",
            where=where,
            do="A start does not wait for it, and nothing is traded there meanwhile",
        )
        yield Check(area="venues", severity="warning", problem=problem)
    elif isinstance(found, BaseException):
        yield stops("venues", f"{name} cannot be opened: {_said(found)}", where)
    else:
        yield from (_one(name, where, check) for check in found)


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _one(name: str, where: str, check: VenueCheck) -> Check:
    if check.ok:
        return fine("venues", f"{name}: {check.what}: {check.found}", where)
    problem = Problem(what=f"{name}: {check.what}: {check.found}", where=where, do=check.hint)
    return Check(area="venues", severity="warning", problem=problem)
