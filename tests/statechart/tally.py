"""
The context of the charts in `tests/charts_good`: a number, and a log of what was called.
"""

from pathlib import Path
from typing import Any

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.events import Event
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.load import compile_chart

GOOD = Path(__file__).parent.parent / "charts_good"


class Tally(Context, kw_only=True):
    count: int = 0
    item: int = 0
    pause: str = "250ms"
    log: list[str] = []
    reason: str = ""

    def observe(self, event: Event) -> str:
        self.count = event.data.get("count", self.count)
        self.pause = event.data.get("pause", self.pause)
        return "" if event.type == "nothing.new" else event.type

    @property
    def broken(self) -> bool:
        message = "this guard is broken"
        raise ArithmeticError(message)

    def fail(self) -> None:
        self.count = 99
        message = "this action is broken"
        raise RuntimeError(message)


def _note(name: str) -> Any:
    def note(self: Tally) -> None:
        self.log.append(name)

    return note


NOTES = ("fast", "slow", "heavy", "light", "before", "after", "in", "out", "self")
for _name in NOTES:
    setattr(Tally, f"note_{_name}", _note(_name))

CONTEXTS: dict[str, type[Context]] = {"tally": Tally}


def good(name: str) -> Chart:
    """Compile one of the good charts, without asking lint."""
    return chart_of((GOOD / f"{name}.yaml").read_text(encoding="utf-8"), name)


def chart_of(text: str, name: str = "chart") -> Chart:
    """Compile a chart; atomic states that it says nothing about are flat."""
    document = parse(text, name)
    block = document.data.setdefault("x-xarb", {"version": 1, "context": "tally"})
    block.setdefault("states", {state: {"exposure": "flat"} for state in _ids(document.data)})
    return compile_chart(document, CONTEXTS)


def _ids(body: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for key, state in (body.get("states") or {}).items():
        found += [key, *_ids(state or {})]
    return found


def happened(kind: str, at: int = 1000, source: str = "test", **data: Any) -> Event:
    """Make an event."""
    return Event(
        id=f"{kind}@{at}", source=source, type=kind, time_ms=at, execution="x-1", data=data
    )
