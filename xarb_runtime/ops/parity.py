"""
Two runs of the same opportunities beside each other: what a shadow thought, and what became of it.

Pure: from what two stores hold to one report. Figures are differences `live` minus `shadow`, so a
negative one is what the shadow was too hopeful about.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.money import ZERO

SLOTS = ("leg_a", "leg_b")
_PLACES = Decimal("0.0001")


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became of one opportunity.

    Attributes:
        id: the opportunity.
        state: where its execution ended.
        reason: why.
        orders: its ledger.
        worst: the smallest profit of what was filled; 0 when nothing was.
    """

    id: str
    state: str
    reason: str
    orders: tuple[OrderLine, ...]
    worst: Decimal

    def leg(self, slot: str) -> OrderLine | None:
        """Return the order of a leg, if there was one."""
        return next((line for line in self.orders if line.slot == slot), None)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """
    All that a store holds.

    Attributes:
        mode: the mode in which it was made; empty where it does not say.
        runs: what became of the opportunities whose executions have ended.
        unfinished: how many have not.
    """

    mode: str
    runs: tuple[Run, ...]
    unfinished: int


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """
    How one side fared, over the opportunities that both sides know.

    Attributes:
        executed: how many sent an order.
        completed, hedged, unwound: shares of those, by where they ended.
        filled: money filled, all orders.
        worst: smallest profits, added up.
    """

    executed: int
    completed: Decimal | None
    hedged: Decimal | None
    unwound: Decimal | None
    filled: Decimal
    worst: Decimal


class LegParity(msgspec.Struct, frozen=True, kw_only=True):
    """
    One leg, over the opportunities that both sides know.

    Attributes:
        slot: `leg_a` or `leg_b`.
        both, only_shadow, only_live: where something was filled.
        filled_difference: money filled, live minus shadow.
        odds_difference: mean of live minus shadow, where both were filled.
        odds_lowest: the smallest of these differences.
        accept_ms_shadow, accept_ms_live: median time from order to first fill.
        accept_p95_ms_shadow, accept_p95_ms_live: the 95th percentile.
    """

    slot: str
    both: int
    only_shadow: int
    only_live: int
    filled_difference: Decimal
    odds_difference: Decimal | None
    odds_lowest: Decimal | None
    accept_ms_shadow: int | None
    accept_ms_live: int | None
    accept_p95_ms_shadow: int | None
    accept_p95_ms_live: int | None


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """How often the shadow ended in one state and the live run in another."""

    shadow: str
    live: str
    count: int


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """One opportunity on both sides."""

    id: str
    shadow: str
    live: str
    shadow_reason: str
    live_reason: str
    worst_shadow: Decimal
    worst_live: Decimal


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """
    The report.

    Attributes:
        modes: in which modes the two stores were made.
        compared: opportunities that have ended on both sides.
        alike: how many of them ended in the same state.
        outcomes: by state here and there, the most frequent first.
        shadow, live: how either side fared over them.
        legs: leg A and leg B.
        worst_difference: smallest profits added up, live minus shadow.
        only_shadow, only_live: ids that only one side has.
        unfinished: how many have not ended, on either side.
        pairs: every opportunity that was compared, the largest difference in money first.
    """

    modes: tuple[str, str]
    compared: int
    alike: int
    outcomes: list[Outcomes]
    shadow: Shares
    live: Shares
    legs: list[LegParity]
    worst_difference: Decimal
    only_shadow: list[str]
    only_live: list[str]
    unfinished: tuple[int, int]
    pairs: list[Pair]


def compare(shadow: Side, live: Side) -> Parity:
    """Return two sides beside each other."""
    here, there = _by_id(shadow), _by_id(live)
    pairs = [(here[name], there[name]) for name in sorted(here.keys() & there.keys())]
    counted = Counter((a.state, b.state) for a, b in pairs)
    ours, theirs = _shares([a for a, _ in pairs]), _shares([b for _, b in pairs])
    return Parity(
        modes=(shadow.mode, live.mode),
        compared=len(pairs),
        alike=sum(count for (a, b), count in counted.items() if a == b),
        outcomes=[
            Outcomes(shadow=a, live=b, count=count) for (a, b), count in counted.most_common()
        ],
        shadow=ours,
        live=theirs,
        legs=[_leg(slot, pairs) for slot in SLOTS],
        worst_difference=theirs.worst - ours.worst,
        only_shadow=sorted(here.keys() - there.keys()),
        only_live=sorted(there.keys() - here.keys()),
        unfinished=(shadow.unfinished, live.unfinished),
        pairs=sorted(map(_pair, pairs), key=lambda it: (-_gap(it), it.id)),
    )


def _by_id(side: Side) -> Mapping[str, Run]:
    return {run.id: run for run in side.runs}


def _pair(pair: tuple[Run, Run]) -> Pair:
    a, b = pair
    return Pair(
        id=a.id,
        shadow=a.state,
        live=b.state,
        shadow_reason=a.reason,
        live_reason=b.reason,
        worst_shadow=a.worst,
        worst_live=b.worst,
    )


def _gap(pair: Pair) -> Decimal:
    return abs(pair.worst_live - pair.worst_shadow)


def _shares(runs: Sequence[Run]) -> Shares:
    executed = [run for run in runs if run.orders]
    ends = Counter(run.state for run in executed)
    return Shares(
        executed=len(executed),
        completed=_share(ends["completed"], len(executed)),
        hedged=_share(ends["hedged"], len(executed)),
        unwound=_share(ends["unwound"], len(executed)),
        filled=sum((line.filled for run in executed for line in run.orders), ZERO),
        worst=sum((run.worst for run in executed), ZERO),
    )


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(_PLACES) if whole else None


def _leg(slot: str, pairs: Iterable[tuple[Run, Run]]) -> LegParity:
    legs = [(a.leg(slot), b.leg(slot)) for a, b in pairs]
    amounts = [(_filled(a), _filled(b)) for a, b in legs]
    odds = [b.odds - a.odds for a, b in legs if a and b and a.filled and b.filled]
    here, there = _accepts(a for a, _ in legs), _accepts(b for _, b in legs)
    return LegParity(
        slot=slot,
        both=sum(bool(a and b) for a, b in amounts),
        only_shadow=sum(bool(a and not b) for a, b in amounts),
        only_live=sum(bool(b and not a) for a, b in amounts),
        filled_difference=sum((b - a for a, b in amounts), ZERO),
        odds_difference=(sum(odds, ZERO) / len(odds)).quantize(_PLACES) if odds else None,
        odds_lowest=min(odds, default=None),
        accept_ms_shadow=_percentile(here, 50),
        accept_ms_live=_percentile(there, 50),
        accept_p95_ms_shadow=_percentile(here, 95),
        accept_p95_ms_live=_percentile(there, 95),
    )


def _filled(line: OrderLine | None) -> Decimal:
    return line.filled if line else ZERO


def _accepts(lines: Iterable[OrderLine | None]) -> list[int]:
    return sorted(it.accepted_ms - it.sent_ms for it in lines if it and it.accepted_ms)


def _percentile(ordered: Sequence[int], share: int) -> int | None:
    """The smallest value that so many percent do not exceed."""
    return ordered[-(-share * len(ordered) // 100) - 1] if ordered else None
