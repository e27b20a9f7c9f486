"""
Who is told what happens on the exchange.
"""

from typing import Protocol

from .model import Fill, Market, Order


class News(Protocol):
    """Who is told what happens."""

    def order(self, order: Order) -> None:
        """An order has changed."""

    def fill(self, fill: Fill) -> None:
        """A fill has appeared or changed."""

    def book(self, market: Market) -> None:
        """A book has changed."""

    def trade(self, fills: list[Fill]) -> None:
        """Somebody has taken something."""

    def quake(self) -> None:
        """All websockets break."""
