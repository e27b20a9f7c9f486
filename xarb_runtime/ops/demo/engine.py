"""
A small arbitrage engine: it asks both venues for live prices and tells of what it sees.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.domain.opportunity import HedgeOffer, LegOffer, Opportunity
from xarb_runtime.domain.orders import Quote, Selection
from xarb_runtime.ops.demo.board import SCENARIOS, SX, Game
from xarb_runtime.plugins.contracts import Clock, Venue

SOURCE = "xarb-demo"
#: Longest wait for a price, seconds.
QUOTE_SECONDS = 3.0
SETTLEMENT = {"void": "refund", "abandoned": "refund"}


class NoPriceError(LookupError):
    """A venue had no price in time; the game is left alone this time."""


class Engine:
    """
    Makes opportunities of live prices.

    Args:
        venues: by name, opened without keys: prices only.
        clock: the clock.
        stake: what leg A is to stake.
    """

    def __init__(self, venues: dict[str, Venue], clock: Clock, stake: str) -> None:
        self._venues, self._clock, self._stake = venues, clock, stake

    async def message(self, game: Game, identity: str) -> bytes:
        """
        Return the message of an opportunity on a game at its live prices.

        Raises:
            NoPriceError: a venue has no price for one of the legs.
        """
        opportunity = await self._opportunity(game, identity)
        event = CloudEvent(
            id=identity,
            source=SOURCE,
            type=OPPORTUNITY_DETECTED,
            time_ms=opportunity.detected_ms,
            subject=game.title,
            data=msgspec.to_builtins(opportunity),
        )
        return encode(event)

    async def _opportunity(self, game: Game, identity: str) -> Opportunity:
        hedges = (
            ("alt_line", game.at_sx("other", game.side_b, game.wins_other)),
            ("total", game.at_sx("total", game.side_b, game.wins_b)),
            ("unwind", game.at_sx("main", game.side_b, game.wins_b)),
        )
        legs = (game.at_sx("main", game.side_a, game.wins_a), game.leg_b)
        offers = await self._offers([*legs, *(selection for _, selection in hedges)])
        leg_a, leg_b = offers[legs[0]], offers[legs[1]]
        if leg_a is None or leg_b is None:
            message = f"{game.title}: no price at {SX if leg_a is None else 'azuro'}"
            raise NoPriceError(message)
        return Opportunity(
            id=identity,
            detected_ms=self._clock.now_ms(),
            event=f"{game.title}, total goals 2.5",
            scenarios=SCENARIOS,
            stake=msgspec.convert(self._stake, type(leg_a.odds), strict=False),
            leg_a=leg_a,
            leg_b=leg_b,
            hedges=tuple(
                HedgeOffer(strategy=strategy, offer=offer)
                for strategy, selection in hedges
                if (offer := offers[selection]) is not None
            ),
        )

    async def _offers(self, selections: Sequence[Selection]) -> dict[Selection, LegOffer | None]:
        async with asyncio.TaskGroup() as group:
            asked = {it: group.create_task(self._quote(it)) for it in selections}
        return {
            it: LegOffer(selection=it, odds=quote.odds, settlement=SETTLEMENT) if quote else None
            for it, task in asked.items()
            for quote in (task.result(),)
        }

    async def _quote(self, selection: Selection) -> Quote | None:
        try:
            async with asyncio.timeout(QUOTE_SECONDS):
                quote = await self._venues[selection.venue].quote(selection)
        except (LookupError, OSError, TimeoutError, ValueError):
            return None
        return quote if quote.max_stake > 0 else None
