"""The situations of the how-to about RabbitMQ: a deployment, a broker, and nothing that runs."""

from typing import Any

from tests.runbooks.scenes import situation
from tests.runbooks.scenes_of_the_broker import KEY, Corner
from tests.runbooks.table import Table


def _at_a_broker(table: Table, **section: Any) -> Corner:
    corner = Corner(table)
    table.lay_out(bus=corner.bus() | section)
    return corner


@situation()
def with_a_broker(table: Table) -> None:
    """The settings name a broker on which nothing has been made yet."""
    _at_a_broker(table)


@situation()
def with_a_broker_and_a_key(table: Table) -> None:
    """Everything has been made, and both sides have the operators' key."""
    _at_a_broker(table, operator_key=KEY)
    _declare(table)


@situation()
def with_a_misspelt_message(table: Table) -> None:
    """Somebody has published under a routing key that no queue takes."""
    corner = _at_a_broker(table)
    _declare(table)
    corner.publish(b"{}", "oportunity.detected")


def _declare(table: Table) -> None:
    typed = table.invoke(["bus", "declare"], table.folder)
    assert typed.exit_code == 0, typed.output
