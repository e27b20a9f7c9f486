"""
What goes first when the rate limit is short.
"""

from enum import IntEnum


class Haste(IntEnum):
    """
    How pressing a request is: what share of the rate it leaves for more pressing ones, per cent.

    Whatever one kind of request does, what is above it has its share left. A heartbeat that waits
    would take a venue that is well for one that is down; it is rare, so it goes with the orders.
    """

    FIRST = 0  #: orders and heartbeats
    FIND = 8  #: a leg is in doubt
    AGAIN = 12  #: a price that was asked for a moment ago: a leg may be waiting for it
    QUOTE = 20  #: a price
    LOOK = 60  #: following orders: hearing of them later costs time, and no more

    @property
    def is_price(self) -> bool:
        """Whether it is about a price, which is of use at once or not at all."""
        return self in {Haste.AGAIN, Haste.QUOTE}

    def leaves(self, limit: int) -> int:
        """Return how many requests of so many are left for more pressing ones."""
        return limit * self.value // 100
