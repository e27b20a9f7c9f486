"""
Real odds as opportunities: over and under 2.5 goals, from files of football-data.co.uk.

Every match becomes an opportunity, most of them with a negative margin: admission is to reject
those. What is real and what is not:

* **Real**: the best prices of the market before the match are the two legs; leg B is quoted live at
  the best closing price, so that the line really moves between the legs. The hedge `total` has the
  prices of two single books (Bet365, Pinnacle), before the match in the opportunity and closing in
  the live quote; `unwind` has the average of all books in the same way.
* **Assumed**: that the venue `sx` has leg A, `unwind` and the single books' prices (as markets of
  their own), and that `azuro` has leg B; that leg A is still there at the price it was seen at;
  that the hours between the two prices are the seconds between the legs.
* **Derived by a model**: the price of `alt_line` at azuro, see `football_lines`. It can be left
  out.

Leg A is the side with the longer odds: for the same payout it takes the smaller stake, so less is
at risk while only one leg is filled. `first` chooses a side instead. The scenarios are the numbers
of goals as far as the alternative line tells them apart: with over 2.5 first up to 2, 3, 4 and more
(the alternative is under 3.5), with under 2.5 first up to 1, 2, 3 and more (over 1.5).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from xarb_runtime.bus.cloudevents import CloudEvent
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.opportunity import HedgeOffer, LegOffer, Opportunity
from xarb_runtime.domain.orders import Selection
from xarb_runtime.domain.position import Fill, levelling_stake, profit_by_scenario, worst_case
from xarb_runtime.simulation.football_csv import FootballFormatError, Match, Note, read_rows
from xarb_runtime.simulation.football_lines import derived_odds

SOURCE = "football-data.co.uk"
SCENARIOS = ("low", "mid", "high")
SINGLE_BOOKS = ("B365", "P")
SETTLEMENT = {"void": "refund", "abandoned": "refund"}

_BOOKS = {"B365": "bet365", "P": "pinnacle", "Avg": "average"}

Side = Literal["over", "under"]


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """
    How matches become opportunities.

    Attributes:
        stake: what to stake on leg A.
        first: the side that is leg A; `longer` takes the side with the longer odds.
        venue_a, venue_b: the names of the two venues.
        fees: each venue's share of a winning bet's profit.
        alt_line: offer the derived price of another line as a hedge.
    """

    stake: Decimal = Decimal(100)
    first: Literal["longer", "over", "under"] = "longer"
    venue_a: str = "sx"
    venue_b: str = "azuro"
    fees: Mapping[str, Decimal] = msgspec.field(default_factory=dict[str, Decimal])
    alt_line: bool = True

    def __post_init__(self) -> None:
        if self.stake <= 0:
            message = f"stake: expected an amount above 0, found {self.stake}"
            raise ValueError(message)


class FootballRead(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a file yields.

    Attributes:
        rows: lines with a match: opportunities and skipped ones together.
        opportunities: one for each match that can be used, in the order of the file;
            `detected_ms` is 0 until one is published.
        prices: odds by `market/outcome` for ghost venues; the same map serves both.
        results: the scenario that came true, by opportunity; only where the file says it.
        skipped: lines that cannot be used, with the reason.
        notes: what is missing in lines that can be used.
    """

    rows: int
    opportunities: tuple[Opportunity, ...]
    prices: dict[str, Decimal]
    results: dict[str, str]
    skipped: tuple[Note, ...]
    notes: tuple[Note, ...]


def read_football(path: Path, feed: Feed | None = None) -> FootballRead:
    """
    Read a file.

    Raises:
        FootballFormatError: the file as a whole cannot be used; names the file.
    """
    rows = read_rows(path)
    skipped = list(rows.skipped)
    lines: dict[str, int] = {}
    opportunities: list[Opportunity] = []
    prices: dict[str, Decimal] = {}
    results: dict[str, str] = {}
    for match in rows.matches:
        first_line = lines.setdefault(market_of(match), match.line)
        if first_line != match.line:
            skipped.append(
                Note(match.line, f"expected each match once, found it on line {first_line}")
            )
            continue
        maker = _Maker(match, feed or Feed())
        opportunity = maker.opportunity()
        opportunities.append(opportunity)
        prices |= maker.prices
        if match.goals is not None:
            results[opportunity.id] = maker.scenario(match.goals)
    return FootballRead(
        rows=rows.count,
        opportunities=tuple(opportunities),
        prices=prices,
        results=results,
        skipped=tuple(sorted(skipped, key=lambda note: note.line)),
        notes=rows.notes,
    )


def to_cloudevent(opportunity: Opportunity, time_ms: int) -> CloudEvent:
    """Return the message of an opportunity that is detected at this moment."""
    detected = msgspec.structs.replace(opportunity, detected_ms=time_ms)
    return CloudEvent(
        id=opportunity.id,
        source=SOURCE,
        type=OPPORTUNITY_DETECTED,
        time_ms=time_ms,
        subject=opportunity.event,
        data=msgspec.to_builtins(detected),
    )


def to_cloudevents(
    opportunities: Iterable[Opportunity], start_ms: int, every_ms: int
) -> Iterator[CloudEvent]:
    """Yield the messages of opportunities that are detected one after the other."""
    for number, opportunity in enumerate(opportunities):
        yield to_cloudevent(opportunity, start_ms + number * every_ms)


