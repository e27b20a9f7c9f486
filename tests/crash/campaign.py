"""
The crash campaign: kill the runtime at a kill point, start it again, compare the books.

A round: opportunities go in (again, after a crash, as a publisher that was not
answered would do), the runtime kills itself with signal 9 at the chosen point, is started again,
drains, and stops. Then the venues' own books are held against the store:

* no intent was placed twice: one order for leg A and one for leg B of an execution at the most;
* an execution that has ended is flat or covered by what the venues hold, or it has an incident;
* every opportunity is executed, rejected with a reason, or among the dead letters.
"""

import asyncio
import json
import random
import sqlite3
import time
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
import yaml

from tests.crash.processes import PATIENCE_SECONDS, GhostProcess, RuntimeProcess
from tests.servers.ports import free_port

#: Every kind of kill point, with how far it is counted up in a round of three opportunities.
KILL_POINTS = [
    *(f"{name}:{number}" for number in range(1, 11) for name in ("before_commit", "after_commit")),
    *(
        f"{name}:{what}:{number}"
        for what, most in (("place", 4), ("find", 2), ("cancel", 1))
        for number in range(1, most + 1)
        for name in ("before_wire", "after_wire")
    ),
]

#: What becomes of one order after the other, over and over: the venues misbehave in every way.
LEG_A = [
    {"answer": "accepted"},
    {"answer": "silence", "takes": True, "reports": [{"after": "40ms", "status": "filled"}]},
    {"answer": "accepted", "reports": [{"after": "600ms", "status": "filled"}]},
    {"answer": "accepted", "reports": [{"after": "20ms", "status": "open", "filled": "0.5"}]},
    {"answer": "refused", "code": "NO_LIQUIDITY"},
    {"answer": "error", "takes": True},
    {"answer": "unknown", "takes": False},
]
LEG_B = [
    {"answer": "accepted"},
    {"answer": "silence", "takes": True, "reports": [{"after": "800ms", "status": "filled"}]},
    {"answer": "refused", "code": "ODDS_MOVED"},
    {"answer": "accepted", "reports": [{"after": "300ms", "status": "filled"}]},
    {"answer": "error", "takes": False},
]
CAN: dict[str, dict[str, Any]] = {
    "sx": {"final_at_once": False},
    "azuro": {"cancel": False, "partial_fills": False, "final_at_once": True},
}
PRICES = {"m/over": "2.10", "m/under": "2.05"}
SCRIPTS: dict[str, dict[str, Any]] = {
    "sx": {
        "latency": "5ms",
        "capabilities": CAN["sx"],
        "final_after": "200ms",
        "orders": LEG_A * 300,
        "prices": PRICES,
    },
    "azuro": {
        "latency": "5ms",
        "capabilities": CAN["azuro"],
        "orders": LEG_B * 300,
        "prices": PRICES,
    },
}
LIMITS = {
    "ttl_leg_a": "300ms",
    "ttl_leg_b": "500ms",
    "ttl_hedge": "300ms",
    "find_retry": "50ms",
    "find_retry_max": "200ms",
    "finality": "4s",
    "confirm": "5s",
    "max_age": "1h",
}
MAX_LOSS = Decimal("0.15")


class Round(msgspec.Struct):
    """What one round was, and what came of it."""

    number: int
    kill_at: str
    killed: bool = False
    executions: int = 0
    orders: int = 0
    states: dict[str, int] = {}
    problems: list[str] = []


