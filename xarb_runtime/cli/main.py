"""
The command `xarb`.

Every command imports what it needs when it runs, so that `xarb --help` is quick.
"""

from typing import Annotated

import typer

from xarb_runtime import __version__
from xarb_runtime.cli import (
    bus,
    charts,
    demo,
    executions,
    feed,
    ghost,
    init,
    keys,
    levels,
    messages,
    metrics,
    parity,
    plugins,
    run,
    schemas,
    venue_fault,
    venue_sim,
)
from xarb_runtime.cli.errors import Commands
from xarb_runtime.cli.state import begin

RUNNING = "A running service"
LOOKING = "Looking"
DEPLOYMENT = "A deployment"
SIMULATION = "Simulation"
CHARTS = "Charts and plugins"

app = typer.Typer(
    name="xarb",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Two-leg arbitrages across venues, declared as statecharts and never left half done "
    "unnoticed. Exit codes: 0 done, 1 could not be done, 2 bad input, 3 stopped with something "
    "open on one side.",
)


@app.callback()
def before(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    """Set what holds for every command."""
    begin(debugging=debug)


def version() -> None:
    """Print the version."""
    from xarb_runtime.cli.screen import write

    write(f"xarb {__version__}")


app.command("init", rich_help_panel=DEPLOYMENT)(init.init)
app.command("check", rich_help_panel=DEPLOYMENT)(run.check)
app.command("run", rich_help_panel=DEPLOYMENT)(run.run)
app.add_typer(keys.app, name="keys", rich_help_panel=DEPLOYMENT)
app.command("status", rich_help_panel=RUNNING)(levels.status)
app.command("pause", rich_help_panel=RUNNING)(levels.pause)
app.command("resume", rich_help_panel=RUNNING)(levels.resume)
app.command("reduce", rich_help_panel=RUNNING)(levels.reduce)
app.command("halt", rich_help_panel=RUNNING)(levels.halt)
app.command("stop", rich_help_panel=RUNNING)(levels.stop)
app.command("resolve", rich_help_panel=RUNNING)(executions.resolve)
app.command("retry", rich_help_panel=RUNNING)(executions.retry)
app.command("submit", rich_help_panel=RUNNING)(messages.submit)
app.add_typer(feed.app, name="feed", rich_help_panel=RUNNING)
app.command("executions", rich_help_panel=LOOKING)(executions.executions)
app.command("show", rich_help_panel=LOOKING)(executions.show)
app.command("incidents", rich_help_panel=LOOKING)(executions.incidents)
app.command("parity", rich_help_panel=LOOKING)(parity.parity)
app.add_typer(messages.letters, name="dead-letters", rich_help_panel=LOOKING)
app.add_typer(bus.app, name="bus", rich_help_panel=LOOKING)
app.add_typer(metrics.app, name="metrics", rich_help_panel=LOOKING)
app.command("ghost", rich_help_panel=SIMULATION)(ghost.ghost)
app.command("venues-demo", rich_help_panel=SIMULATION)(demo.venues_demo)
app.command("ghost-venue", rich_help_panel=SIMULATION)(ghost.ghost_venue)
app.command("venue-sim", rich_help_panel=SIMULATION)(venue_sim.venue_sim)
app.command("venue-fault", rich_help_panel=SIMULATION)(venue_fault.venue_fault)
app.command("lint", rich_help_panel=CHARTS)(charts.lint)
app.command("graph", rich_help_panel=CHARTS)(charts.graph)
app.command("schema", rich_help_panel=CHARTS)(schemas.schema)
app.add_typer(plugins.app, name="plugins", rich_help_panel=CHARTS)
app.command("version", rich_help_panel=CHARTS)(version)


def main() -> None:
    """Run the command line."""
    app()
