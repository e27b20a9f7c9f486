"""
One warm step against one plain `send` of python-statemachine, side by side in one process.

The plain machine is built once from the native part of the same chart, with a model that has the
same attributes. It is spared what it cannot do without blocking (delayed sends are taken out) and
what a step does besides (restoring, folding the event, completing commands, writing the snapshot):
the comparison is in its favour.

Usage: python -m benchmarks.step
"""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec
from statemachine.io import load
from statemachine.orderedset import OrderedSet

from xarb_runtime.bundle import bundled
from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Outcome, Snapshot
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.engine import start, step
from xarb_runtime.statechart.load import load_chart
from xarb_runtime.statechart.native import native_part

ROUNDS = 30
CALLS = 20
EXECUTION = "x-1"


class _Model(CrossVenue, kw_only=True):
    state: Any = None


def _selection(venue: str, wins: str) -> dict[str, Any]:
    return {"venue": venue, "market": "m", "outcome": wins, "wins": [wins]}


def _event(kind: str, at_ms: int, data: dict[str, Any]) -> Event:
    return Event(id=kind, source="bench", type=kind, time_ms=at_ms, execution=EXECUTION, data=data)


def _report(order: str, at_ms: int, filled: str, odds: str) -> Event:
    data = {"client_id": order, "sequence": 1, "time_ms": at_ms, "status": "filled"}
    return _event("order.report", at_ms, {**data, "filled": filled, "odds": odds})


def _happy_path() -> list[Event]:
    leg_a, leg_b = _selection("sx", "over"), _selection("azuro", "under")
    opportunity = {
        "id": "1",
        "detected_ms": 1000,
        "event": "A-B",
        "scenarios": ["over", "under"],
        "stake": "100",
        "leg_a": {"selection": leg_a, "odds": "2.10"},
        "leg_b": {"selection": leg_b, "odds": "2.05"},
    }
    admission = {"opportunity": opportunity, "gate": {}, "limits": {}}
    quote = {"selection": leg_b, "odds": "2.04", "min_stake": "1", "max_stake": "1000"}
    return [
        _event("opportunity.detected", 1100, admission),
        _report("x-1:1:0", 1200, "100", "2.10"),
        _event("quote.received", 1250, {**quote, "time_ms": 1250}),
        _report("x-1:3:0", 1300, "102.94", "2.04"),
    ]


def _without_delays(part: Any) -> Any:
    """Take delayed sends out: the plain machine would sleep until they are due."""
    if isinstance(part, list):
        return [_without_delays(item) for item in part if not _is_delayed(item)]
    if isinstance(part, dict):
        return {key: _without_delays(value) for key, value in part.items()}
    return part


def _is_delayed(item: Any) -> bool:
    return isinstance(item, dict) and "delayexpr" in (item.get("send") or {})


def _plain_machine(text: str) -> Any:
    document = _without_delays(native_part(parse(text)))
    model = _Model(execution=EXECUTION)
    model.observe(_happy_path()[0])  # while it is built, the machine looks at all attributes
    return load(json.dumps(document), format="json", name="plain")(model)


def _plain_send(machine: Any, chart: Chart, before: Snapshot, event: Event) -> Callable[[], Any]:
    """A send of what the event means, from where the snapshot stands."""
    model = machine.model
    place = chart.machine.place(before.leaves)
    ids = [state.id for state in place.states]
    state = OrderedSet(ids) if len(ids) > 1 else ids[0]
    known = chart.decoder.decode(before.context)
    known.now_ms = event.time_ms
    signal = known.observe(event)

    for field in known.__struct_fields__:
        setattr(model, field, getattr(known, field))

    def call() -> None:
        model.state = state
        machine._engine.running = True  # noqa: SLF001  as new, without building it anew
        machine.send(signal)

    return call


def measure() -> dict[str, Any]:
    """
    Return microseconds of a step and of a plain send: by event of the ordinary flow, and average.

    `ratio` is step / send: below 1, a step is the cheaper one.
    """
    text = (bundled("statecharts") / "cross_venue.yaml").read_text(encoding="utf-8")
    chart = load_chart(text, {"cross_venue": CrossVenue}, file="cross_venue.yaml")
    machine = _plain_machine(text)
    snapshot = start(chart, EXECUTION)
    events: dict[str, dict[str, float]] = {}
    for event in _happy_path():
        taken = step(chart, snapshot, event)
        if taken.outcome is not Outcome.MOVED:
            message = f"expected the ordinary flow, found {taken.outcome} on {event.type}"
            raise RuntimeError(message)
        plain = _plain_send(machine, chart, snapshot, event)
        events[f"{taken.signal} in {snapshot.leaves[0]}"] = _compare(
            lambda snapshot=snapshot, event=event: step(chart, snapshot, event), plain
        )
        snapshot = taken.after
    return {**_average(events), "bytes": len(msgspec.json.encode(snapshot)), "events": events}


def _compare(ours: Callable[[], Any], plain: Callable[[], Any]) -> dict[str, float]:
    """Time both in turns, so that a busy moment of the machine hits both."""
    ours_us: list[float] = []
    plain_us: list[float] = []
    for _ in range(ROUNDS):
        ours_us.append(_timed(ours))
        plain_us.append(_timed(plain))
    return _figures(statistics.median(ours_us), statistics.median(plain_us))


def _timed(call: Callable[[], Any]) -> float:
    begin = time.thread_time()  # what others do on the machine does not count
    for _ in range(CALLS):
        call()
    return (time.thread_time() - begin) / CALLS * 1e6


def _average(events: dict[str, dict[str, float]]) -> dict[str, float]:
    return _figures(
        statistics.mean(found["step_us"] for found in events.values()),
        statistics.mean(found["send_us"] for found in events.values()),
    )


def _figures(step_us: float, send_us: float) -> dict[str, float]:
    return {
        "step_us": round(step_us, 1),
        "send_us": round(send_us, 1),
        "ratio": round(step_us / send_us, 3),
    }


def main() -> None:
    """Measure and print."""
    found = measure()
    for name, figures in {**found.pop("events"), "average": found}.items():
        line = f"{figures['step_us']:7.1f} us a step, {figures['send_us']:7.1f} us a send"
        print(f"{name:40} {line}, {1 / figures['ratio']:4.1f} times faster")


if __name__ == "__main__":
    main()
