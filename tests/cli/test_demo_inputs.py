"""The demonstration: what does not fit is said before anything is started."""

import pytest

from tests.cli.deployed import told, xarb


@pytest.mark.parametrize("delays", ["x", "-1", "NaN", "Infinity", ""])
def test_delays_that_are_none_are_bad_input(delays: str) -> None:
    result = xarb("venues-demo", "--delays", delays)

    assert result.exit_code == 2
    assert "Invalid value for '--delays': expected a number, 0 or more" in told(result)


def test_a_broker_that_is_not_there_is_said_with_what_to_do() -> None:
    result = xarb("venues-demo", "--bus", "amqp://guest:hunter2-hunter2@127.0.0.1:1/")

    assert result.exit_code == 1
    assert "--bus: nothing listens at amqp://127.0.0.1:1" in told(result)
    assert "Start RabbitMQ there, name another one (--bus), or leave it out" in told(result)
    assert "hunter2" not in told(result)


def test_a_bus_that_nobody_offers_lists_those_there_are() -> None:
    result = xarb("venues-demo", "--bus", "foo://here")

    assert result.exit_code == 2
    assert "No plugin offers the bus 'foo'. Known: amqp, amqps, embedded." in told(result)
