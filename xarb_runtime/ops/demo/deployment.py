"""
The demonstration's deployment: a folder as `xarb init` makes it, with settings of its own.
"""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from xarb_runtime.ops.layout import lay_out

#: More than is ever staked, so that only venues' moods decide.
ROOM = 1_000_000


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """
    A simulator that runs, as `xarb venue-sim --json` says it.

    Attributes:
        url: where.
        venues: the section that reaches it.
        environ: keys without worth.
    """

    url: str
    venues: dict[str, dict[str, Any]]
    environ: dict[str, str]


def write_deployment(folder: Path, reached: list[Reached], bus: str) -> None:
    """Make the deployment; the simulators' keys, without worth, are in the environment."""
    lay_out(folder, force=True)
    venues: dict[str, dict[str, Any]] = {}
    for each in reached:
        for name, section in each.venues.items():
            venues[name] = section | _OURS.get(section["kind"], {}) | {"open_limit": ROOM}
    settings = _settings(venues, bus)
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")


#: Azuro's simulator is quick here: what it takes for an order to expire follows.
_OURS: dict[str, dict[str, Any]] = {
    "sx_bet": {
        "max_stake": 1000,
        "rate_limit": 20_000,
        "rate_fills": 10_000,
        "expiry_margin": "5s",
        "absence_margin": "5s",
        "call_deadline": "4s",
    },
    "azuro": {
        "max_stake": 1000,
        "expiry": "10s",
        "absence_margin": "5s",
        "final_after": "5s",
        "poll": "300ms",
        "poll_slowest": "2s",
    },
}


def _settings(venues: dict[str, dict[str, Any]], bus: str) -> dict[str, Any]:
    return {
        "mode": "live",
        "bus": {"url": bus},
        "control": {"port": 0},
        "metrics": {"enabled": False},
        "venues": venues,
        "limits": {
            "quote_watch": True,
            "max_stake": 500,
            "max_open_stake": ROOM,
            "ttl_quote": "1s",
        },
        # Venues refuse here as they do in life, which is below what lets trading go on: see
        # docs/explanation/outcomes.md. A demonstration goes on.
        "kpi": {
            "min_fill_ratio": "0.01",
            "clear_fill_ratio": "0.02",
            "max_p95_accept": "60s",
            "clear_p95_accept": "50s",
        },
    }
