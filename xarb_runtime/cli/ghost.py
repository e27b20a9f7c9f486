"""
`xarb ghost`: the scenarios in virtual time. `xarb ghost-venue`: a venue as a process of its own.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.options import HERE, AsJson, Folder

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

    from xarb_runtime.simulation.campaign import Report
    from xarb_runtime.simulation.ghost import GhostRun
    from xarb_runtime.simulation.play import Played
    from xarb_runtime.simulation.scenario import Scenario

EVIDENCE = "evidence"
PERCENT = 100


def ghost(
    folder: Folder = HERE,
    only: Annotated[
        str, typer.Option("--only", metavar="TEXT", help="Only scenarios with this in their name.")
    ] = "",
    evidence: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where the evidence goes; else DIR/evidence."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """
    Rehearse: play the scenarios in virtual time, check what must hold, write the evidence.

    The service is the real one, the venues are ghosts that follow a script. Evidence is of all
    scenarios: with --only none is written. Exit code 1 if a scenario does not hold.
    """
    from time import perf_counter

    from xarb_runtime.cli.deployment import settings_of
    from xarb_runtime.simulation.ghost import run_ghost

    settings = settings_of(folder)
    out = evidence or folder / EVIDENCE
    began = perf_counter()
    if as_json:
        run = run_ghost(folder, out, settings=settings, only=only)
        _write_json(run)
    else:
        with _bar() as bar:
            run = run_ghost(folder, out, _Watching(bar), settings=settings, only=only)
        _draw(run, perf_counter() - began)
    raise typer.Exit(int(run.status))


# -- While it runs -------------------------------------------------------------------------------


def _bar() -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from xarb_runtime.cli.screen import out

    columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=out(), transient=True)


class _Watching:
    """Shows on a terminal which scenario is being played, and each that does not hold at once."""

    def __init__(self, bar: "Progress") -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def started(self, scenario: "Scenario", number: int, count: int) -> None:
        self._bar.update(self._task, description=scenario.name, total=count, completed=number - 1)

    def finished(self, played: "Played", number: int, count: int) -> None:
        self._bar.update(self._task, total=count, completed=number)
        if not played.passed:
            from rich.markup import escape

            self._bar.console.print(f"[bold red]{escape(played.scenario.name)} does not hold[/]")


# -- How it went ---------------------------------------------------------------------------------


def _write_json(run: "GhostRun") -> None:
    from xarb_runtime.cli.screen import write_json

    write_json(
        {
            "status": run.status.name.lower(),
            "scenarios": [
                {
                    "name": played.scenario.name,
                    "title": played.scenario.title,
                    "holds": played.passed,
                    "unmet": played.unmet,
                    "violations": [str(each) for each in played.recording.violations],
                }
                for played in run.report.played
            ],
            "files": [str(path) for path in run.files],
        }
    )


def _draw(run: "GhostRun", wall_seconds: float) -> None:
    from xarb_runtime.cli.screen import out, write

    report = run.report
    out().print(_scenarios(report))
    write()
    write(_figures(report), style="dim")
    for played in report.failed:
        write(f"{played.scenario.name} does not hold:", style="bold red")
        for text in (*played.unmet, *map(str, played.recording.violations)):
            write(f"  {text}", style="red")
    held = len(report.played) - len(report.failed)
    style = "bold red" if report.failed else "bold green"
    write(f"{held} of {len(report.played)} scenarios hold, in {wall_seconds:.1f} s.", style=style)
    for path in run.files:
        write(f"wrote {path}")


def _scenarios(report: "Report") -> "Table":
    from rich.text import Text

    from xarb_runtime.cli.screen import lasted, table

    right = ("one leg", "in doubt")
    made = table("scenario", "what it is about", "", "ended as", *right, "incidents", right=right)
    for played in report.played:
        journeys = [
            each for each in report.figures.journeys if each.scenario == played.scenario.name
        ]
        kinds = sorted({fact.incident.kind for fact in played.recording.incidents.values()})
        result = Text("holds", style="green") if played.passed else Text("FAILS", style="bold red")
        made.add_row(
            played.scenario.name,
            played.scenario.title,
            result,
            _counted([each.state for each in journeys]),
            lasted(sum(each.naked_ms for each in journeys)),
            lasted(sum(each.doubt_ms for each in journeys)),
            ", ".join(kinds),
        )
    return made


def _counted(states: list[str]) -> str:
    from collections import Counter

    return ", ".join(
        state if count == 1 else f"{count} {state}" for state, count in Counter(states).items()
    )


def _figures(report: "Report") -> str:
    from xarb_runtime.cli.screen import lasted

    figures = report.figures
    half, most = figures.orchestration_ms
    rollback = figures.rollback_rate
    incidents = ", ".join(f"{count} {kind}" for kind, count in figures.incidents.items()) or "none"
    flow = report.coverage[0] if report.coverage else None
    lines = [
        f"orchestration time: median {lasted(half)}, 95 % within {lasted(most)}",
        f"on one leg: {lasted(figures.naked_ms)}, in doubt: {lasted(figures.doubt_ms)}",
        f"incidents: {incidents}",
        f"{figures.steps} steps, {figures.commands} commands, {figures.checkpoints} checkpoints",
    ]
    if rollback is not None:
        lines.insert(1, f"hedged: {rollback * PERCENT:.1f} % of those that owned anything")
    if flow is not None:
        lines.append(
            f"coverage of {flow.chart}: states {flow.state_share:.0%}, "
            f"transitions {flow.transition_share:.0%}, outcomes of guards {flow.outcome_share:.0%}"
        )
    return "\n".join(lines)


# -- A venue of its own --------------------------------------------------------------------------


def ghost_venue(
    book: Annotated[
        Path, typer.Option("--book", metavar="FILE", help="Where the venue keeps its orders.")
    ],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 0,
    settings: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", help="Its script, YAML; see the plugin ghost."),
    ] = None,
) -> None:
    """
    Run a ghost venue in this process, on loopback, until it is killed.

    A runtime connects to it with a venue of kind `ghost_remote`. Its book survives a kill.
    """
    import sys

    from xarb_runtime.cli.screen import write
    from xarb_runtime.ops.ghost_venue import serve_ghost_venue

    def ready(url: str) -> None:
        write(f"ghost venue at {url}")
        sys.stdout.flush()

    serve_ghost_venue(settings, port, book, on_ready=ready)
