"""The situations of the tutorial with RabbitMQ. Each goes on from the one before."""

from tests.runbooks.scenes import situation
from tests.runbooks.table import Table
from tests.servers.ports import free_port
from tests.tutorial.desk import Desk

OPPORTUNITIES = 48


def desk(table: Table) -> Desk:
    """The table, which is one of the tutorial."""
    assert isinstance(table, Desk)
    return table


@situation()
def broker_runs(table: Table) -> None:
    """A broker, on a port of its own; the usual ports may be taken here."""
    at = desk(table)
    metrics = str(free_port())
    at.ours["127.0.0.1:5672"] = f"127.0.0.1:{at.broker.port}"
    at.ours["9464"] = metrics
    ports = f"control: {{port: 0}}\nmetrics: {{port: {metrics}}}\n"
    at.ours["mode: ghost\n"] = f"mode: ghost\n{ports}"


@situation(after="broker_runs")
def runs_with_the_broker(table: Table) -> None:
    """The runtime has found the broker."""
    table.until(lambda status: status.line.state == "connected", "connected")


@situation(after="runs_with_the_broker")
def at_the_engine(table: Table) -> None:
    """In the engine's terminal."""
    desk(table).here = desk(table).engine


@situation(after="at_the_engine")
def all_have_ended(table: Table) -> None:
    """Everything has ended, and was told."""
    table.until_state(f"x-t-{OPPORTUNITIES - 1}", "completed")
    table.until_state("x-t-3", "unwound")
    table.until(
        lambda status: not (status.in_flight or status.outbox.waiting) and status.malformed == 1,
        "all ended and told",
    )


@situation(after="all_have_ended")
def at_the_desk(table: Table) -> None:
    """In the deployment's terminal."""
    desk(table).here = desk(table).folder


@situation(after="at_the_desk")
def at_the_engine_again(table: Table) -> None:
    """In the engine's terminal, once more."""
    at_the_engine(table)


@situation(after="at_the_engine_again")
def paused_over_the_broker(table: Table) -> None:
    """Both words have been heard."""
    at_the_desk(table)
    table.until_level("paused")
    table.until(lambda status: status.malformed == 2, "the other word refused")
