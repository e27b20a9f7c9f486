"""
The situations of the runbooks, made real: a deployment in which exactly that has happened.

A situation that goes on from another one has it as its argument `after`.
"""

import resource
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import msgspec

from tests.football import rows
from tests.runbooks.table import Table
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.simulation import market

Scene = Callable[[Table], None]


class Situation(msgspec.Struct, frozen=True):
    """A situation: how it comes about, and which one it goes on from."""

    name: str
    scene: Scene
    after: str


SITUATIONS: dict[str, Situation] = {}


def situation(*, after: str = "") -> Callable[[Scene], Scene]:
    """Register a situation under its function's name."""

    def register(scene: Scene) -> Scene:
        SITUATIONS[scene.__name__] = Situation(scene.__name__, scene, after)
        return scene

    return register


#: Deadlines that a test can wait for. What is counted or compared stays as it ships.
LIMITS: dict[str, Any] = {
    "ttl_leg_a": "300ms",
    "ttl_leg_b": "400ms",
    "ttl_hedge": "400ms",
    "ttl_cancel": "200ms",
    "finality": "800ms",
    "find_retry": "50ms",
    "find_retry_max": "200ms",
}
REFUSED = {"answer": "refused", "code": "MARKET_SUSPENDED"}
#: A pool that takes all or nothing, quickly.
POOL = {"latency": "10ms", "default": {"reports": [{"after": "20ms", "status": "filled"}]}}
EXCHANGE: dict[str, Any] = {"latency": "10ms", "final_after": "20ms"}


def run(table: Table, sx: Any = None, azuro: Any = None, **sections: Any) -> None:
    """Lay a deployment out and start it."""
    sections["limits"] = LIMITS | sections.get("limits", {})
    venues = {"sx": EXCHANGE | (sx or {}), "azuro": POOL | (azuro or {})}
    table.lay_out(venues, **sections)
    started = table.start()
    assert started.exit_code is None, started.output


# -- A normal day --------------------------------------------------------------------------------


@situation()
def empty_folder(table: Table) -> None:
    """Nothing is there yet."""
    table.folder.mkdir()
    table.names["DIR"] = "."


@situation(after="empty_folder")
def laid_out(table: Table) -> None:
    """It has been edited: here another service may be on the usual port."""
    path = table.folder / "settings.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("port: 8642", "port: 0"))


@situation()
def ready(table: Table) -> None:
    """A deployment that has not been started."""
    table.lay_out({"sx": EXCHANGE, "azuro": POOL}, limits=LIMITS)


@situation()
def working(table: Table) -> None:
    """A day on which one has worked, one is under way, and one message was not understood."""
    slow = {"reports": [{"after": "60s", "status": "filled"}]}
    run(table, azuro={"orders": [POOL["default"], slow]}, limits={"ttl_leg_b": "50s"})
    table.submit("o-1")
    table.until_state("x-o-1", "completed")
    table.submit("o-2")
    table.until_state("x-o-2", "b_placing")
    table.names["ID"] = "x-o-1"


@situation()
def with_file(table: Table) -> None:
    """A running service, and a file of opportunities beside it."""
    run(table)
    table.write_opportunities("opportunities.json", "o-1")
    table.names["FILE"] = "opportunities.json"


@situation()
def paused_by_hand(table: Table) -> None:
    """A running service in which nothing is in flight."""
    run(table)


@situation()
def stop_that_waits(table: Table) -> None:
    """A running service in which an execution is on its way to leg B."""
    _slow_pool(table)
    work_in_flight(table)


def _slow_pool(table: Table) -> None:
    slow = {"reports": [{"after": "2s", "status": "filled"}]}
    run(table, azuro={"default": slow}, limits={"ttl_leg_b": "20s"})


@situation()
def stop_that_cannot_wait(table: Table) -> None:
    """A running service with an execution that only a person can end."""
    _expose(table, service={"drain_deadline": "500ms"})


@situation()
def changed_chart(table: Table) -> None:
    """A running service, and a new text of the chart on disk."""
    _slow_pool(table)
    table.chart("cross_venue", "\n  version: 1\n", "\n  version: 2\n")


@situation(after="changed_chart")
def work_in_flight(table: Table) -> None:
    """An execution is on its way to leg B."""
    table.submit("o-1")
    table.until_state("x-o-1", "b_placing")


@situation()
def broken_chart(table: Table) -> None:
    """A chart with a mistake in it."""
    table.lay_out()
    table.chart("cross_venue", "target: b_quoting", "target: b_qouting")


