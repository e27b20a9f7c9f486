"""
How much may be staked at a venue: at once by all executions together, and with one order.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from xarb_runtime.domain.events import OPPORTUNITY_DETECTED, ORDER_EVENTS
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import Order, Quote
from xarb_runtime.domain.steps import Step
from xarb_runtime.service.sanity import LARGEST
from xarb_runtime.service.settings_model import Settings


class VenueLimits(msgspec.Struct, frozen=True, kw_only=True):
    """
    The limits that an operator has set, by venue; a venue that is not in them has none.

    Attributes:
        at_once: most that executions in flight may stake there together.
        one_order: largest stake of one order.
    """

    at_once: Mapping[str, Decimal] = {}
    one_order: Mapping[str, Decimal] = {}

    def room(self, venue: str, staked: Decimal) -> Decimal:
        """Return how much more may be staked at a venue, of which `staked` is at stake already."""
        return max(ZERO, self.at_once.get(venue, LARGEST) - staked)

    def largest(self, venue: str, stake: Decimal) -> Decimal:
        """Return the largest order at a venue that by itself takes up to `stake`."""
        return min(stake, self.one_order.get(venue, LARGEST))

    def capped(self, quote: Quote) -> Quote:
        """Return a price that takes no more than one order may have; whoever plans sees no more."""
        largest = self.largest(quote.selection.venue, quote.max_stake)
        if largest == quote.max_stake:
            return quote
        return msgspec.structs.replace(quote, max_stake=largest)

    def forbids(self, order: Order, staked: Decimal) -> str:
        """
        Return why an order must not be sent, as a code; an empty text when it may.

        The limit of all executions together holds for orders that begin something. One that covers
        what is owned already is counted, but never refused for it: that would leave a side open.

        Args:
            order: the order.
            staked: what is at stake at its venue, the order included.
        """
        venue = order.selection.venue
        if order.stake > self.one_order.get(venue, LARGEST):
            return "ORDER_LIMIT"
        if not order.reduces and staked > self.at_once.get(venue, LARGEST):
            return "OPEN_LIMIT"
        return ""


def limits_of(settings: Settings) -> VenueLimits:
    """Return the limits of all venues of a deployment."""
    at_once = {name: settings.open_limit(name) for name in settings.venues}
    one_order = {name: settings.order_limit(name) for name in settings.venues}
    return VenueLimits(
        at_once={name: limit for name, limit in at_once.items() if limit is not None},
        one_order={name: limit for name, limit in one_order.items() if limit is not None},
    )


def moves_stakes(taken: Step) -> bool:
    """Tell whether a step may have changed what its execution has at stake."""
    kind = taken.event.type
    sends = any(command.name == "place" for command in taken.commands)
    return sends or kind in ORDER_EVENTS or kind == OPPORTUNITY_DETECTED
