"""
`xarb executions`, `show`, `incidents`, `resolve`, `retry`.

Where no runtime is running, the reading ones read the store itself.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.levels import client_of
from xarb_runtime.cli.options import HERE, AsJson, Folder, Limit, Reason

if TYPE_CHECKING:
    from xarb_runtime.domain.steps import Status
    from xarb_runtime.store.records import ExecutionRow, IncidentRow


def executions(
    folder: Folder = HERE,
    status: Annotated[
        str, typer.Option("--status", "-s", metavar="STATUS", help="running, final or quarantined.")
    ] = "",
    limit: Limit = 50,
    *,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="The supervisor and the venues' health too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List executions, the newest first."""
    from xarb_runtime.cli.reading import reading
    from xarb_runtime.cli.screen import write_json
    from xarb_runtime.service.book import is_trade

    found = reading(folder).executions(_status(status), limit)
    found = [row for row in found if everything or is_trade(row.id)]
    if as_json:
        write_json(found)
    else:
        _draw_executions(found)


def _status(name: str) -> "Status | None":
    from xarb_runtime.domain.steps import Status
    from xarb_runtime.ops.problems import Problem, ProblemError

    if name and name not in {each.value for each in Status}:
        expected = "one of " + ", ".join(each.value for each in Status)
        problem = Problem(
            what="there is no such status", where="--status", expected=expected, found=name
        )
        raise ProblemError(problem)
    return Status(name) if name else None


def _draw_executions(found: "list[ExecutionRow]") -> None:
    from xarb_runtime.cli.screen import clock, exposure, lasted, out, table, write

    if not found:
        write("There are no executions.")
        return
    made = table("id", "about", "state", "status", "exposure", "reason", "started", "took")
    for row in found:
        took = lasted(row.updated_ms - row.started_ms)
        state = (row.id, row.title, "+".join(row.leaves), row.status.value)
        made.add_row(*state, exposure(row.exposure.value), row.reason, clock(row.started_ms), took)
    out().print(made)


def show(
    execution: Annotated[
        str, typer.Argument(metavar="ID", help="x-<opportunity>, or venue:<name>.")
    ],
    folder: Folder = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Draw what happened in one execution: events, states, commands, answers, exposure, orders."""
    from xarb_runtime.cli.reading import reading
    from xarb_runtime.cli.screen import write_json

    found = reading(folder).execution(execution)
    if as_json:
        write_json(found)
    else:
        from xarb_runtime.cli.drawing import draw_execution

        draw_execution(found)


def incidents(
    folder: Folder = HERE,
    limit: Limit = 50,
    *,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Closed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List open incidents, the newest first."""
    from xarb_runtime.cli.reading import reading
    from xarb_runtime.cli.screen import write_json

    found = reading(folder).incidents(limit, everything=everything)
    if as_json:
        write_json(found)
    else:
        _draw_incidents(found, everything=everything)


def _draw_incidents(found: "list[IncidentRow]", *, everything: bool) -> None:
    from xarb_runtime.cli.screen import clock, exposure, out, table, write

    if not found:
        write("There are no incidents." if everything else "There are no open incidents.")
        return
    made = table("id", "kind", "severity", "execution", "exposure", "opened", "reason", "closed")
    for row in found:
        closed = f"{clock(row.closed_ms)} {row.closed_by}: {row.note}" if row.closed_ms else ""
        head = (row.id, row.kind, row.severity, row.execution, exposure(row.exposure.value))
        made.add_row(*head, clock(row.opened_ms), row.reason, closed)
    out().print(made)


def resolve(
    incident: Annotated[str, typer.Argument(metavar="ID", help="As `xarb incidents` lists it.")],
    note: Annotated[
        str, typer.Option("--note", "-m", metavar="TEXT", help="What was found and done; required.")
    ],
    folder: Folder = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """
    Close an incident. A person has settled what it is about.

    The execution of an `exposed` or `finality_overdue` incident ends as closed; a quarantined one
    (`fault`) ends where it failed. All other kinds are closed and nothing else.
    """
    from xarb_runtime.cli.deployment import operator
    from xarb_runtime.cli.screen import write, write_json
    from xarb_runtime.ops.bodies import Resolution, ResolveAnswer
    from xarb_runtime.ops.client import segment

    body = Resolution(operator=operator(), note=note)
    path = f"/incidents/{segment(incident)}/resolve"
    found = client_of(folder).post(path, ResolveAnswer, body)
    if as_json:
        write_json(found)
    else:
        write(found.note)


def retry(
    execution: Annotated[str, typer.Argument(metavar="ID", help="An execution that is exposed.")],
    folder: Folder = HERE,
    reason: Reason = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Let an exposed execution try its hedges again, from the first strategy."""
    from xarb_runtime.cli.deployment import operator
    from xarb_runtime.cli.screen import write, write_json
    from xarb_runtime.ops.bodies import RetryAnswer, Word
    from xarb_runtime.ops.client import segment

    body = Word(operator=operator(), reason=reason)
    path = f"/executions/{segment(execution)}/retry"
    found = client_of(folder).post(path, RetryAnswer, body)
    if as_json:
        write_json(found)
    else:
        write(f"{found.before} -> {found.after}. {found.note}")