@situation()
def changed_setting(table: Table) -> None:
    """A running service, and a changed setting on disk."""
    run(table)
    table.configure({"sx": EXCHANGE, "azuro": POOL}, limits={**LIMITS, "ttl_leg_a": "900ms"})


@situation()
def dead_letters(table: Table) -> None:
    """A running service that was sent something it cannot read."""
    run(table)
    table.write_opportunities("corrected.json", "o-1")
    (data,) = msgspec.json.decode((table.folder / "corrected.json").read_bytes())
    event = {"specversion": "1.0", "id": "o-1", "source": "engine", "type": OPPORTUNITY_DETECTED}
    event |= {"time": "2026-05-17T18:30:00Z", "data": data}
    (table.folder / "corrected.json").write_bytes(msgspec.json.encode(event))
    data["leg_a"]["odds"] = "0.98"
    (table.folder / "broken.json").write_bytes(msgspec.json.encode(event))
    typed = table.invoke(["submit", "--as-is", "broken.json"], table.folder)
    assert typed.exit_code == 0, typed.output
    table.names |= {"NUMBER": "1", "FILE": "corrected.json"}


@situation()
def readable_token(table: Table) -> None:
    """A token that others can read."""
    table.lay_out()
    table.start()
    table.kill()
    (table.folder / "var" / "control.token").chmod(0o644)


@situation(after="readable_token")
def removed_token(table: Table) -> None:
    """The token is removed."""
    (table.folder / "var" / "control.token").unlink()


# -- Things that go wrong ------------------------------------------------------------------------


@situation()
def partly_filled(table: Table) -> None:
    """Leg A filled in part, and the flow went on with that part."""
    run(table, sx={"orders": [{"reports": [{"after": "20ms", "status": "open", "filled": "0.6"}]}]})
    table.submit("o-1")
    table.until_state("x-o-1", "completed")


@situation()
def in_doubt(table: Table) -> None:
    """The pool does not answer, and cannot be asked either."""
    silent = {"answer": "silence", "takes": False, "find": {"answer": "unknown"}}
    run(
        table,
        azuro={"orders": [silent]},
        service={"call_deadline": "200ms"},
        limits={"finality": "60s"},
    )
    table.submit("o-1")
    table.until_state("x-o-1", "b_reconciling")


@situation()
def heartbeat_lost(table: Table) -> None:
    """Our heartbeats stopped arriving; the exchange cancelled what was open."""
    run(
        table,
        sx={
            "capabilities": {"dead_man_heartbeat": True},
            "default": {"reports": []},
            "heartbeat": {"timeout": "200ms", "fail_from": "1200ms"},
        },
        service={"heartbeat": "50ms"},
        limits={"ttl_leg_a": "20s"},
    )
    table.submit("o-1")
    table.until_state("x-o-1", "aborted")
    table.until_level("degraded")


@situation()
def venue_out(table: Table) -> None:
    """The exchange is out of reach, for a while."""
    run(
        table,
        sx={"down": [{"from": "1s", "until": "4s"}]},
        service={"heartbeat": "50ms"},
        venue_health={"probe_after": "200ms"},
    )
    table.until_level("degraded")


@situation(after="venue_out")
def venue_back(table: Table) -> None:
    """It is back."""
    table.until_level("running")


@situation()
def venue_out_for_long(table: Table) -> None:
    """The exchange is out of reach, and will be all night."""
    run(table, sx={"down": [{"from": "500ms"}]}, service={"heartbeat": "50ms"})
    table.until_level("degraded")


def _expose(table: Table, **sections: Any) -> None:
    """Leg A is filled; leg B and all three hedges are refused once, then taken."""
    run(
        table,
        sx={"orders": [{}, REFUSED]},
        azuro={"orders": [REFUSED] * 3},
        **sections,
    )
    table.submit("o-1")
    table.until_state("x-o-1", "exposed")
    table.until_incident("exposed")


@situation()
def exposed(table: Table) -> None:
    """Leg A stands alone, and no hedge worked."""
    _expose(table)


@situation(after="exposed")
def hedged_after_all(table: Table) -> None:
    """The second try worked."""
    table.until_state("x-o-1", "hedged")


@situation()
def exposed_for_good(table: Table) -> None:
    """Leg A stands alone, and somebody has closed it by hand."""
    _expose(table)


