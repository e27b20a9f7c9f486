"""
The kit's bench of the plain venue: its client, connected to its server.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal

from xarb_runtime.domain.orders import Selection
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.testing.bench import Bench, Fate, Held

from . import client, server
from .book import MARKET, ODDS, OUTCOMES

#: Cases that the venue cannot pass, and why.
EXEMPT: dict[str, str] = {}


class PlainBench(Bench):
    """A plain venue on a free port of loopback."""

    spec = next(iter(client.xarb_venues()))
    environ = {"PLAIN_KEY": server.KEY}
    secrets = (server.KEY,)
    selection = Selection("plain", MARKET, OUTCOMES[0], ("home",))
    unknown = Selection("plain", "match-0", OUTCOMES[0], ("home",))
    odds = ODDS
    stake = Decimal(100)
    rate = server.RATE
    rate_ms = server.RATE_MS

    @asynccontextmanager
    async def running(self, clock: Clock) -> AsyncGenerator[None, None]:
        """Run the server."""
        async with server.open_server(clock) as self._server:
            self.section = {"url": self._server.url}
            yield

    async def destine(self, fate: Fate) -> None:
        """Say what becomes of the next order."""
        self._server.book.next_fate = fate

    async def held(self) -> list[Held]:
        """Return the server's truth."""
        return [
            Held(
                id=client_id,
                stake=kept.wanted.stake,
                filled=kept.filled,
                odds=kept.odds,
                open=not self._server.book.is_dead(kept),
            )
            for client_id, kept in self._server.book.orders.items()
        ]

    async def fill(self, order_id: str) -> None:
        """Fill an order that rests."""
        kept = self._server.book.orders[order_id]
        self._server.book.fill(kept, kept.wanted.stake)

    async def drop_streams(self) -> None:
        """Break the connections of those who wait for changes."""
        self._server.drop_polls()

    async def beats(self) -> int:
        """Return how many heartbeats have arrived."""
        return self._server.beats
