"""
How `xarb show` draws an execution: time goes down, the colour says what it owned.
"""

from rich.table import Table
from rich.text import Text

from xarb_runtime.cli.screen import COLOURS, clock, exposure, lasted, out, table, write
from xarb_runtime.domain.steps import Exposure
from xarb_runtime.ops.timeline import CommandView, ExecutionView, Moment, figure


def draw_execution(view: ExecutionView) -> None:
    """Draw an execution."""
    _draw_head(view)
    write()
    out().print(_timeline(view))
    if view.legs:
        write()
        out().print(_legs(view))
    if view.profit:
        write()
        out().print(_profit(view))
    for incident in view.incidents:
        closed = f"closed {clock(incident.closed_ms)} by {incident.closed_by}: {incident.note}"
        state = closed if incident.closed_ms else "open"
        style = "" if incident.closed_ms else "bold red"
        write(f"Incident {incident.id}: {incident.kind}, {incident.reason}; {state}", style=style)


def _draw_head(view: ExecutionView) -> None:
    row = view.execution
    about = f"  {row.title}" if row.title else ""
    reason = f" ({row.reason})" if row.reason else ""
    state = "+".join(row.leaves)
    write(Text.assemble((row.id, "bold"), about))
    write(
        Text.assemble(
            f"{row.status.value} in ", (state, "bold"), reason, ", ", exposure(row.exposure.value)
        )
    )
    span = lasted(row.updated_ms - row.started_ms)
    write(f"began {clock(row.started_ms)}, newest step {span} later", style="dim")
    write(f"chart {row.chart} version {row.version}, {row.hash[:12]}, {row.seq} steps", style="dim")


# -- What happened -------------------------------------------------------------------------------


def _timeline(view: ExecutionView) -> Table:
    made = table("ms", "", "event", "from -> to", "commands and their answers", right=("ms",))
    owned: Exposure | None = None
    for moment in view.moments:
        owned = moment.exposure or owned
        made.add_row(
            str(moment.at_ms), _bar(owned), _event(moment), _states(moment), _commands(moment)
        )
    for timer in view.timers:
        due = str(timer.due_ms - view.execution.started_ms)
        name = Text(f"timer {timer.id} fires {timer.event}", style="dim")
        made.add_row(due, "", name, "", "")
    return made


def _bar(owned: Exposure | None) -> Text:
    return Text("█", style=COLOURS[owned.value] if owned else "")


def _event(moment: Moment) -> Text:
    name = moment.signal or moment.event
    told = Text.assemble((name, "bold"), (f"  {moment.source}", "dim"))
    for more in (moment.about, moment.detail):
        if more:
            told.append(f"\n{more}", style="red" if more is moment.detail else "")
    return told


def _states(moment: Moment) -> Text:
    if len(moment.states) > 1:
        via = [Text(state, style="dim") for state in moment.states[1:-1]]
        owned = moment.exposure.value if moment.exposure else ""
        ends = [Text(moment.states[0]), *via, Text(moment.states[-1], style=COLOURS.get(owned, ""))]
        return Text(" -> ").join(ends)
    if moment.outcome == "moved" and moment.states:
        return Text(f"stays in {moment.states[0]}", style="dim")
    return Text(moment.outcome, style="red" if moment.outcome == "failed" else "dim")


def _commands(moment: Moment) -> Text:
    return Text("\n").join(map(_command, moment.commands))


def _command(command: CommandView) -> Text:
    if not command.answer:
        answer = Text("no answer yet", style="yellow")
    else:
        took = f" in {lasted(command.took_ms)}" if command.took_ms is not None else ""
        detail = f" {command.detail}" if command.detail else ""
        answer = Text(f"{command.answer}{took}{detail}", style="dim")
    about = f" {command.about}" if command.about else ""
    return Text.assemble(f"{command.what}{about} => ", answer)


# -- What it owns --------------------------------------------------------------------------------


def _legs(view: ExecutionView) -> Table:
    made = table(
        "order", "venue", "selection", "stake", "filled", "odds", "status", "answered", "reason",
        "client id",
        title="Orders", right=("stake", "filled", "odds", "answered"),
    )  # fmt: skip
    for leg in view.legs:
        name = f"{leg.slot} {leg.strategy}".strip()
        status = leg.status if leg.final else f"{leg.status}, provisional"
        after = lasted(leg.answered_after_ms) if leg.answered_after_ms is not None else ""
        amounts = (str(leg.stake), str(leg.filled), figure(leg.odds or ""))
        reason = " ".join(part for part in (leg.code, leg.reason) if part)
        made.add_row(name, leg.venue, leg.selection, *amounts, status, after, reason, leg.client_id)
    return made


def _profit(view: ExecutionView) -> Table:
    made = table("if it ends", "profit", title="Filled so far", right=("profit",))
    for scenario, amount in view.profit.items():
        style = "red" if amount < 0 else "green"
        worst = "  (worst)" if amount == view.worst else ""
        made.add_row(scenario, Text(f"{amount:+.2f}", style=style) + Text(worst, style="dim"))
    return made