@situation()
def exposed_in_doubt(table: Table) -> None:
    """Nobody can say whether leg B exists, and the venue's deadline has passed."""
    lost = {"answer": "unknown", "takes": False, "find": {"answer": "unknown"}}
    run(table, azuro={"orders": [lost]})
    table.submit("o-1")
    table.until_state("x-o-1", "exposed")
    table.until_incident("exposed")


@situation()
def paused_by_kpi(table: Table) -> None:
    """The exchange refused twenty orders in a row."""
    run(table, sx={"default": REFUSED})
    table.submit(*(f"o-{number:02}" for number in range(1, 21)))
    table.until_incident("auto_pause")
    table.until_state("x-o-20", "aborted")


@situation()
def killed(table: Table) -> None:
    """The process was killed while leg B was on its way; the pool filled it meanwhile."""
    table.lay_out({"sx": EXCHANGE}, limits={**LIMITS, "ttl_leg_b": "20s"})
    late = {"after": "1s", "reports": [{"after": "1500ms", "status": "filled"}]}
    pool = {**market.VENUES["azuro"], "latency": "10ms", "default": late}
    table.set_venue("azuro", kind="ghost_remote", url=table.open_venue(pool))
    table.start()
    table.submit("o-1")
    table.until_state("x-o-1", "b_placing")
    table.kill()


@situation(after="killed")
def taken_up(table: Table) -> None:
    """It was started again, and has found out what became of leg B."""
    table.until_state("x-o-1", "completed")


@situation()
def disk_full(table: Table) -> None:
    """Nothing more could be written to the disk."""
    run(table)
    table.submit("o-1")
    table.until_state("x-o-1", "completed")
    store = table.folder / "var" / "xarb.db-wal"
    limit = store.stat().st_size
    assert table.runtime is not None
    pid = table.runtime.process.pid
    assert pid is not None
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, limit))
    table.write_opportunities("var/submitted.json", "o-2")
    table.invoke(["submit", "var/submitted.json"], table.folder)
    assert table.ended() == 1


@situation()
def lease_of_a_dead_host(table: Table) -> None:
    """A runtime on another host held the store when that host died."""
    table.lay_out({"sx": EXCHANGE, "azuro": POOL}, limits=LIMITS, store={"lease": "2s"})
    table.start()
    table.kill()
    _hand_over(table, "old-host", 60_000)


@situation(after="lease_of_a_dead_host")
def lease_running_out(table: Table) -> None:
    """That lease has two seconds left."""
    _hand_over(table, "old-host", 2_000)


def _hand_over(table: Table, host: str, left_ms: int) -> None:
    until_ms = time.time_ns() // 1_000_000 + left_ms
    with sqlite3.connect(table.folder / "var" / "xarb.db") as store:
        store.execute("UPDATE lease SET host = ?, expires_ms = ?", (host, until_ms))
    store.close()


@situation()
def lease_of_the_living(table: Table) -> None:
    """A runtime works on this store."""
    run(table)


@situation()
def quarantined(table: Table) -> None:
    """A guard of a changed chart divides by zero."""
    table.lay_out({"sx": EXCHANGE, "azuro": POOL}, limits={**LIMITS, "min_m_net_b": 0})
    table.chart(
        "cross_venue",
        'cond: "quote_takes_stake and m_net_now >= limits.min_m_net_b"',
        'cond: "quote_takes_stake and m_net_now / limits.min_m_net_b >= 1"',
    )
    table.start()
    table.submit("o-1")
    table.until_incident("fault")
    table.names["ID"] = "x-o-1"


@situation()
def not_final(table: Table) -> None:
    """The exchange has not called its acceptance final in time."""
    run(table, sx={"final_after": None}, limits={"confirm": "200ms"})
    table.submit("o-1")
    table.until_state("x-o-1", "unconfirmed")
    table.until_incident("finality_overdue")


@situation()
def late_word(table: Table) -> None:
    """An execution that a person has closed is told that leg A was taken back."""
    back = [
        {"after": "0ms", "status": "filled"},
        {"after": "4s", "status": "reversed", "code": "VOIDED"},
    ]
    run(
        table,
        sx={"final_after": "60s", "orders": [{"reports": back}]},
        limits={"confirm": "100ms"},
    )
    table.submit("o-1")
    table.until_incident("finality_overdue")
    table.type("xarb resolve INCIDENT --note settled")
    table.until_incident("late_report")
    table.names["ID"] = "x-o-1"


