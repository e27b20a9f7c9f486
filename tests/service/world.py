"""
A desk with the project's own charts and nothing around it: no loop, no store, no venue.
"""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from xarb_runtime.domain import events
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.domain.steps import Command
from xarb_runtime.plugins.contracts import Capabilities
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.admission import Facts
from xarb_runtime.service.assembly import discover_plugins
from xarb_runtime.service.charts import Charts, read_charts
from xarb_runtime.service.desk import Desk
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.kpi import Windows
from xarb_runtime.service.settings_model import ChartSettings, KpiSettings, Settings
from xarb_runtime.service.work import Work

ROOT = Path(__file__).parents[2]
_CHARTS: list[Charts] = []


def charts() -> Charts:
    """The project's charts, loaded once."""
    if not _CHARTS:
        _CHARTS.append(read_charts(ROOT, ChartSettings(), None))
    return _CHARTS[0]


@cache
def plugins() -> Registry:
    """The project's own plugins, found once."""
    return discover_plugins(ROOT, Settings())


def selection(venue: str, outcome: str) -> dict[str, Any]:
    return {"venue": venue, "market": "m", "outcome": outcome, "wins": [outcome]}


def opportunity(name: str = "1", at_ms: int = 1_000, **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "detected_ms": at_ms,
        "event": "Home - Away",
        "scenarios": ["over", "under"],
        "stake": "100",
        "leg_a": {"selection": selection("sx", "over"), "odds": "2.10"},
        "leg_b": {"selection": selection("azuro", "under"), "odds": "2.05"},
        "hedges": [
            {
                "strategy": "unwind",
                "offer": {"selection": selection("sx", "under"), "odds": "1.85"},
            }
        ],
        **changes,
    }


class World:
    """Delivers events to a desk and remembers what came out."""

    def __init__(self, *, kpi: KpiSettings | None = None, limits: Limits | None = None) -> None:
        self.now_ms = 1_000
        can = Capabilities(min_stake=Decimal(1), max_stake=Decimal(1000))
        facts = Facts(
            limits=limits or Limits(),
            capabilities={"sx": can, "azuro": can},
            level=lambda: self.desk.level,
            is_up=self.is_up,
        )
        self.desk = Desk(charts(), facts, Windows(kpi or KpiSettings()), drain="30s")
        self.sequence = 0
        self.work = Work()

    def is_up(self, venue: str) -> bool:
        return self.desk.levels.is_up(venue)

    def deliver(self, *deliveries: Delivery, seen: set[tuple[str, str]] | None = None) -> Work:
        self.work = self.desk.work(deliveries, seen or set())
        return self.work

    def event(self, kind: str, execution: str = "x-1", source: str = "test", **data: Any) -> Event:
        self.sequence += 1
        return Event(
            id=f"{kind}-{self.sequence}",
            source=source,
            type=kind,
            time_ms=self.now_ms,
            execution=execution,
            data=data,
        )

    def say(self, kind: str, execution: str = "x-1", source: str = "test", **data: Any) -> Work:
        return self.deliver(Delivery(event=self.event(kind, execution, source, **data)))

    def arrival(self, name: str = "1", **changes: Any) -> Delivery:
        data = {"opportunity": opportunity(name, self.now_ms, **changes)}
        event = self.event(events.OPPORTUNITY_DETECTED, f"x-{name}", "bus:engine", **data)
        return Delivery(event=event, message=True)

    def admit(self, name: str = "1", **changes: Any) -> Work:
        return self.deliver(self.arrival(name, **changes))

    def report(self, command: Command, status: str = "filled", **changes: Any) -> Work:
        self.sequence += 1
        stake = command.params["stake"]
        data = {
            "client_id": command.key,
            "sequence": self.sequence,
            "time_ms": self.now_ms,
            "status": status,
            "filled": stake if status == "filled" else "0",
            "odds": command.params["min_odds"] if status == "filled" else "0",
            "final": True,
            **changes,
        }
        event = Event(
            id=f"{command.key}#{data['sequence']}",
            source="venue:sx",
            type=events.ORDER_REPORT,
            time_ms=self.now_ms,
            execution=command.key.rsplit(":", 2)[0],
            data=data,
        )
        return self.deliver(Delivery(event=event))

    def leaves(self, execution: str = "x-1") -> tuple[str, ...]:
        snapshot = self.desk.book.get(execution)
        return snapshot.leaves if snapshot else ()

    def quote(self, execution: str = "x-1", odds: str = "2.05") -> Work:
        return self.say(
            events.QUOTE_RECEIVED,
            execution,
            "venue:azuro",
            selection=selection("azuro", "under"),
            odds=odds,
            min_stake="1",
            max_stake="1000",
            time_ms=self.now_ms,
        )

    def complete(self, name: str = "1") -> None:
        """Let an opportunity go the straight way."""
        self.admit(name)
        self.report(self.work.commands[0])
        self.quote(f"x-{name}")
        self.report(self.work.commands[0])
