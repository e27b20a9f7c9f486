"""
What an operator says to a running service: `status`, `pause`, `resume`, `reduce`, `halt`, `stop`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.options import HERE, AsJson, Folder, Reason

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from xarb_runtime.ops.bodies import Open
    from xarb_runtime.ops.client import ControlClient
    from xarb_runtime.ops.status import LineState, OutboxState, StatusAnswer, VenueState

#: How often `stop --wait` looks whether the process has ended, seconds.
LOOK_SECONDS = 0.2
SHADOW = "shadow"
SHADOW_LINE = "SHADOW: orders are simulated against live prices. None leaves the house."
#: A queue that keeps what was said lately: that it is not empty says nothing.
KEEPS = ".recent"


def client_of(folder: Path) -> "ControlClient":
    """Return the client of the deployment's running service."""
    from xarb_runtime.cli.deployment import settings_of
    from xarb_runtime.ops.client import open_client

    return open_client(folder, settings_of(folder))


def status(folder: Folder = HERE, *, as_json: AsJson = False) -> None:
    """Say what the running service is doing: level, venues, figures, what is open."""
    from xarb_runtime.cli.screen import write_json
    from xarb_runtime.ops.status import StatusAnswer

    found = client_of(folder).get("/status", StatusAnswer)
    if as_json:
        write_json(found)
    else:
        _draw(found)


def pause(folder: Folder = HERE, reason: Reason = "", *, as_json: AsJson = False) -> None:
    """No new executions; those in flight go on as their states say."""
    _say(folder, "pause", reason, as_json=as_json)


def resume(folder: Folder = HERE, reason: Reason = "", *, as_json: AsJson = False) -> None:
    """Go on after a pause, a reduction or a halt. KPI windows start anew."""
    _say(folder, "resume", reason, as_json=as_json)


def reduce(folder: Folder = HERE, reason: Reason = "", *, as_json: AsJson = False) -> None:
    """Allow only orders that reduce exposure: hedges, unwinds, cancels."""
    _say(folder, "reduce", reason, as_json=as_json)


def halt(folder: Folder = HERE, reason: Reason = "", *, as_json: AsJson = False) -> None:
    """Place nothing at all, hedges neither. Cancels still pass."""
    _say(folder, "halt", reason, as_json=as_json)


