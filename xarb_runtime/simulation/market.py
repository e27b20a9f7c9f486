"""
The usual market of scenarios: one match, two venues that disagree about it, and three ways out.

Total points 224.5 of a basketball match. The exchange sells over at 2.02, the pool under at 2.06: a
margin of two percent. Should leg B fail there are, in this order, the next line (under 225.5, wins
twice at exactly 225), another totals market (under, by bands of points), and the opposite at leg
A's own venue.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from xarb_runtime.domain.opportunity import HedgeOffer, LegOffer, Opportunity
from xarb_runtime.domain.orders import Selection
from xarb_runtime.simulation.scenario import OfferChange, Published

EVENT = "Lakers - Celtics, total points 224.5"
SCENARIOS = ("0-224", "225", "226+")
SETTLEMENT = {"void": "refund", "overtime": "counts"}

OVER = LegOffer(
    selection=Selection("sx", "total_224.5", "over", ("225", "226+")),
    odds=Decimal("2.02"),
    settlement=SETTLEMENT,
)
UNDER = LegOffer(
    selection=Selection("azuro", "total_224.5", "under", ("0-224",)),
    odds=Decimal("2.06"),
    settlement=SETTLEMENT,
)
HEDGES = {
    "alt_line": LegOffer(
        selection=Selection("azuro", "total_225.5", "under", ("0-224", "225")),
        odds=Decimal("1.96"),
        settlement=SETTLEMENT,
    ),
    "total": LegOffer(
        selection=Selection("azuro", "bands", "0-224", ("0-224",)),
        odds=Decimal("1.93"),
        settlement=SETTLEMENT,
    ),
    "unwind": LegOffer(
        selection=Selection("sx", "total_224.5", "under", ("0-224",)),
        odds=Decimal("1.90"),
        settlement=SETTLEMENT,
    ),
}


def _prices(venue: str) -> dict[str, str]:
    offers = [OVER, UNDER, *HEDGES.values()]
    return {
        f"{it.selection.market}/{it.selection.outcome}": str(it.odds)
        for it in offers
        if it.selection.venue == venue
    }


#: The usual venues: an exchange whose matches become final a little later, and a pool that takes
#: all or nothing and a moment to accept.
VENUES: dict[str, dict[str, Any]] = {
    "sx": {
        "kind": "ghost",
        "latency": "60ms",
        "capabilities": {
            "partial_fills": True,
            "cancel": True,
            "final_at_once": False,
            "min_stake": "5",
            "max_stake": "5000",
        },
        "final_after": "1.2s",
        "prices": _prices("sx"),
    },
    "azuro": {
        "kind": "ghost",
        "latency": "120ms",
        "capabilities": {
            "partial_fills": False,
            "cancel": False,
            "final_at_once": True,
            "min_stake": "1",
            "max_stake": "2000",
        },
        "default": {"reports": [{"after": "900ms", "status": "filled"}]},
        "prices": _prices("azuro"),
    },
}

#: Keys of a venue's section in which a scenario changes single entries, not the whole.
_MERGED = frozenset({"capabilities", "prices"})


def venues(changes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the venues' sections of the settings: the usual ones, changed, and further ones."""
    names = [*VENUES, *(name for name in changes if name not in VENUES)]
    return {name: _changed(VENUES.get(name, {}), changes.get(name, {})) for name in names}


def _changed(usual: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    section = {**usual, **change}
    for key in _MERGED & usual.keys() & change.keys():
        section[key] = {**usual[key], **change[key]}
    if section.get("capabilities", {}).get("final_at_once") and "final_after" not in change:
        section.pop("final_after", None)
    return {key: value for key, value in section.items() if value is not None}


def opportunity(published: Published, name: str, seen_ms: int) -> Opportunity:
    """Return the opportunity that a scenario publishes, its prices seen at a moment."""
    changes = published.hedges if published.hedges is not None else dict.fromkeys(HEDGES)
    hedges = [
        HedgeOffer(strategy=strategy, offer=_offer(HEDGES[strategy], change or OfferChange()))
        for strategy, change in changes.items()
    ]
    return Opportunity(
        id=name,
        detected_ms=seen_ms,
        event=EVENT,
        scenarios=SCENARIOS,
        stake=published.stake,
        leg_a=_offer(OVER, published.leg_a),
        leg_b=_offer(UNDER, published.leg_b),
        hedges=tuple(hedges),
    )


def _offer(usual: LegOffer, change: OfferChange) -> LegOffer:
    venue = change.venue or usual.selection.venue
    return msgspec.structs.replace(
        usual,
        selection=msgspec.structs.replace(usual.selection, venue=venue),
        odds=usual.odds if change.odds is None else change.odds,
        fee=usual.fee if change.fee is None else change.fee,
        settlement=usual.settlement if change.settlement is None else change.settlement,
    )
