"""
KPI windows: fill ratio and accept time per venue over the newest trades, and when they break.

Pure. A window that cannot compute its figure counts as broken.
"""

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from xarb_runtime.domain.money import ZERO
from xarb_runtime.service.settings_model import KpiSettings
from xarb_runtime.store.batch import Trade


class Figures(msgspec.Struct, frozen=True):
    """
    A window's figures.

    Attributes:
        venue: whose.
        sample: how many trades count.
        fill_ratio: filled share of what was ordered, averaged over trades; None without trades.
        p95_accept_ms: 95th percentile of the accept time; None without accepted trades.
    """

    venue: str
    sample: int
    fill_ratio: Decimal | None
    p95_accept_ms: int | None


class Breach(msgspec.Struct, frozen=True):
    """A figure that is beyond its threshold, in words."""

    venue: str
    kpi: str
    reason: str


class Windows:
    """
    One window per venue. A breach is reported once, until the figure has recovered or was reset.

    Args:
        settings: what holds for all venues.
        of_venue: what holds for one where that differs: how slow it may be.
    """

    def __init__(
        self, settings: KpiSettings, of_venue: Callable[[str], KpiSettings] | None = None
    ) -> None:
        self._settings = settings
        self._of_venue = of_venue or (lambda _venue: settings)
        self._trades: dict[str, deque[Trade]] = {}
        self._broken: set[tuple[str, str]] = set()
        self._newest: dict[str, Figures] = {}

    def add(self, trade: Trade) -> list[Breach]:
        """Take a trade in (hedges do not count) and return the breaches that it causes."""
        if not is_counted(trade):
            return []
        window = self._trades.setdefault(trade.venue, deque(maxlen=self._settings.window))
        for index, known in enumerate(window):
            if known.client_id == trade.client_id:
                window[index] = trade
                break
        else:
            window.append(trade)
        return self._check(trade.venue)

    def restart(self, trades: Iterable[Trade] = ()) -> None:
        """Begin anew, as after a resume, or from the journal's trades, oldest first."""
        self._trades.clear()
        self._newest.clear()
        self._broken.clear()
        for trade in trades:
            self.add(trade)

    def of(self, venue: str) -> Figures | None:
        """Return a venue's figures as they were after its newest trade; None without one."""
        return self._newest.get(venue)

    def figures(self) -> list[Figures]:
        """Return the figures of all venues, by name."""
        return [_figures(venue, window) for venue, window in sorted(self._trades.items())]

    def _check(self, venue: str) -> list[Breach]:
        figures = self._newest[venue] = _figures(venue, self._trades[venue])
        if figures.sample < self._settings.min_sample:
            return []
        found = [*self._fill_ratio(figures), *self._accept(figures)]
        new = [breach for breach in found if (venue, breach.kpi) not in self._broken]
        self._broken |= {(venue, breach.kpi) for breach in new}
        return new

    def _fill_ratio(self, figures: Figures) -> list[Breach]:
        limit, ratio = self._settings.min_fill_ratio, figures.fill_ratio
        if ratio is not None and ratio >= limit:
            if ratio >= self._settings.clear_fill_ratio:
                self._broken.discard((figures.venue, "fill_ratio"))
            return []
        shown = "cannot be computed" if ratio is None else f"is {ratio:.0%}"
        reason = (
            f"fill ratio {shown} over {figures.sample} trades, at least {limit:.0%} is required"
        )
        return [Breach(figures.venue, "fill_ratio", reason)]

    def _accept(self, figures: Figures) -> list[Breach]:
        settings, p95 = self._of_venue(figures.venue), figures.p95_accept_ms
        limit = settings.max_p95_accept_ms
        if p95 is None or p95 <= limit:
            if p95 is not None and p95 <= settings.clear_p95_accept_ms:
                self._broken.discard((figures.venue, "p95_accept"))
            return []
        reason = f"p95 accept time is {p95} ms over {figures.sample} trades, allowed are {limit} ms"
        return [Breach(figures.venue, "p95_accept", reason)]


def is_counted(trade: Trade) -> bool:
    """Tell whether a trade counts: legs do, hedges do not."""
    return trade.slot in {"leg_a", "leg_b"}


def _figures(venue: str, window: deque[Trade]) -> Figures:
    ratios = [trade.filled / trade.stake for trade in window if trade.stake]
    accepts = sorted(trade.accept_ms for trade in window if trade.accept_ms is not None)
    return Figures(
        venue=venue,
        sample=len(window),
        fill_ratio=sum(ratios, ZERO) / len(ratios) if ratios else None,
        p95_accept_ms=accepts[-(-95 * len(accepts) // 100) - 1] if accepts else None,
    )