@situation()
def orphan(table: Table) -> None:
    """The store was lost; the venue still has orders that were sent from it."""
    table.lay_out({"azuro": POOL}, limits=LIMITS)
    exchange = {**market.VENUES["sx"], **EXCHANGE}
    table.set_venue("sx", kind="ghost_remote", url=table.open_venue(exchange))
    table.start()
    table.submit("o-1")
    table.until_state("x-o-1", "completed", "hedged", "confirming", "b_placing")
    table.kill()
    for file in (table.folder / "var").glob("xarb.db*"):
        file.unlink()
    table.start()
    table.until_incident("orphan_order")


@situation()
def broken_invariant(table: Table) -> None:
    """A changed chart does what it says it never does."""
    table.lay_out({"sx": EXCHANGE, "azuro": POOL}, limits=LIMITS)
    table.chart(
        "cross_venue",
        "  invariants:\n",
        '  invariants:\n    - {never: "In(\'b_placing\')", because: "a mistake in this line"}\n',
    )
    table.start()
    table.submit("o-1")
    table.until_incident("invariant")
    table.until_state("x-o-1", "completed")


# -- Learning ------------------------------------------------------------------------------------


@situation()
def nothing_yet(table: Table) -> None:
    """A checkout, and nothing else; the port of the page may be taken here."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        table.ours["8711"] = str(free.getsockname()[1])
    table.ours["mode: ghost\n"] = "mode: ghost\ncontrol: {port: 0}\n"


@situation(after="nothing_yet")
def first_has_ended(table: Table) -> None:
    """The first opportunity has gone the straight way."""
    table.until_state("x-first", "completed")


@situation(after="first_has_ended")
def second_is_written(table: Table) -> None:
    """A copy of the opportunity, whose leg B is in a market without a price."""
    second = msgspec.json.decode((table.folder / "first.json").read_bytes())
    second["id"], second["leg_b"]["selection"]["market"] = "second", "points"
    table.write("second.json", msgspec.json.encode(second).decode())


@situation(after="second_is_written")
def second_has_ended(table: Table) -> None:
    """It was closed again."""
    table.until_state("x-second", "unwound")


@situation(after="second_has_ended")
def third_is_written(table: Table) -> None:
    """Another copy."""
    third = (table.folder / "first.json").read_text(encoding="utf-8")
    table.write("third.json", third.replace('"first"', '"third"'))


@situation(after="third_is_written")
def dead(table: Table) -> None:
    """The process has killed itself."""
    assert table.ended() == -signal.SIGKILL


@situation(after="dead")
def third_has_ended(table: Table) -> None:
    """Started again, it has found leg B, which was asked for once."""
    table.until_state("x-third", "completed")
    book = (table.folder / "pool.jsonl").read_bytes().splitlines()
    calls = [line for line in map(msgspec.json.decode, book) if line["what"] == "call"]
    assert len(calls) == 2, calls


@situation(after="third_has_ended")
def evening(table: Table) -> None:
    """All three have ended."""
    assert table.status().in_flight == 0


@situation()
def threshold_changed(table: Table) -> None:
    """A guard of the chart wants more of leg A."""
    table.lay_out()
    old = 'cond: "legs.a.fill_ratio >= limits.min_fill_ratio"'
    table.chart("cross_venue", old, f'{old[:-1]} and legs.a.filled >= 70"')


@situation()
def with_scenario(table: Table) -> None:
    """A deployment."""
    table.lay_out()


@situation()
def with_hedge(table: Table) -> None:
    """A deployment whose settings give the new strategy its turn."""
    table.lay_out(limits={"hedge_order": ["alt_line", "first", "total", "unwind"]})


@situation()
def with_venue(table: Table) -> None:
    """A deployment whose settings name the new kind of venue."""
    table.lay_out()
    table.set_venue("sx", kind="ghost_paper", odds="2.06")


@situation()
def with_odds(table: Table) -> None:
    """A deployment, and a file of odds."""
    table.lay_out()
    odds = rows.table(rows.ROW, rows.ROW | {"HomeTeam": "Corby", "Max>2.5": "1.90"})
    table.write("odds.csv", odds)
    table.names["FILE"] = "odds.csv"


@situation(after="with_odds")
def with_odds_running(table: Table) -> None:
    """Its venues quote the closing prices."""
    prices = {"price_file": "prices.json"}
    table.configure({"sx": EXCHANGE | prices, "azuro": POOL | prices}, limits=LIMITS)
    table.start()