def stop(
    folder: Folder = HERE,
    reason: Reason = "",
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when the process has ended.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stop safely: no new executions, wait for those in flight, end."""
    from xarb_runtime.ops.status import StatusAnswer

    process = client_of(folder).get("/status", StatusAnswer).pid
    client = _say(folder, "stop", reason, as_json=as_json)
    if wait:
        _wait_for_end(client, process)


def _say(folder: Path, action: str, reason: str, *, as_json: bool) -> "ControlClient":
    from xarb_runtime.cli.deployment import operator
    from xarb_runtime.cli.screen import out, write, write_json
    from xarb_runtime.ops.bodies import LevelAnswer, Word

    client = client_of(folder)
    found = client.post(f"/{action}", LevelAnswer, Word(operator=operator(), reason=reason))
    if as_json:
        write_json(found)
        return client
    write(found.note)
    if found.open:
        out().print(_open_table(found.open))
    return client


def _wait_for_end(client: "ControlClient", process: int) -> None:
    import time

    from xarb_runtime.cli.screen import remark
    from xarb_runtime.ops.client import NotRunningError
    from xarb_runtime.ops.problems import ProblemError
    from xarb_runtime.ops.status import StatusAnswer

    while True:
        try:
            ended = client.get("/status", StatusAnswer).pid != process
        except NotRunningError:
            ended = True
        except ProblemError:
            ended = False  # it is closing its connections
        if ended:
            remark("The process has ended.")
            return
        time.sleep(LOOK_SECONDS)


# -- Drawing -------------------------------------------------------------------------------------


def _draw(found: "StatusAnswer") -> None:
    from rich.text import Text

    from xarb_runtime.cli.screen import clock, lasted, level, out, write

    now = found.level
    since = f" since {clock(now.since_ms)}" if now.since_ms else ""
    because = f", {now.reason}" if now.reason else ""
    by = f" ({now.by})" if now.by else ""
    write(Text.assemble(level(now.level), f"{since}{because}{by}"))
    write(
        f"xarb {found.version}, mode {found.mode}, process {found.pid}, "
        f"up {lasted(found.uptime_ms)}; store {found.store.url}, epoch {found.store.epoch}"
    )
    if found.mode == SHADOW:
        write(SHADOW_LINE, style="bold magenta")
    write(bus_line(found.line))
    if found.outbox.waiting:
        write(outbox_line(found.outbox, connected=found.line.state == "connected"))
    write()
    out().print(_in_flight_table(found))
    if found.open:
        write()
        out().print(_open_table(found.open))
    write()
    out().print(_venue_table(found))
    for line in filter(None, map(figures_line, found.venues)):
        write(line, style="dim")
    write()
    write(_figures(found), style="dim")
    for incident in found.incidents:
        about = f"{incident.severity} {incident.kind}: {incident.reason}"
        write(f"Open incident {incident.id}: {about}", style="bold red")


def bus_line(line: "LineState") -> "Text":
    """Return the connection to the bus in a line: what is normal is not said."""
    from rich.text import Text

    from xarb_runtime.cli.screen import clock

    connected = line.state == "connected"
    parts = [f" since {clock(line.since_ms)}" if line.since_ms else ""]
    parts += [f", {line.reason}"] if line.reason else []
    parts += [f", last message {clock(line.last_delivery_ms)}"] if line.last_delivery_ms else []
    parts += [
        f", {count} wait in {queue}"
        for queue, count in line.waiting.items()
        if count and not queue.endswith(KEEPS)
    ]
    parts += [f", {line.unacknowledged} unacknowledged"] if line.unacknowledged else []
    parts += [f", {line.redelivered} came again"] if line.redelivered else []
    state = (line.state, "" if connected else "bold yellow")
    return Text.assemble(f"bus {line.url}, ", state, *parts)


def outbox_line(outbox: "OutboxState", *, connected: bool = True) -> "Text":
    """Return what waits to be published in a line; a bus that is away has said why already."""
    from rich.text import Text

    from xarb_runtime.cli.screen import lasted

    waits = f"outbox {outbox.waiting} waiting, the oldest for {lasted(outbox.oldest_age_ms)}"
    executions = "execution" if outbox.stuck == 1 else "executions"
    stuck = f", {outbox.stuck} {executions} stuck" if outbox.stuck else ""
    error = f": {outbox.error}" if outbox.error and connected else ""
    return Text(waits + stuck + error, style="yellow" if outbox.error else "")


def figures_line(venue: "VenueState") -> str:
    """Return what a venue measures in a line; nothing for one that measures nothing."""
    limit = venue.open_limit
    shown = [] if limit is None else [f"at stake {venue.open_stake:f} of {limit:f}"]
    shown += [f"{name} {value:f}" for name, value in venue.figures.items()]
    return f"{venue.name}: {', '.join(shown)}" if shown else ""


def _figures(found: "StatusAnswer") -> str:
    from xarb_runtime.cli.screen import lasted

    charts = ", ".join(f"{each.name} v{each.version} {each.hash[:12]}" for each in found.charts)
    return (
        f"open time since the start: one leg {lasted(found.one_leg_ms)}, "
        f"unknown {lasted(found.unknown_ms)}\n"
        f"timers {found.timers}, calls under way {found.commands}, inbox {found.inbox}, "
        f"bus {found.bus}, dropped as stale {found.stale}, dead letters {found.malformed}\n"
        f"charts {charts}"
    )


def _in_flight_table(found: "StatusAnswer") -> "Table":
    from xarb_runtime.cli.screen import exposure, table

    made = table(
        "state",
        "exposure",
        "on pause",
        "count",
        title=f"In flight: {found.in_flight}",
        right=("count",),
    )
    for group in found.groups:
        made.add_row(group.state, exposure(group.exposure.value), group.on_pause, str(group.count))
    return made


def _open_table(rows: "list[Open]") -> "Table":
    from xarb_runtime.cli.screen import exposure, lasted, table

    made = table(
        "execution", "state", "exposure", "for", "about", title="Open on one side, or unknown"
    )
    for each in rows:
        shown = (each.execution, each.state, exposure(each.exposure.value), lasted(each.for_ms))
        made.add_row(*shown, each.title)
    return made


def _venue_table(found: "StatusAnswer") -> "Table":
    from xarb_runtime.cli.screen import clock, table, venue_state

    figures = {each.venue: each for each in found.kpis}
    made = table(
        "venue",
        "kind",
        "state",
        "fill ratio",
        "p95 accept",
        "trades",
        "last answer",
        "newest failure",
    )
    for venue in found.venues:
        kpi = figures.get(venue.name)
        ratio = (
            f"{kpi.fill_ratio:.0%} (≥ {kpi.min_fill_ratio:.0%})"
            if kpi and kpi.fill_ratio is not None
            else ""
        )
        slow = (
            f"{kpi.p95_accept_ms} ms (≤ {kpi.max_p95_accept_ms})"
            if kpi and kpi.p95_accept_ms is not None
            else ""
        )
        trades = f"{kpi.sample} of {kpi.min_sample}" if kpi else ""
        made.add_row(
            venue.name,
            venue.kind,
            venue_state(venue.state, up=venue.up),
            ratio,
            slow,
            trades,
            clock(venue.last_ok_ms),
            venue.reason,
        )
    return made
