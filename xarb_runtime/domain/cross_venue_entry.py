"""
How one cross-venue execution enters: margins and stakes of legs A and B, and whether both fit.

What is in doubt counts as filled where leg B is sized, as everywhere in `cross_venue_facts`.
"""

from collections import defaultdict
from decimal import Decimal

from xarb_runtime.domain.cross_venue_facts import CrossVenueFacts
from xarb_runtime.domain.money import ZERO, floor_to, parse_duration_ms
from xarb_runtime.domain.opportunity import LegOffer
from xarb_runtime.domain.orders import Selection
from xarb_runtime.domain.position import Fill, levelling_stake, profit_by_scenario, worst_case

#: So far may an engine's clock be ahead of ours, milliseconds.
FUTURE_MS = 1_000


class CrossVenueEntry(CrossVenueFacts, kw_only=True):
    """What a chart may ask before leg A and before leg B; it adds no facts of its own."""

    @property
    def age_ms(self) -> int:
        """How old the opportunity is, milliseconds."""
        return self.now_ms - self.opportunity.detected_ms

    @property
    def is_stale(self) -> bool:
        """Whether the opportunity is older than `limits.max_age`, or from the future."""
        return not -FUTURE_MS <= self.age_ms <= parse_duration_ms(self.limits.max_age)

    @property
    def stake_a(self) -> Decimal:
        """Leg A's stake."""
        return floor_to(self.opportunity.stake, self.limits.stake_tick)

    @property
    def entry_stake(self) -> Decimal:
        """Leg A's stake, once admitted."""
        return self.stake_a if self.admission else ZERO

    @property
    def m_net(self) -> Decimal:
        """Net margin at the prices of the opportunity: worst case / total stake."""
        a, b = self.opportunity.leg_a, self.opportunity.leg_b
        first = Fill(self.stake_a, a.odds, a.selection.wins, a.fee)
        return self._margin_with(first, b, b.odds)

    @property
    def m_net_now(self) -> Decimal:
        """Net margin with what leg A really filled and leg B's live price; the odds we may get."""
        return self._margin_with(self.legs.a.fill, self.opportunity.leg_b, self.odds_b)

    @property
    def quotes_are_in(self) -> bool:
        """Whether both legs' live prices are known."""
        return self.quote_a is not None and self.quote is not None

    @property
    def quotes_take_stakes(self) -> bool:
        """
        Whether the live prices take enough of leg A to be worth it, and what leg B then needs.
        """
        a, b, stake_a = self.quote_a, self.quote, self.stake_a
        if a is None or b is None:
            return False
        enough = stake_a * self.limits.min_fill_ratio
        return (
            a.min_stake <= stake_a
            and a.max_stake >= enough
            and a.max_stake > 0
            and b.min_stake <= self._stake_b_live <= b.max_stake
        )

    @property
    def m_net_live(self) -> Decimal:
        """Net margin at both live prices, before anything is sent."""
        return self._margin_with(self._first_live, self.opportunity.leg_b, self.odds_b)

    @property
    def limit_odds_a(self) -> Decimal:
        """Leg A's worst odds: the opportunity's, or the live ones where they were looked at."""
        odds = self.opportunity.leg_a.odds
        return min(odds, self.quote_a.odds) if self.quote_a else odds

    @property
    def _first_live(self) -> Fill:
        offer = self.opportunity.leg_a
        return Fill(self.stake_a, self.limit_odds_a, offer.selection.wins, offer.fee)

    @property
    def _stake_b_live(self) -> Decimal:
        """Leg B's stake if leg A fills completely at its live price."""
        alone = profit_by_scenario([self._first_live], self.opportunity.scenarios)
        offer = self.opportunity.leg_b
        stake = levelling_stake(alone, offer.selection.wins, self.odds_b, offer.fee)
        return floor_to(stake, self.limits.stake_tick)

    def _margin_with(self, first: Fill, offer: LegOffer, odds: Decimal) -> Decimal:
        scenarios = self.opportunity.scenarios
        if not first.stake:
            return ZERO
        alone = profit_by_scenario([first], scenarios)
        stake = levelling_stake(alone, offer.selection.wins, odds, offer.fee)
        both = [first, Fill(stake, odds, offer.selection.wins, offer.fee)]
        return worst_case(profit_by_scenario(both, scenarios)) / (first.stake + stake)

    @property
    def odds_b(self) -> Decimal:
        """Leg B's live odds, or the opportunity's when there is no quote yet."""
        return self.quote.odds if self.quote else self.opportunity.leg_b.odds

    @property
    def stake_b(self) -> Decimal:
        """Leg B's stake, sized to what leg A really filled."""
        return self._levelling(self.opportunity.leg_b.selection, self.odds_b)

    @property
    def stake_b_expected(self) -> Decimal:
        """Leg B's stake if leg A fills completely at the opportunity's prices."""
        a, b = self.opportunity.leg_a, self.opportunity.leg_b
        first = Fill(self.stake_a, a.odds, a.selection.wins, a.fee)
        alone = profit_by_scenario([first], self.opportunity.scenarios)
        stake = levelling_stake(alone, b.selection.wins, b.odds, b.fee)
        return floor_to(stake, self.limits.stake_tick)

    def _levelling(self, selection: Selection, odds: Decimal) -> Decimal:
        profit = profit_by_scenario(self.reserved, self.opportunity.scenarios)
        fee = self.opportunity.leg_b.fee
        return floor_to(levelling_stake(profit, selection.wins, odds, fee), self.limits.stake_tick)

    @property
    def stakes_in_range(self) -> bool:
        """Whether both legs' stakes are inside the venues' minimum and maximum, and the room."""
        gate = self.gate
        return (
            gate.min_stake_a <= self.stake_a <= gate.max_stake_a
            and gate.min_stake_b <= self.stake_b_expected <= gate.max_stake_b
            and self.has_room
        )

    @property
    def has_room(self) -> bool:
        """Whether both legs fit into what may still be staked at their venues."""
        gate, a, b = self.gate, self.opportunity.leg_a, self.opportunity.leg_b
        if a.selection.venue == b.selection.venue:
            return self.stake_a + self.stake_b_expected <= gate.room_a
        return self.stake_a <= gate.room_a and self.stake_b_expected <= gate.room_b

    @property
    def at_stake(self) -> dict[str, Decimal]:
        """By venue: what it set out to stake there, or what its orders may come to if more."""
        if self.admission is None:
            return {}
        planned: defaultdict[str, Decimal] = defaultdict(Decimal)
        planned[self.opportunity.leg_a.selection.venue] += self.stake_a
        planned[self.opportunity.leg_b.selection.venue] += self.stake_b_expected
        ordered: defaultdict[str, Decimal] = defaultdict(Decimal)
        for line in self.orders:
            ordered[line.selection.venue] += line.as_reserved.stake
        return {venue: max(planned[venue], ordered[venue]) for venue in {*planned, *ordered}}

    @property
    def quote_takes_stake(self) -> bool:
        """Whether leg B's live price takes the stake that leg B needs."""
        quote, stake = self.quote, self.stake_b
        return quote is not None and stake > 0 and quote.min_stake <= stake <= quote.max_stake

    @property
    def rules_match(self) -> bool:
        """Whether both markets settle void, push and abandoned matches alike."""
        return self.opportunity.leg_a.settlement == self.opportunity.leg_b.settlement