def m_net(opportunity: Opportunity) -> Decimal:
    """Return the net margin at the opportunity's own prices: worst case / total stake."""
    a, b = opportunity.leg_a, opportunity.leg_b
    first = Fill(opportunity.stake, a.odds, a.selection.wins, a.fee)
    alone = profit_by_scenario([first], opportunity.scenarios)
    stake = levelling_stake(alone, b.selection.wins, b.odds, b.fee)
    both = [first, Fill(stake, b.odds, b.selection.wins, b.fee)]
    return worst_case(profit_by_scenario(both, opportunity.scenarios)) / (first.stake + stake)


def market_of(match: Match) -> str:
    """Return the market id of a match: league, day, teams."""
    teams = f"{_slug(match.home)}-{_slug(match.away)}"
    return f"{_slug(match.division)}-{match.day:%Y%m%d}-{teams}"[:100]


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or name.encode().hex()


class _Maker:
    """Makes one opportunity, and notes the prices that ghosts quote for it."""

    def __init__(self, match: Match, feed: Feed) -> None:
        self._match = match
        self._feed = feed
        self._market = market_of(match)
        self._first: Side = self._side()
        self._second: Side = "under" if self._first == "over" else "over"
        self.prices: dict[str, Decimal] = {}

    def _side(self) -> Side:
        if self._feed.first != "longer":
            return self._feed.first
        odds = self._match.odds
        return "over" if odds["Max>2.5"] >= odds["Max<2.5"] else "under"

    def opportunity(self) -> Opportunity:
        match = self._match
        seen, closing = self._odds("Max", self._first), self._odds("Max", self._second, "C")
        feed = self._feed
        return Opportunity(
            id=f"fd-{self._market}",
            detected_ms=0,
            event=_title(match),
            scenarios=SCENARIOS,
            stake=feed.stake,
            # Leg A is still there at the price it was seen at; leg B's price has moved.
            leg_a=self._offer(feed.venue_a, "ou25", self._first, seen, seen),
            leg_b=self._offer(
                feed.venue_b, "ou25", self._second, self._odds("Max", self._second), closing
            ),
            hedges=tuple(self._hedges()),
        )

    def scenario(self, goals: int) -> str:
        """Return the scenario that a number of goals is."""
        low = 2 if self._first == "over" else 1
        return SCENARIOS[min(max(goals - low, 0), 2)]

    def _odds(self, book: str, side: Side, when: str = "") -> Decimal:
        return self._match.odds[_column(book, side, when)]

    def _hedges(self) -> Iterator[HedgeOffer]:
        if self._feed.alt_line and self._has("Avg", both=True):
            yield from self._alt_line()
        for book in SINGLE_BOOKS:
            if self._has(book):
                yield self._hedge("total", book)
        if self._has("Avg"):
            yield self._hedge("unwind", "Avg")

    def _has(self, book: str, *, both: bool = False) -> bool:
        sides: tuple[Side, ...] = ("over", "under") if both else (self._second,)
        names = [_column(book, side, when) for side in sides for when in ("", "C")]
        return all(name in self._match.odds for name in names)

    def _hedge(self, strategy: str, book: str) -> HedgeOffer:
        offer = self._offer(
            self._feed.venue_a,
            f"ou25-{_BOOKS[book]}",
            self._second,
            self._odds(book, self._second),
            self._odds(book, self._second, "C"),
        )
        return HedgeOffer(strategy=strategy, offer=offer)

    def _alt_line(self) -> Iterator[HedgeOffer]:
        goals = 3 if self._first == "over" else 1
        seen, closing = (
            derived_odds(
                self._odds("Avg", "over", when),
                self._odds("Avg", "under", when),
                under_goals=goals,
                side=self._second,
            )
            for when in ("", "C")
        )
        if min(seen, closing) <= 1:
            return
        wins = SCENARIOS[:2] if self._second == "under" else SCENARIOS[1:]
        market = f"ou{goals}5"
        offer = self._offer(self._feed.venue_b, market, self._second, seen, closing, wins)
        yield HedgeOffer(strategy="alt_line", offer=offer)

    def _offer(
        self,
        venue: str,
        market: str,
        side: Side,
        seen: Decimal,
        quoted: Decimal,
        wins: tuple[str, ...] = (),
    ) -> LegOffer:
        selection = Selection(venue, f"{self._market}-{market}", side, wins or self._wins(side))
        self.prices[f"{selection.market}/{side}"] = quoted
        fee = self._feed.fees.get(venue, ZERO)
        return LegOffer(selection=selection, odds=seen, fee=fee, settlement=SETTLEMENT)

    def _wins(self, side: Side) -> tuple[str, ...]:
        # Over 2.5 first: low is up to 2, so under wins there. Under 2.5 first: high is 3 and more.
        cut = 1 if self._first == "over" else 2
        return SCENARIOS[:cut] if side == "under" else SCENARIOS[cut:]


def _title(match: Match) -> str:
    day = f"{match.day:%Y-%m-%d}"
    teams = f"{match.home} - {match.away}, goals 2.5"
    return " ".join(part for part in (match.division, day, match.kickoff, teams) if part)[:200]


def _column(book: str, side: Side, when: str) -> str:
    return f"{book}{when}{'>' if side == 'over' else '<'}2.5"


__all__ = [
    "Feed",
    "FootballFormatError",
    "FootballRead",
    "Match",
    "Note",
    "m_net",
    "market_of",
    "read_football",
    "to_cloudevent",
    "to_cloudevents",
]
