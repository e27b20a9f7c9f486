"""The situations in which something has gone wrong."""

import resource
import sqlite3
import time

from tests.runbooks.scenes import EXCHANGE, LIMITS, POOL, REFUSED, expose, run, situation
from tests.runbooks.table import Table
from xarb_runtime.simulation import market


@situation()
def partly_filled(table: Table) -> None:
    """Leg A filled in part, and the flow went on with that part."""
    part = {"reports": [{"after": "20ms", "status": "open", "filled": "0.6"}]}
    run(table, sx={"orders": [part]}, limits={"ttl_leg_a": "300ms"})
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
            "heartbeat": {"timeout": "200ms", "fail_from": "2500ms"},
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
        sx={"down": [{"from": "300ms", "until": "4s"}]},
        service={"heartbeat": "50ms"},
        venue_health={"probe_after": "200ms"},
    )
    table.until_level("degraded")


@situation(after="venue_out")
def venue_back(table: Table) -> None:
    """It is back."""
    table.until_level("running")


@situation()
def venue_refuses(table: Table) -> None:
    """The exchange is well, and we have no money there."""
    run(table, sx={"default": {"answer": "refused", "code": "INSUFFICIENT_BALANCE"}})
    table.submit("o-1")
    table.until_state("x-o-1", "aborted")


@situation()
def venue_out_for_long(table: Table) -> None:
    """The exchange is out of reach, and will be all night."""
    run(table, sx={"down": [{"from": "500ms"}]}, service={"heartbeat": "50ms"})
    table.until_level("degraded")


@situation()
def exposed(table: Table) -> None:
    """Leg A stands alone, and no hedge worked."""
    expose(table)


@situation(after="exposed")
def hedged_after_all(table: Table) -> None:
    """The second try worked."""
    table.until_state("x-o-1", "hedged")


@situation()
def exposed_for_good(table: Table) -> None:
    """Leg A stands alone, and somebody has closed it by hand."""
    expose(table)


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
    table.lay_out({"sx": EXCHANGE}, limits={**LIMITS, "ttl_leg_b": "20s", "finality": "60s"})
    late = {"after": "2500ms", "reports": [{"after": "2500ms", "status": "filled"}]}
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
