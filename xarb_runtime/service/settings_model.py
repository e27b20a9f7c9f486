"""
The settings as one typed, frozen object.
"""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.domain.venue_health import HealthLimits
from xarb_runtime.service.settings_secret import HIDDEN, redact
from xarb_runtime.service.settings_sections import (
    BusSettings,
    ChartSettings,
    ControlSettings,
    DebugSettings,
    KpiSettings,
    LogSettings,
    MetricsSettings,
    PluginSettings,
    Section,
    ServiceSettings,
    StoreSettings,
    TracingSettings,
    VenueSettings,
)

#: Kinds that begin so are imitations.
GHOSTS = "ghost"


class Settings(Section, frozen=True, kw_only=True):
    """
    All settings of a deployment.

    Attributes:
        mode: `ghost` allows only venues whose kind begins with `ghost`. `shadow` allows any, and
            simulates their orders against live prices: none leaves the house. `live` allows any,
            and asks each that is no ghost for an `open_limit`.
        store: where executions are kept.
        bus: where opportunities come from.
        control: the control API.
        charts: which charts run.
        plugins: which plugins are loaded.
        venues: one section per venue, under the name that opportunities use for it.
        limits: the numbers that the flow's guards and timers use.
        kpi: when trading pauses by itself.
        venue_health: when a venue counts as down.
        service: the execution service itself.
        metrics: where metrics are read.
        tracing: traces of executions.
        logging: what is logged, and where.
        debug: for tests of the runtime itself.
        secret_keys: not a setting: the key paths that came from `.secrets.yaml`.
    """

    mode: Literal["ghost", "shadow", "live"] = "ghost"
    store: StoreSettings = StoreSettings()
    bus: BusSettings = BusSettings()
    control: ControlSettings = ControlSettings()
    charts: ChartSettings = ChartSettings()
    plugins: PluginSettings = PluginSettings()
    venues: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict[str, dict[str, Any]])
    limits: Limits = Limits()
    kpi: KpiSettings = KpiSettings()
    venue_health: HealthLimits = HealthLimits()
    service: ServiceSettings = ServiceSettings()
    metrics: MetricsSettings = MetricsSettings()
    tracing: TracingSettings = TracingSettings()
    logging: LogSettings = LogSettings()
    debug: DebugSettings = DebugSettings()
    secret_keys: frozenset[str] = frozenset()

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return list(self.redacted().items())

    def redacted(self) -> dict[str, Any]:
        """Return everything as plain data without any secret, for logs and `xarb check`."""
        shown = msgspec.to_builtins(self, enc_hook=lambda _secret: HIDDEN)
        del shown["secret_keys"]
        return redact(shown, secret_keys=self.secret_keys)

    def venue_kind(self, venue: str) -> str:
        """Return the kind of a venue: the name of the `VenueSpec` that opens it."""
        return str(self.venues[venue]["kind"])

    def is_ghost(self, venue: str) -> bool:
        """Tell whether a venue is an imitation, whose money is none."""
        return self.venue_kind(venue).startswith(GHOSTS)

    def venue_own(self, venue: str) -> dict[str, Any]:
        """Return the part of a venue's section that belongs to its plugin."""
        section = self.venues[venue]
        ours = VenueSettings.__struct_fields__
        return {key: value for key, value in section.items() if key not in ours}

    def call_deadline_ms(self, venue: str) -> int:
        """Return how long to wait for this venue's answer, milliseconds."""
        own = self.venues[venue].get("call_deadline")
        return parse_duration_ms(own or self.service.call_deadline)

    def open_limit(self, venue: str) -> Decimal | None:
        """Return the most that executions in flight may stake at a venue together; None: any."""
        return self.venues[venue].get("open_limit")

    def order_limit(self, venue: str) -> Decimal | None:
        """Return the largest stake of one order at a venue; None: any."""
        return self.venues[venue].get("order_limit") or self.open_limit(venue)

    def kpi_of(self, venue: str) -> KpiSettings:
        """Return when trading pauses because of a venue: what is said of all, and its own."""
        section = self.venues.get(venue, {})
        most = section.get("max_p95_accept") or self.kpi.max_p95_accept
        own_end = section.get("max_p95_accept") or self.kpi.clear_p95_accept
        end = section.get("clear_p95_accept") or own_end
        return msgspec.structs.replace(self.kpi, max_p95_accept=most, clear_p95_accept=end)

    def shadow_delay_ms(self, venue: str) -> int:
        """Return how long a venue takes to accept an order in mode `shadow`, milliseconds."""
        return parse_duration_ms(self.venues[venue].get("shadow_delay", "0s"))
