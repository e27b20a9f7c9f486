"""
`xarb feed football-data`: real prices as opportunities.
"""

from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.levels import client_of
from xarb_runtime.cli.options import HERE, AsJson, Folder

if TYPE_CHECKING:
    from xarb_runtime.ops.client import ControlClient
    from xarb_runtime.ops.offline import OfflineReport
    from xarb_runtime.simulation.football import FootballRead

app = typer.Typer(no_args_is_help=True)

#: How long to wait before what the bus had no room for is submitted again, seconds.
AGAIN_SECONDS = 1.0
SHOWN_NOTES = 5


class OfflineVenues(StrEnum):
    """How the ghost venues of an offline run behave."""

    CALIBRATED = "calibrated"
    IDEAL = "ideal"


@app.callback()
def feed() -> None:
    """Publish opportunities from files of real prices."""


@app.command("football-data")
def football_data(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", show_default=False)],
    folder: Folder = HERE,
    rate: Annotated[float, typer.Option("--rate", min=0.001, help="Opportunities a second.")] = 2.0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Only the first; 0: all.")] = 0,
    stake: Annotated[str, typer.Option("--stake", help="What to stake on leg A.")] = "100",
    prices: Annotated[
        Path | None,
        typer.Option(
            "--prices",
            metavar="FILE",
            help="Write the closing prices for venues.<name>.price_file of ghost venues, and end.",
        ),
    ] = None,
    venues: Annotated[
        OfflineVenues,
        typer.Option(
            "--venues", help="With --offline: fail as real venues do, or fill everything."
        ),
    ] = OfflineVenues.CALIBRATED,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Run the whole feed here and now, in virtual time.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Publish matches of football-data.co.uk: over and under 2.5 goals at the best of the market.

    The opportunity has the prices before the match; leg B is quoted at the closing price. Without
    --offline they go to the running service, one after another, as fast as it takes them.
    """
    from xarb_runtime.cli.screen import remark

    read = _read(file, stake, limit)
    for note in read.skipped[:SHOWN_NOTES]:
        remark(f"{file}: {note}")
    if len(read.skipped) > SHOWN_NOTES:
        remark(f"{file}: {len(read.skipped) - SHOWN_NOTES} more lines cannot be used.")
    if prices is not None:
        _write_prices(read, prices)
    elif offline:
        _run_offline(read, folder, rate, venues, as_json=as_json)
    else:
        _publish(read, client_of(folder), rate)


def _read(file: Path, stake: str, limit: int) -> "FootballRead":
    import msgspec

    from xarb_runtime.ops.problems import Problem, ProblemError
    from xarb_runtime.simulation.football import Feed, FootballFormatError, read_football

    try:
        read = read_football(file, Feed(stake=_amount(stake)))
    except FootballFormatError as error:
        raise ProblemError(Problem(what=str(error))) from error
    if not read.opportunities:
        expected = "at least one match with prices"
        raise ProblemError(Problem(what="nothing to publish", where=str(file), expected=expected))
    return msgspec.structs.replace(read, opportunities=read.opportunities[: limit or None])


def _amount(text: str) -> Decimal:
    from decimal import InvalidOperation

    from xarb_runtime.ops.problems import Problem, ProblemError

    try:
        amount = Decimal(text)
        sound = amount.is_finite() and amount > 0
    except InvalidOperation:
        sound, amount = False, Decimal(0)
    if not sound:
        expected = "an amount above 0, e.g. 100 or 12.50"
        raise ProblemError(Problem(what="no stake", where="--stake", expected=expected, found=text))
    return amount


def _write_prices(read: "FootballRead", prices: Path) -> None:
    import msgspec

    from xarb_runtime.cli.screen import write

    prices.parent.mkdir(parents=True, exist_ok=True)
    prices.write_bytes(msgspec.json.format(msgspec.json.encode(read.prices), indent=1))
    write(f"Wrote {len(read.prices)} prices. In settings.yaml, for each ghost venue:")
    write(f"    price_file: {prices}")


def _publish(read: "FootballRead", client: "ControlClient", rate: float) -> None:
    import time

    from xarb_runtime.cli.screen import write

    pause = 1 / rate
    began = time.monotonic()
    waited = 0
    for number, opportunity in enumerate(read.opportunities):
        time.sleep(max(0.0, began + number * pause - time.monotonic()))
        waited += _publish_one(client, opportunity)
    more = f" The bus was full {waited} times." if waited else ""
    write(f"Published {len(read.opportunities)} opportunities.{more} `xarb executions` lists them.")


def _publish_one(client: "ControlClient", opportunity: object) -> int:
    """Publish until it is accepted; return how often there was no room."""
    import time

    from xarb_runtime.bus.cloudevents import encode
    from xarb_runtime.simulation.football import to_cloudevent

    full = 0
    while True:
        now_ms = time.time_ns() // 1_000_000
        found = client.submit(encode(to_cloudevent(opportunity, now_ms)))  # pyright: ignore[reportArgumentType]
        if not found.unsure:
            return full
        full += 1
        time.sleep(AGAIN_SECONDS)


# -- Offline -------------------------------------------------------------------------------------


def _run_offline(
    read: "FootballRead", folder: Path, rate: float, venues: OfflineVenues, *, as_json: bool
) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from xarb_runtime.cli.deployment import settings_of
    from xarb_runtime.cli.screen import out, write_json
    from xarb_runtime.ops.logs import silence
    from xarb_runtime.ops.offline import OfflinePlan, run_offline

    settings = settings_of(folder)
    every_ms = max(1, round(1000 / rate))
    plan = OfflinePlan(every_ms=every_ms, venues=venues.value)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    shown = out()
    with silence(), Progress(*columns, console=shown, transient=True, disable=as_json) as bar:
        task = bar.add_task("opportunities", total=len(read.opportunities))
        report = run_offline(
            read, folder, settings, plan, lambda done: bar.update(task, completed=done)
        )
    if as_json:
        write_json(report)
    else:
        _draw(report, venues)


def _draw(report: "OfflineReport", venues: OfflineVenues) -> None:
    from xarb_runtime.cli.screen import lasted, out, table

    title = f"The feed in virtual time, {venues.value} venues"
    made = table("what", "found", "", title=title, right=("found",))

    def row(name: str, value: object, more: str = "") -> None:
        made.add_row(name, str(value), more)

    row("opportunities", report.opportunities, f"{report.rows} matches, {report.skipped} unusable")
    row("with a margin above 0", report.profitable, "at their own prices, fees included")
    row("executed", report.executed, "sent at least one order")
    for state, count in report.ends.items():
        reasons = {"rejected": report.rejected, "aborted": report.aborted}.get(state, {})
        row(f"  {state}", count, _listed(reasons))
    if report.unfinished:
        row("  not ended", report.unfinished, "an hour after the last opportunity")
    row("incidents", sum(report.incidents.values()), _listed(report.incidents))
    row("pauses", report.pauses, "resumed by an operator who takes a minute to come")
    longest = f"at most {lasted(report.longest_one_leg_ms)} at a time"
    row("on one leg", lasted(report.one_leg_ms), longest)
    row("in doubt", lasted(report.unknown_ms), "an order was on its way or unknown")
    row("staked", f"{report.staked:.2f}")
    row("locked in", f"{report.worst:+.2f}", "worst cases added up")
    if report.realised is not None:
        row("realised", f"{report.realised:+.2f}", "by the real results")
    row("virtual time", lasted(report.taken_ms))
    out().print(made)


def _listed(counted: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.items())
