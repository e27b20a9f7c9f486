"""
`xarb venues-demo`: the whole mission on the real venues' protocols.
"""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.errors import FAILED
from xarb_runtime.cli.options import HERE, AsJson

if TYPE_CHECKING:
    from xarb_runtime.ops.demo.play import DemoPlan
    from xarb_runtime.ops.demo.report import DemoReport

SHOWN = 10


def _times(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except ArithmeticError:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        message = f"expected a number, 0 or more, such as 0.1, found {text}"
        raise typer.BadParameter(message)
    return found


def venues_demo(
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", "-C", metavar="DIR", help="Where the deployment is made and kept; new."
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Opportunities.")] = 200,
    rate: Annotated[float, typer.Option("--rate", min=0.01, help="Opportunities a second.")] = 4.0,
    seed: Annotated[int, typer.Option("--seed", help="Other seeds, other moods.")] = 1,
    bus: Annotated[
        str, typer.Option("--bus", metavar="URL", help="e.g. amqp://guest:guest@127.0.0.1/")
    ] = "embedded://",
    delays: Annotated[
        Decimal,
        typer.Option(
            "--delays",
            parser=_times,
            metavar="NUMBER",
            help="Times Azuro's delays; 1 is as long as in life.",
        ),
    ] = Decimal("0.1"),
    *,
    as_json: AsJson = False,
) -> None:
    """
    Play the whole mission on the real protocols: SX Bet and Azuro as simulators with real moods.

    Three processes: both simulators, and the service with real signatures (keys without worth).
    Afterwards both venues are asked about every order. Exit code 1 if they know otherwise.
    """
    from tempfile import TemporaryDirectory

    from xarb_runtime.ops.demo.play import DemoPlan

    def plan(place: Path) -> DemoPlan:
        return DemoPlan(
            folder=place, count=count, rate=rate, seed=seed, bus=bus, delay_scale=delays
        )

    _require_bus(bus)
    if folder is not None:
        _require_new(folder)
        _play(plan(folder), as_json=as_json)
    else:
        with TemporaryDirectory(prefix="xarb-venues-demo-") as place:
            _play(plan(Path(place)), as_json=as_json)


def _require_new(folder: Path) -> None:
    from xarb_runtime.ops.problems import Problem, ProblemError

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        problem = Problem(
            what="the demonstration makes a deployment of its own",
            where=str(folder),
            expected="a new or an empty folder",
            do="Name another one, or leave --folder out",
        )
        raise ProblemError(problem)


def _require_bus(url: str) -> None:
    """Three processes are not started for a broker that is not there."""
    import msgspec

    from xarb_runtime.ops.bus_check import broker_of, greet
    from xarb_runtime.ops.problems import ProblemError
    from xarb_runtime.service.settings import BusSettings, Settings

    broker = broker_of(HERE, Settings(bus=BusSettings(url=url)))
    if broker is None:
        return
    try:
        greet(broker)
    except ProblemError as error:
        do = "Start RabbitMQ there, name another one (--bus), or leave it out: none is needed"
        problem = msgspec.structs.replace(error.problem, where="--bus", do=do)
        raise ProblemError(problem, error.status) from error


def _play(plan: "DemoPlan", *, as_json: bool) -> None:
    import asyncio

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from xarb_runtime.cli.screen import out, write_json
    from xarb_runtime.ops.demo.play import play
    from xarb_runtime.ops.logs import silence

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with silence(), Progress(*columns, console=out(), transient=True, disable=as_json) as bar:
        task = bar.add_task("", total=plan.count)
        report = asyncio.run(
            play(plan, lambda what, done: bar.update(task, description=what, completed=done))
        )
    if as_json:
        write_json(report)
    else:
        _draw(report)
        _show(plan.folder, report.hedged)
    if report.differing or report.attended.exit_code:
        raise typer.Exit(FAILED)


def _draw(report: "DemoReport") -> None:
    from xarb_runtime.cli.screen import lasted, out, table, write

    made = table("what", "found", "", title="Both venues' protocols", right=("found",))

    def row(name: str, value: object, more: str = "") -> None:
        made.add_row(name, str(value), more)

    by = report.attended
    unpriced = f"{by.unpriced} more had no price to begin with" if by.unpriced else ""
    row("opportunities", report.executions, unpriced)
    for state, count in report.ends.items():
        row(f"  {state}", count, _listed(report.reasons) if state == "rejected" else "")
    row("orders sent", sum(report.orders.values()), _listed(report.orders))
    row("  filled", sum(report.filled.values()), _listed(report.filled))
    row("hedges filled", sum(report.hedges.values()), _listed(report.hedges))
    row("incidents", sum(report.incidents.values()), _listed(report.incidents))
    row("  still open", report.open_incidents)
    row("pauses", by.pauses, "an attendant came and let trading go on")
    if by.retried:
        row("  retried", by.retried, f"{by.taken_over} incidents stayed, and are his")
    row("on one leg", lasted(report.one_leg_ms), "of all together")
    row("in doubt", lasted(report.unknown_ms), "an order was on its way or unknown")
    row("staked", f"{report.staked:.2f}")
    row("locked in", f"{report.locked_in:+.2f}", "worst cases added up")
    row("took", lasted(round(by.seconds * 1000)))
    out().print(made)
    write()
    if report.differing:
        write(f"{len(report.differing)} of {report.audited} orders differ:", style="bold red")
        for text in report.differing[:SHOWN]:
            write(f"  {text}", style="red")
    else:
        write(
            f"Both venues were asked about all {report.audited} orders: they say what the journal "
            "says.",
            style="bold green",
        )


def _listed(counted: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.items())


def _show(folder: Path, execution: str) -> None:
    from xarb_runtime.cli.drawing import draw_execution
    from xarb_runtime.cli.reading import reading
    from xarb_runtime.cli.screen import write

    if not execution:
        write("Nothing was hedged this time; another --seed may be less lucky.")
        return
    write()
    write(f"xarb show {execution}", style="bold")
    draw_execution(reading(folder).execution(execution))
