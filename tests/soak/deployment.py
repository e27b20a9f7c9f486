"""
The deployment of a soak: a folder as any other, with two ghost venues that misbehave in every way.
"""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PREFIX = "soak"

#: What becomes of one order after the other, over and over.
PLAIN: dict[str, Any] = {"answer": "accepted"}
SX_ORDERS: list[dict[str, Any]] = [
    *[PLAIN] * 7,
    {"answer": "silence", "takes": True, "reports": [{"after": "40ms", "status": "filled"}]},
    *[PLAIN] * 5,
    {"answer": "accepted", "reports": [{"after": "600ms", "status": "filled"}]},
    *[PLAIN] * 6,
    {"answer": "accepted", "reports": [{"after": "20ms", "status": "open", "filled": "0.5"}]},
    *[PLAIN] * 4,
    {"answer": "refused", "code": "NO_LIQUIDITY"},
    *[PLAIN] * 7,
    {"answer": "error", "takes": True},
    *[PLAIN] * 5,
    {"answer": "unknown", "takes": False},
    {"answer": "accepted", "reports": [{"status": "filled"}, {"after": "60ms", "status": "filled",
     "final": True, "repeat": 2}]},
]  # fmt: skip
AZURO_ORDERS: list[dict[str, Any]] = [
    *[PLAIN] * 6,
    {"answer": "silence", "takes": True, "reports": [{"after": "800ms", "status": "filled"}]},
    *[PLAIN] * 5,
    {"answer": "refused", "code": "ODDS_MOVED"},
    *[PLAIN] * 5,
    {"answer": "accepted", "reports": [{"after": "300ms", "status": "filled"}]},
    *[PLAIN] * 4,
    {"answer": "error", "takes": False},
    *[PLAIN] * 3,
    {"answer": "refused", "code": "CONDITION_NOT_ACTIVE"},
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
        "orders": SX_ORDERS,
        "repeats_orders": True,
        "prices": PRICES,
        "replays": "60s",
    },
    "azuro": {
        "latency": "5ms",
        "capabilities": CAN["azuro"],
        "orders": AZURO_ORDERS,
        "repeats_orders": True,
        "prices": PRICES,
        "replays": "60s",
    },
}
LIMITS = {
    "ttl_leg_a": "1500ms",
    "ttl_leg_b": "1500ms",
    "ttl_hedge": "1500ms",
    "find_retry": "50ms",
    "find_retry_max": "400ms",
    "finality": "8s",
    "confirm": "8s",
    "realert": "5s",
    "max_age": "1h",
    "max_in_flight": 1000,
    "max_open_stake": 1000000,
}


def deployment(
    folder: Path,
    *,
    bus_url: str,
    venues: dict[str, str],
    in_flight: int,
    options: dict[str, Any],
    **sections: dict[str, Any],
) -> None:
    """
    Lay out a deployment.

    Args:
        folder: where; it is made.
        bus_url: where the broker is, perhaps behind a proxy.
        venues: the venues' URLs by name.
        in_flight: so many executions at once.
        options: more of `bus.options`.
        sections: more settings.
    """
    folder.mkdir()
    (folder / "statecharts").symlink_to(ROOT / "statecharts")
    settings = {
        "venues": {
            name: {"kind": "ghost_remote", "url": url, "capabilities": CAN[name]}
            for name, url in venues.items()
        },
        "limits": LIMITS,
        "bus": {
            "url": bus_url,
            "options": {
                "prefix": PREFIX,
                "heartbeat": "1s",
                "retry_up_to": "2s",
                **options,
            },
            "in_flight": in_flight,
            "max_age": "1h",
            "operator_max_age": "1h",
        },
        "kpi": {
            "min_sample": 1000,
            "window": 1000,
            "min_fill_ratio": "0",
            "max_p95_accept": "1h",
        },
        "venue_health": {"max_failures": 20, "max_missed": 6, "probe_after": "1s"},
        "service": {"heartbeat": "1s", "drain_deadline": "20s"},
        "metrics": {"port": 0},
        "logging": {"level": "warning"},
        "plugins": {"folders": []},
        **sections,
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
