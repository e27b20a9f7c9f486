"""How `xarb status` speaks of the bus: short when all is well, and why when it is not."""

from decimal import Decimal

import pytest

from xarb_runtime.cli.levels import bus_line, figures_line, outbox_line
from xarb_runtime.ops.status import LineState, OutboxState, VenueState

NOON_MS = 1_800_014_400_000


def line(**facts: object) -> str:
    return bus_line(LineState(**{"url": "amqp://broker/", "state": "connected", **facts})).plain


def test_a_bus_that_is_well_says_little() -> None:
    assert line() == "bus amqp://broker/, connected"


def test_a_bus_that_is_away_says_since_when_and_why() -> None:
    shown = line(state="waiting", since_ms=NOON_MS, reason="connection refused")

    assert shown.startswith("bus amqp://broker/, waiting since 2027-01-15 ")
    assert shown.endswith(", connection refused")


def test_queues_that_wait_are_named() -> None:
    waiting = {"xarb.opportunities": 12, "xarb.operator": 0, "xarb.recent": 10_000}
    shown = line(waiting=waiting, redelivered=3)

    assert shown == "bus amqp://broker/, connected, 12 wait in xarb.opportunities, 3 came again"


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"waiting": 4, "oldest_age_ms": 850}, "outbox 4 waiting, the oldest for 850 ms"),
        (
            {"waiting": 4, "oldest_age_ms": 61_000, "stuck": 2, "error": "no queue takes it"},
            "outbox 4 waiting, the oldest for 1 m 1 s, 2 executions stuck: no queue takes it",
        ),
    ],
)
def test_an_outbox_that_waits_says_why(facts: dict[str, object], shown: str) -> None:
    assert outbox_line(OutboxState(**facts)).plain == shown


def test_an_outbox_behind_a_bus_that_is_away_does_not_say_why_once_more() -> None:
    outbox = OutboxState(waiting=2, stuck=1, oldest_age_ms=1500, error="no connection")

    shown = outbox_line(outbox, connected=False).plain

    assert shown == "outbox 2 waiting, the oldest for 1.5 s, 1 execution stuck"


def test_a_venue_that_measures_nothing_and_has_no_limit_has_no_line() -> None:
    assert figures_line(VenueState(name="sx", kind="ghost", up=True, state="healthy")) == ""


def test_figures_and_what_is_at_stake_are_one_line() -> None:
    venue = VenueState(
        name="sx",
        kind="sx_bet",
        up=True,
        state="healthy",
        figures={"requests_left": Decimal(12), "available_usdc": Decimal("99.50")},
        open_stake=Decimal(40),
        open_limit=Decimal("1E+2"),
    )

    assert figures_line(venue) == "sx: at stake 40 of 100, requests_left 12, available_usdc 99.50"
