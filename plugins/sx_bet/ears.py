"""
What the stream says, and to whom it matters: the account's orders and fills, and books.
"""

from typing import Any

from . import wire
from .orders import Orders
from .prices import Prices
from .stream import Stream


class Ears:
    """
    Listens to a stream, where there is one.

    Args:
        orders: told about orders and fills.
        prices: told about books.
        maker: the account; empty when nothing is traded.
    """

    def __init__(self, orders: Orders, prices: Prices, maker: str) -> None:
        self._orders, self._prices = orders, prices
        self._orders_channel = f"account:orders_v3_#{maker}"
        self._fills_channel = f"account:fills_v3_#{maker}"
        self._channels = {self._orders_channel, self._fills_channel} if maker else set[str]()
        self._stream: Stream | None = None

    def attach(self, stream: Stream) -> None:
        """Listen to a stream: to the account's channels, and to books that are asked about."""
        self._stream = self._prices.stream = stream
        for channel in sorted(self._channels):
            stream.want(channel)

    @property
    def up(self) -> bool:
        """Whether there is a connection."""
        return self._stream is not None and self._stream.up

    @property
    def account_is_live(self) -> bool:
        """Whether everything that happens to the account's orders is told."""
        return self._stream is not None and self._channels <= self._stream.live

    def hear(self, channel: str, data: Any) -> None:
        """Take what the stream says; what is no sense is left to looking."""
        try:
            if channel == self._orders_channel:
                self._orders.hear_rows(data)
            elif channel == self._fills_channel:
                self._orders.hear_fills(data)
            else:
                self._prices.hear(data)
        except wire.WireError:
            self.hear_gap(channel)

    def hear_gap(self, channel: str) -> None:
        """Something may have been missed: look."""
        if channel in self._channels:
            self._orders.hurry()
        else:
            self._prices.doubt(channel)
