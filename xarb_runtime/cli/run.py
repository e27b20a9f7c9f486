"""
`xarb check` and `xarb run`.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.errors import BAD_INPUT, FAILED, STILL_OPEN
from xarb_runtime.cli.options import HERE, AsJson, Folder

if TYPE_CHECKING:
    from xarb_runtime.ops.check import Check, Checked
    from xarb_runtime.ops.process import Ended, Started
    from xarb_runtime.service.settings_model import Settings
    from xarb_runtime.store.lease import Holder

ClockIsRight = Annotated[
    bool,
    typer.Option(
        "--clock-is-right",
        help="Start although the store holds times that the machine's clock has not reached.",
    ),
]


def check(folder: Folder = HERE, *, as_json: AsJson = False) -> None:
    """
    List everything that would stop a start, in one go. Changes nothing.

    Venues that are no ghosts are opened and asked whether one can trade there. Nothing is placed.
    """
    from xarb_runtime.cli.deployment import require_deployment
    from xarb_runtime.cli.screen import write, write_json
    from xarb_runtime.ops.check import check_deployment

    require_deployment(folder)
    checked = check_deployment(folder, os.environ, asks_venues=True)
    if as_json:
        write_json(checked.checks)
    else:
        for each in checked.checks:
            _write_check(each)
        warnings = sum(each.severity == "warning" for each in checked.checks)
        found = len(checked.errors)
        write()
        write(_verdict(found, warnings), style="bold red" if found else "bold green")
    if checked.errors:
        raise typer.Exit(BAD_INPUT)


def _verdict(errors: int, warnings: int) -> str:
    more = f", {warnings} {'warning' if warnings == 1 else 'warnings'}" if warnings else ""
    if errors:
        return f"{errors} {'error' if errors == 1 else 'errors'}{more}: a start would be refused."
    return f"Nothing stops a start{more}."


_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "error": ("error", "red")}


def _write_check(each: "Check") -> None:
    from rich.text import Text

    from xarb_runtime.cli.screen import write

    mark, colour = _MARKS[each.severity]
    write(Text.assemble((f"{mark:8}", colour), (f"{each.area:9}", "bold"), str(each.problem)))


def run(folder: Folder = HERE, *, clock_is_right: ClockIsRight = False) -> None:
    """
    Run the execution service and its control API until it is stopped.

    The first SIGTERM or SIGINT (Ctrl-C) is a safe stop: no new executions, those in flight are
    brought to their end, at most for service.drain_deadline. The second one ends the process at
    once. Whatever remains is in the journal; the next start continues with it.

    Exit codes: 0 stopped, and nothing is open on one side; 3 stopped, but something is; 1 it
    failed, or a second signal ended it; 2 it did not start.

    It goes on when nobody reads what it writes any more, as in `xarb run | head`.
    """
    import asyncio
    from contextlib import chdir

    from xarb_runtime.cli.deployment import require_deployment
    from xarb_runtime.cli.state import hide_with
    from xarb_runtime.cli.unread import read_or_not
    from xarb_runtime.ops.logs import logging_to
    from xarb_runtime.ops.process import run_process

    require_deployment(folder)
    # Names in settings start at the deployment, also those that a plugin opens by itself.
    with chdir(folder):
        checked, settings = _checked()
        with logging_to(settings, Path()) as logs:
            hide_with(logs.redaction.text)
            ended = asyncio.run(
                run_process(
                    Path(),
                    settings,
                    registry=checked.registry,
                    charts=checked.charts,
                    logs=logs,
                    announce=lambda started: _announce(started, Path.cwd()),
                    tell=_tell,
                    clock_is_right=clock_is_right,
                )
            )
    with read_or_not():
        _say_how_it_ended(ended)
    raise typer.Exit(_code(ended))


def _checked() -> "tuple[Checked, Settings]":
    from xarb_runtime.cli.screen import complain
    from xarb_runtime.cli.state import keep_secret
    from xarb_runtime.cli.unread import read_or_not
    from xarb_runtime.ops.check import check_deployment
    from xarb_runtime.ops.redaction import secrets_of

    checked = check_deployment(Path(), os.environ, is_alive=_is_here)
    with read_or_not():
        for each in checked.checks:
            if each.severity != "ok":
                complain(f"{each.severity} {each.area}: {each.problem}")
    if checked.errors or checked.settings is None:
        complain(f"Not started: {_verdict(len(checked.errors), 0)} `xarb check` lists them again.")
        raise typer.Exit(BAD_INPUT)
    keep_secret(secrets_of(checked.settings))
    return checked, checked.settings


def _is_here(holder: "Holder") -> bool:
    """A lease of another host is waited for: it may be dead, and nobody here can tell."""
    import socket

    from xarb_runtime.store.lease import holder_is_alive

    return holder.host == socket.gethostname() and holder_is_alive(holder)


def _tell(text: str) -> None:
    from xarb_runtime.cli.screen import remark
    from xarb_runtime.cli.unread import read_or_not

    with read_or_not():
        remark(text)


def _announce(started: "Started", folder: Path) -> None:
    from xarb_runtime.cli.unread import read_or_not

    with read_or_not():
        _write_announcement(started, folder)
        sys.stdout.flush()


def _write_announcement(started: "Started", folder: Path) -> None:
    from xarb_runtime.cli.levels import SHADOW, SHADOW_LINE
    from xarb_runtime.cli.screen import write

    charts = ", ".join(f"{each.name} v{each.version} ({each.hash[:8]})" for each in started.charts)
    venues = ", ".join(f"{name} ({kind})" for name, kind in started.venues.items()) or "none"
    write(f"xarb {started.version} runs in mode {started.mode}, process {started.pid}.")
    if started.mode == SHADOW:
        write(SHADOW_LINE, style="bold magenta")
    write(f"  folder   {folder.absolute()}")
    write(f"  control  {started.url}")
    write(f"  metrics  {_metrics(started)}")
    write(f"  store    {started.store.url}, epoch {started.store.epoch}")
    write(f"  charts   {charts}")
    write(f"  venues   {venues}")
    write(f"  level    {started.level}, {started.recovered} executions taken up")
    write(f"Ctrl-C stops it safely, within {started.drain}. `xarb status` looks at it.")


def _metrics(started: "Started") -> str:
    return f"{started.metrics}/metrics" if started.metrics else "not served"


def _code(ended: "Ended") -> int:
    if not ended.stopped:
        return FAILED
    return STILL_OPEN if ended.open else 0


def _say_how_it_ended(ended: "Ended") -> None:
    from xarb_runtime.cli.screen import complain, exposure, lasted, out, table, write

    write("Stopped." if ended.stopped else "Ended at once; nothing was drained.")
    if not ended.in_flight:
        write("Nothing is in flight.")
    else:
        groups = ", ".join(f"{group.count} {group.state}" for group in ended.groups)
        write(f"In flight: {ended.in_flight} ({groups}). The next start continues with them.")
    if ended.open:
        rows = table("execution", "state", "exposure", "for", "about")
        for each in ended.open:
            rows.add_row(
                each.execution,
                each.state,
                exposure(each.exposure.value),
                lasted(each.for_ms),
                each.title,
            )
        complain(f"Open on one side, or nobody knows: {len(ended.open)}")
        out().print(rows)
    if ended.incidents:
        complain(f"Open incidents: {len(ended.incidents)}. xarb incidents")
