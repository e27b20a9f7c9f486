"""
The facts an admission looks at, gathered at the moment of entry and written into the event.
"""

from collections.abc import Callable, Mapping

import msgspec

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.opportunity import Gate, Limits, Opportunity
from xarb_runtime.plugins.contracts import Capabilities
from xarb_runtime.service.book import Book
from xarb_runtime.service.venue_limits import VenueLimits


class Facts:
    """What is known about the world outside an opportunity."""

    def __init__(
        self,
        *,
        limits: Limits,
        capabilities: Mapping[str, Capabilities],
        level: Callable[[], str],
        is_up: Callable[[str], bool],
        venue_limits: VenueLimits | None = None,
    ) -> None:
        self.limits = limits
        self.venue_limits = venue_limits or VenueLimits()
        self._capabilities = capabilities
        self._level = level
        self._is_up = is_up

    def complete(self, event: Event, book: Book, *, duplicate: bool) -> tuple[Event, Opportunity]:
        """Return an `opportunity.detected` event with gate and limits, and the opportunity."""
        opportunity = msgspec.convert(event.data["opportunity"], Opportunity, strict=False)
        data = {
            **event.data,
            "gate": msgspec.to_builtins(self._gate(opportunity, book, duplicate=duplicate)),
            "limits": msgspec.to_builtins(self.limits),
        }
        return msgspec.structs.replace(event, data=data), opportunity

    def _gate(self, opportunity: Opportunity, book: Book, *, duplicate: bool) -> Gate:
        at_a, at_b = opportunity.leg_a.selection.venue, opportunity.leg_b.selection.venue
        known = at_a in self._capabilities and at_b in self._capabilities
        a = self._capabilities.get(at_a, Capabilities())
        b = self._capabilities.get(at_b, Capabilities())
        ours = self.venue_limits
        return Gate(
            level=self._level(),
            in_flight=book.in_flight,
            open_stake=book.open_stake,
            duplicate=duplicate,
            venues_up=known and self._is_up(at_a) and self._is_up(at_b),
            min_stake_a=a.min_stake,
            max_stake_a=ours.largest(at_a, a.max_stake),
            min_stake_b=b.min_stake,
            max_stake_b=ours.largest(at_b, b.max_stake),
            room_a=ours.room(at_a, book.staked_at(at_a)),
            room_b=ours.room(at_b, book.staked_at(at_b)),
        )