def deployment(
    folder: Path, ghosts: dict[str, GhostProcess], store_url: str = "sqlite:///var/xarb.db"
) -> None:
    """Lay out a deployment whose venues are the ghost processes."""
    root = Path(__file__).parents[2]
    folder.mkdir()
    (folder / "statecharts").symlink_to(root / "statecharts")
    settings = {
        "store": {"url": store_url},
        "venues": {
            name: {"kind": "ghost_remote", "url": ghost.url, "capabilities": CAN[name]}
            for name, ghost in ghosts.items()
        },
        "limits": LIMITS,
        "bus": {"max_age": "1h"},
        "kpi": {"min_sample": 1000, "window": 1000},
        "service": {"heartbeat": "500ms", "drain_deadline": "20s"},
        "plugins": {"folders": []},
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def opportunity(name: str) -> bytes:
    """Return the CloudEvent of an opportunity."""

    def offer(venue: str, outcome: str, odds: str) -> dict[str, Any]:
        selection = {"venue": venue, "market": "m", "outcome": outcome, "wins": [outcome]}
        return {"selection": selection, "odds": odds}

    now_ms = time.time_ns() // 1_000_000
    data = {
        "id": name,
        "detected_ms": now_ms,
        "event": "Home - Away",
        "scenarios": ["over", "under"],
        "stake": "10",
        "leg_a": offer("sx", "over", "2.10"),
        "leg_b": offer("azuro", "under", "2.05"),
        "hedges": [
            {"strategy": "total", "offer": offer("sx", "under", "2.00")},
            {"strategy": "unwind", "offer": offer("sx", "under", "1.85")},
        ],
    }
    return json.dumps(
        {
            "specversion": "1.0",
            "id": name,
            "source": "crash",
            "type": "opportunity.detected",
            "time": datetime.now(UTC).isoformat(),
            "data": data,
        }
    ).encode()


def play(folder: Path, number: int, kill_at: str, ghosts: dict[str, GhostProcess]) -> Round:
    """Play one round on a deployment and judge it."""
    played = Round(number, kill_at)
    names = [f"{number}-{index}" for index in range(3)]
    messages = {name: opportunity(name) for name in names}
    port = free_port()
    first = RuntimeProcess(folder, port, kill_at)
    if first.wait_up():
        _begin(first, messages)
        _wait_until(lambda: first.ended or _is_quiet(folder, names), first)
    played.killed = first.died
    if not first.ended:
        first.stop()
    first.close()
    second = RuntimeProcess(folder, port)
    assert second.wait_up(), second.tail()
    _begin(second, messages)
    assert not messages, f"not accepted: {sorted(messages)}"
    _wait_until(lambda: _is_quiet(folder, names), second)
    _resolve(second)
    code = second.stop()
    second.close()
    judge(played, folder, names, ghosts)
    if code != 0:
        played.problems.append(f"xarb run ended with exit code {code} after a safe stop")
    return played


def _begin(runtime: RuntimeProcess, messages: dict[str, bytes]) -> None:
    """Let it trade again, whatever paused it, and submit what was not yet answered for."""
    body = json.dumps({"operator": "campaign", "reason": "next round"}).encode()
    runtime.call("POST", "/resume", body)
    _submit(runtime, messages)


def _resolve(runtime: RuntimeProcess) -> None:
    """Close what is open as an operator would, so that the next round begins with a clean desk."""
    _, found = runtime.call("GET", "/incidents")
    for incident in found:
        body = json.dumps({"operator": "campaign", "note": "seen"}).encode()
        runtime.call("POST", f"/incidents/{quote(incident['id'], safe='')}/resolve", body)


def _submit(runtime: RuntimeProcess, messages: dict[str, bytes]) -> None:
    """Submit what was not yet answered for; what is not answered now is submitted again later."""
    for name in list(messages):
        status, answer = runtime.call("POST", "/submit", messages[name])
        if status == 202 and answer.get("accepted"):
            del messages[name]


def _wait_until(condition: Any, runtime: RuntimeProcess) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, runtime.tail()
        time.sleep(0.05)


def _query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    settings = yaml.safe_load((folder / "settings.yaml").read_text(encoding="utf-8"))
    url = settings["store"]["url"]
    return _of_file(folder, sql) if url.startswith("sqlite:") else asyncio.run(_of_server(url, sql))


async def _of_server(url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url, timeout=PATIENCE_SECONDS)
    try:
        return [tuple(row) for row in await connection.fetch(sql, timeout=PATIENCE_SECONDS)]
    except asyncpg.UndefinedTableError:
        return []
    finally:
        await connection.close(timeout=PATIENCE_SECONDS)


def _of_file(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    path = folder / "var" / "xarb.db"
    if not path.exists():
        return []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def _executions(folder: Path) -> dict[str, tuple[str, str]]:
    rows = _query(folder, "SELECT id, status, leaves FROM executions WHERE id LIKE 'x-%'")
    return {name: (status, "+".join(json.loads(leaves))) for name, status, leaves in rows}


def _is_quiet(folder: Path, names: list[str]) -> bool:
    """Whether every opportunity has come to an end, or waits for a person."""
    found = _executions(folder)
    waiting = {"exposed", "unconfirmed"}
    return all(
        f"x-{name}" in found
        and (found[f"x-{name}"][0] != "running" or found[f"x-{name}"][1] in waiting)
        for name in names
    )


# -- Judging ------------------------------------------------------------------------------------


def judge(played: Round, folder: Path, names: list[str], ghosts: dict[str, GhostProcess]) -> None:
    """Hold the venues' books against the store."""
    executions = _executions(folder)
    incidents = {row[0] for row in _query(folder, "SELECT execution FROM incidents")}
    orders = _orders(names, ghosts)
    played.executions = len(executions)
    played.orders = sum(map(len, orders.values()))
    problems: list[str] = []
    for name in names:
        execution = f"x-{name}"
        if execution not in executions:
            problems.append(f"{name}: neither executed nor rejected")
            continue
        status, state = executions[execution]
        played.states[state] = played.states.get(state, 0) + 1
        problems += _placed_twice(folder, execution, orders[execution])
        problems += _uncovered(execution, status, state, orders[execution], incidents)
    played.problems = problems


def _orders(names: list[str], ghosts: dict[str, GhostProcess]) -> dict[str, list[dict[str, Any]]]:
    """Return the orders in the venues' books by execution."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    wanted = {f"x-{name}" for name in names}
    for ghost in ghosts.values():
        book = ghost.book()
        for order in book["orders"]:
            execution = order["client_id"].rsplit(":", 2)[0]
            if execution in wanted:
                found[execution].append({**order, "calls": book["calls"][order["client_id"]]})
    return found


def _placed_twice(folder: Path, execution: str, orders: list[dict[str, Any]]) -> list[str]:
    problems = [f"{o['client_id']}: sent {o['calls']} times" for o in orders if o["calls"] > 1]
    rows = _query(
        folder,
        f"SELECT key, params FROM commands WHERE name = 'place' AND execution = '{execution}'",
    )
    decoded = {key: json.loads(params) for key, params in rows}
    known = {key: (each["reduces"], each["selection"]["venue"]) for key, each in decoded.items()}
    problems += [
        f"{o['client_id']}: the venue has an order that the journal does not know"
        for o in orders
        if o["client_id"] not in known
    ]
    for what, reduces, venue in (("leg A", False, "sx"), ("leg B", True, "azuro")):
        placed = [o for o in orders if known.get(o["client_id"]) == (reduces, venue)]
        if len(placed) > 1:
            problems.append(f"{execution}: {what} was placed {len(placed)} times")
    return problems


def _uncovered(
    execution: str, status: str, state: str, orders: list[dict[str, Any]], incidents: set[str]
) -> list[str]:
    """By the venues' books: flat, covered, or an incident."""
    profit = {"over": Decimal(0), "under": Decimal(0)}
    staked = Decimal(0)
    for order in orders:
        filled, odds = Decimal(order["filled"]), Decimal(order["odds"])
        staked += filled
        for scenario in profit:
            wins = scenario in order["selection"]["wins"]
            profit[scenario] += filled * (odds - 1) if wins else -filled
    covered = min(profit.values()) >= -MAX_LOSS * staked
    if covered or execution in incidents:
        return []
    return [f"{execution} ({status}, {state}): exposed without an incident: {profit}"]


def choose(rounds: int, seed: int) -> list[str]:
    """Return kill points for a campaign: all of them in turn, in an order drawn from the seed."""
    order = list(KILL_POINTS)
    random.Random(seed).shuffle(order)
    return [order[number % len(order)] for number in range(rounds)]
