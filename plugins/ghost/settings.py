"""
The script of a ghost venue, as it stands in the settings: what it answers, when, and what it knows.

What contradicts itself is refused when the settings are read, with the key that is wrong.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import OrderStatus
from xarb_runtime.plugins.contracts import Capabilities

from .behaviours import Behaviour, Report, Scripted
from .checking import check_durations, check_odds, refuse


class GhostCapabilities(Capabilities, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the ghost says it can do; by default an exchange whose acceptances are final."""

    partial_fills: bool = True
    cancel: bool = True
    final_at_once: bool = True


#: What calibrated venues can do, as their protocols are known.
CALIBRATED = {
    "azuro": GhostCapabilities(partial_fills=False, cancel=False),
    "sx": GhostCapabilities(final_at_once=False),
}


class QuoteBehaviour(Scripted, frozen=True, kw_only=True):
    """
    One answer to a quote.

    Attributes:
        only: the selection it is for, `market/outcome`; left out: any.
        odds: left out: the price of the selection.
        after: when the answer comes; left out: the venue's latency.
        min_stake, max_stake: left out: as `capabilities`. A `max_stake` of 0 means suspended.
        fail: the call raises.
        silence: the call never returns.
    """

    only: str = ""
    odds: Decimal | None = None
    after: str | None = None
    min_stake: Decimal | None = None
    max_stake: Decimal | None = None
    fail: bool = False
    silence: bool = False

    def __post_init__(self) -> None:
        check_durations(self, "after")
        check_odds("odds", self.odds)


class Window(Scripted, frozen=True, kw_only=True):
    """
    A stretch of time in which the venue is out of reach, counted from its opening.

    Attributes:
        from: its beginning.
        until: its end; left out: for ever.
    """

    since: str = msgspec.field(name="from", default="0ms")
    until: str | None = None

    def __post_init__(self) -> None:
        check_durations(self, "since", "until")
        if self.until is not None and parse_duration_ms(self.until) <= self.since_ms:
            refuse("until", f"later than from ({self.since})", self.until)

    @property
    def since_ms(self) -> int:
        """`from` in milliseconds."""
        return parse_duration_ms(self.since)

    def holds(self, elapsed_ms: int) -> bool:
        """Return whether this long after its opening the venue is out of reach."""
        end = None if self.until is None else parse_duration_ms(self.until)
        return self.since_ms <= elapsed_ms and (end is None or elapsed_ms < end)


class HeartbeatBehaviour(Scripted, frozen=True, kw_only=True):
    """
    What becomes of heartbeats.

    Attributes:
        fail_from: from this moment on, counted from the opening, heartbeats fail.
        fail_until: until this moment; left out: for ever.
        timeout: the venue acts when no heartbeat has arrived for this long; armed by the first one.
        cancels_orders: it then cancels open orders with the code HEARTBEAT_TIMEOUT.
    """

    fail_from: str | None = None
    fail_until: str | None = None
    timeout: str | None = None
    cancels_orders: bool = True

    def __post_init__(self) -> None:
        check_durations(self, "fail_from", "fail_until", "timeout")

    @property
    def failing(self) -> Window | None:
        """When heartbeats fail."""
        if self.fail_from is None:
            return None
        return Window(since=self.fail_from, until=self.fail_until)


class GhostSettings(Scripted, frozen=True, kw_only=True):
    """
    A ghost venue.

    Attributes:
        capabilities: what the venue says it can do; left out: see `GhostCapabilities`, and for
            calibrated venues what their protocol allows.
        latency: how long an answer takes when nothing else is said.
        orders: what becomes of the first order, the second, and so on. An order that is sent again
            keeps its behaviour.
        repeats_orders: after the last of `orders` the first one's turn comes again; excludes
            `default` and `calibrated`.
        default: what becomes of all further orders; left out: filled completely.
        calibrated: further orders behave as `azuro` or `sx` have been seen to; excludes `default`.
        seed: other seeds, other fates; for calibrated venues.
        final_after: when acceptances are not final at once, they become so after this long.
        quotes: the first answer to a quote, the second, and so on.
        prices: odds by `market/outcome`, for all further quotes.
        price_file: a JSON file with more of them; `prices` win.
        checks_price: the book refuses an order whose `min_odds` is above the price.
        down: when the venue is out of reach: every call raises ConnectionError, reports wait.
        heartbeat: what becomes of heartbeats.
        replays_reports: a new connection hears all reports from the beginning, not only new ones.
        replays: how far back a new connection from another process hears; left out: everything.
    """

    capabilities: GhostCapabilities | None = None
    latency: str = "50ms"
    orders: list[Behaviour] = []
    repeats_orders: bool = False
    default: Behaviour | None = None
    calibrated: Literal["azuro", "sx"] | None = None
    seed: int = 0
    final_after: str | None = None
    quotes: list[QuoteBehaviour] = []
    prices: dict[str, Decimal] = {}
    price_file: str = ""
    checks_price: bool = False
    down: list[Window] = []
    heartbeat: HeartbeatBehaviour = msgspec.field(default_factory=HeartbeatBehaviour)
    replays_reports: bool = True
    replays: str | None = None

    def __post_init__(self) -> None:
        check_durations(self, "latency", "final_after", "replays")
        for selection, odds in self.prices.items():
            check_odds(f"prices.{selection}", odds)
        if self.calibrated and self.default is not None:
            refuse("default", f"nothing beside calibrated: {self.calibrated}", "a behaviour")
        if self.repeats_orders and (self.calibrated or self.default is not None):
            refuse("repeats_orders", "neither default nor calibrated beside it", "one of them")
        if self.calibrated == "sx" and self.can.final_at_once:
            refuse("capabilities.final_at_once", "false with calibrated: sx", "true")
        if self.final_after is not None and self.can.final_at_once:
            refuse("final_after", "nothing: capabilities.final_at_once is true", self.final_after)
        if self.heartbeat.timeout and not self.can.dead_man_heartbeat:
            expected = "nothing: capabilities.dead_man_heartbeat is false"
            refuse("heartbeat.timeout", expected, self.heartbeat.timeout)
        for name, reports in self._timelines():
            self._check_timeline(name, reports)

    @property
    def can(self) -> GhostCapabilities:
        """What the venue can do."""
        return self.capabilities or CALIBRATED.get(self.calibrated or "", GhostCapabilities())

    def _timelines(self) -> Iterator[tuple[str, list[Report]]]:
        for index, behaviour in enumerate(self.orders):
            yield f"orders[{index}].reports", behaviour.reports or []
        yield "default.reports", (self.default.reports if self.default else None) or []

    def _check_timeline(self, name: str, reports: list[Report]) -> None:
        for number, report in enumerate(reports):
            if not self.can.partial_fills and report.filled is not None and 0 < report.filled < 1:
                expected = "0 or 1: capabilities.partial_fills is false"
                refuse(f"{name}[{number}].filled", expected, report.filled)
            if report.status is OrderStatus.REVERSED and any(
                self.is_final(earlier) for earlier in reports[:number]
            ):
                expected = "nothing that takes a final report back (capabilities.final_at_once)"
                refuse(f"{name}[{number}].status", expected, report.status.value)

    def is_final(self, report: Report) -> bool:
        """Return whether the venue will not take this back any more."""
        if report.final is not None:
            return report.final
        if report.status is OrderStatus.OPEN:
            return False
        never_back = report.status in {OrderStatus.REFUSED, OrderStatus.REVERSED}
        return never_back or self.can.final_at_once
