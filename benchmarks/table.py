"""
The table: each figure beside what it is measured against, and its budget.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.peers import AT_ONCE

COLUMNS = ("what", "xarb", "against", "ratio", "budget", "")


class Line(msgspec.Struct, frozen=True):
    """
    One row. `budget` is `<= x` or `>= x`, and empty where a figure is for information only.
    """

    what: str
    figure: str
    against: str
    ratio: float
    budget: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is within its budget."""
        sign, _, limit = self.budget.partition(" ")
        rounded = round(self.ratio, 2)
        return not sign or (rounded <= float(limit) if sign == "<=" else rounded >= float(limit))

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in the columns."""
        verdict = "" if not self.budget else "kept" if self.ok else "missed"
        return (self.what, self.figure, self.against, f"{self.ratio:.2f}", self.budget, verdict)


def compare(results: dict[str, Any]) -> list[Line]:
    """Return the rows that these results are enough for."""
    return [line for rows in _ROWS for line in rows(results)]


def _step(results: dict[str, Any]) -> Iterator[Line]:
    if found := results.get("step"):
        figure, against = found["step_us"], found["send_us"]
        what = "one step against one plain send"
        yield Line(what, f"{figure:.0f} us", f"{against:.0f} us", figure / against, "<= 1")


def _flow(results: dict[str, Any]) -> Iterator[Line]:
    flows, peer = results.get("flows"), results.get("dbos")
    if not flows:
        return
    single = flows["single"]["p50_us"]
    what = "three-step flow, one at a time, against raw commits (p50)"
    raw = flows["raw"]["p50_us"]
    yield Line(what, _ms(single), _ms(raw), single / raw, "<= 3")
    if peer:
        what = "three-step flow, one at a time, against DBOS on SQLite (p50)"
        theirs = peer["sqlite"]["single"]["p50_us"]
        yield Line(what, _ms(single), _ms(theirs), single / theirs, "<= 1")
        ours, theirs = flows["at_once"]["per_second"], peer["sqlite"]["at_once_per_second"]
        what = f"three-step flows, {AT_ONCE} at once, against DBOS on SQLite"
        yield Line(what, _rate(ours), _rate(theirs), ours / theirs, ">= 5")


def _recovery(results: dict[str, Any]) -> Iterator[Line]:
    if found := results.get("recovery"):
        seconds, count = found["seconds"], found["executions"]
        what = f"recovery of {count} executions in flight"
        yield Line(what, f"{seconds:.2f} s", "5 s for 10,000", seconds * 2000 / count, "<= 1")
        what = "memory of an execution in flight"
        each = found["bytes_each"]
        yield Line(what, f"{each} bytes", "10 KB", each / 10_240, "<= 1")


def _streams(results: dict[str, Any]) -> Iterator[Line]:
    found, peer = results.get("streams"), results.get("dbos")
    if not found:
        return
    embedded = found["cross_venue_embedded"]["sent_per_second"]
    for name, way, budget in (
        ("rabbitmq", "RabbitMQ in and out, confirmed, SQLite", ">= 0.5"),
        ("loud", "outbox without a broker, SQLite", ""),
    ):
        ours = found[f"cross_venue_{name}"]["sent_per_second"]
        what = f"cross_venue: {way}, against the embedded bus"
        yield Line(what, _rate(ours), _rate(embedded), ours / embedded, budget)
    if peer:
        theirs = peer["postgres"]["at_once_per_second"]
        for name, where, budget in (
            ("rabbitmq", "SQLite", ">= 5"),
            ("rabbitmq_postgres", "PostgreSQL", ""),
        ):
            ours = found[f"three_steps_{name}"]["sent_per_second"]
            what = f"three-step flows: RabbitMQ in and out, {where}, against DBOS on PostgreSQL"
            yield Line(what, _rate(ours), _rate(theirs), ours / theirs, budget)


def _memory(results: dict[str, Any]) -> Iterator[Line]:
    if found := results.get("memory"):
        growth, count = found["growth_mb"], found["executions"]
        what = f"growth of resident memory over {count:,} executions, after the first tenth"
        yield Line(what, f"{growth:.1f} MB", "20 MB", growth / 20, "<= 1")


def _venues(results: dict[str, Any]) -> Iterator[Line]:
    if found := results.get("venue_signing"):
        for name, venue in (("sx_bet", "SX Bet"), ("azuro", "Azuro")):
            p99 = found[name]["whole"]["p99_us"]
            what = f"an order to {venue}: signed and written down (p99)"
            yield Line(what, _ms(p99), "2 ms", p99 / 2_000, "<= 1")
    if found := results.get("venue_wire"):
        p99, at_once = found["stages"]["committed_to_sent"]["p99_us"], found["at_once"]
        what = f"orders to SX Bet, {at_once} executions at once: from commit to wire (p99)"
        yield Line(what, _ms(p99), "5 ms", p99 / 5_000, "<= 1")


_ROWS = (_step, _flow, _venues, _recovery, _streams, _memory)


def _ms(microseconds: float) -> str:
    return f"{microseconds / 1000:.2f} ms"


def _rate(per_second: float) -> str:
    return f"{per_second:.0f}/s"


def markdown(results: dict[str, Any]) -> str:
    """Return the table as a page, with an order's stages and the curve of the memory below."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(line.cells for line in compare(results))]
    text = "Made by `make bench`; ratios of one run.\n\n"
    text += "".join(f"| {' | '.join(row)} |\n" for row in rows)
    if found := results.get("venue_wire"):
        text += f"\n{_stages(found)}"
    if found := results.get("memory"):
        curve = ", ".join(f"{sample:.0f}" for sample in found["curve_mb"])
        text += f"\nResident memory, MB, after each tenth of the executions: {curve}.\n"
    return text


def _stages(found: dict[str, Any]) -> str:
    spans = [
        f"{name.replace('_', ' ')} {_ms(span['p50_us'])} / {_ms(span['p99_us'])}"
        for name, span in found["stages"].items()
    ]
    opened = f"{found['connections']} connections opened meanwhile"
    return f"An order's way to SX Bet, p50 / p99: {', '.join(spans)}; {opened}.\n"


def show(results: dict[str, Any]) -> None:
    """Print the table."""
    table = Table(title="Benchmarks: ratios of one run")
    for column in COLUMNS:
        table.add_column(column)
    for line in compare(results):
        table.add_row(*line.cells, style=None if line.ok else "red")
    Console().print(table)
