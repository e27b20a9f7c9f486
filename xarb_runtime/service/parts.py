"""
What a runtime is given, and the parts it makes of it that know nothing of each other.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from xarb_runtime.plugins.contracts import Bus, Clock, HedgeStrategy, Venue
from xarb_runtime.service.charts import Charts
from xarb_runtime.service.desk import Desk
from xarb_runtime.service.dispatcher import Deadlines, Dispatcher
from xarb_runtime.service.hearing import Hearing
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.intake import Intake
from xarb_runtime.service.killpoints import KillPoints
from xarb_runtime.service.outgoing import Outbox, wanted
from xarb_runtime.service.reading import Reader
from xarb_runtime.service.relay import Relay, RelayLimits
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.venue_limits import limits_of
from xarb_runtime.service.work import Work
from xarb_runtime.store.journal import Journal

Deliver = Callable[[Delivery], None]
Hide = Callable[[str], str]
Notice = Callable[[str, str, str], None]


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a runtime is given: opened venues, strategies and bus, checked charts, an open journal.
    `hide` takes secrets out of what plugins say when they fail; `instruments` measure; `outbound`
    says whether others hear what is published on the bus.
    """

    settings: Settings
    clock: Clock
    journal: Journal
    charts: Charts
    venues: Mapping[str, Venue]
    capabilities: Mapping[str, object]
    hedges: Mapping[str, HedgeStrategy]
    bus: Bus
    kill: KillPoints
    observers: tuple[Callable[[Work], None], ...] = ()
    hide: Callable[[str], str] = str
    instruments: Instruments = msgspec.field(default_factory=Instruments)
    outbound: bool = False


def make_dispatcher(
    parts: Parts,
    deliver: Deliver,
    *,
    level: Callable[[], str],
    health: Notice,
    staked_at: Callable[[str], Decimal],
) -> Dispatcher:
    """Return what carries commands out."""
    service = parts.settings.service
    return Dispatcher(
        clock=parts.clock,
        venues=parts.venues,
        hedges=parts.hedges,
        bus=parts.bus,
        deliver=deliver,
        level=level,
        deadlines=Deadlines(
            place_ms={name: parts.settings.call_deadline_ms(name) for name in parts.venues},
            find_ms=service.find_deadline_ms,
            plan_ms=service.plan_deadline_ms,
            publish_ms=service.publish_deadline_ms,
        ),
        kill=parts.kill,
        health=health,
        hide=parts.hide,
        instruments=parts.instruments,
        limits=limits_of(parts.settings),
        staked_at=staked_at,
        mode=parts.settings.mode,
    )


def make_hearing(parts: Parts, deliver: Deliver, dispatcher: Dispatcher, notice: Notice) -> Hearing:
    """Return what listens to venues."""
    return Hearing(
        venues=parts.venues,
        clock=parts.clock,
        deliver=deliver,
        dispatcher=dispatcher,
        notice=notice,
        pause_ms=parts.settings.service.heartbeat_ms,
    )


def make_intake(parts: Parts, deliver: Deliver, desk: Desk, hide: Hide) -> Intake:
    """Return what takes messages from the bus."""
    bus = parts.settings.bus

    def may_take() -> bool:
        """A bus that outlives us keeps opportunities for whoever comes after the stop."""
        return not parts.outbound or desk.level not in {"stopping", "stopped"}

    return Intake(
        bus=parts.bus,
        clock=parts.clock,
        reader=Reader(
            max_age_ms=bus.max_age_ms,
            operator_key=str(bus.operator_key),
            operator_max_age_ms=bus.operator_max_age_ms,
        ),
        deliver=deliver,
        in_flight=lambda: desk.book.in_flight,
        limit=bus.in_flight,
        may_take=may_take,
        instruments=parts.instruments,
        hide=hide,
    )


def make_outbox(parts: Parts) -> Outbox:
    """Return what writes messages for others; none where nobody listens."""
    types = wanted(parts.settings.bus.publish if parts.outbound else ())
    return Outbox(types, parts.instruments, mode=parts.settings.mode)


def make_relay(parts: Parts, deliver: Deliver, hide: Hide) -> Relay:
    """Return what brings them onto the bus."""
    return Relay(
        bus=parts.bus,
        clock=parts.clock,
        read=parts.journal.outgoing,
        deliver=deliver,
        instruments=parts.instruments,
        hide=hide,
        limits=RelayLimits(deadline_ms=parts.settings.service.publish_deadline_ms),
    )
