"""
Following: which orders to look for again, where a venue does not tell what has changed.
"""

from xarb_runtime.domain.orders import Order, OrderReport

#: Longest pause between two looks for an order of which nothing new is heard, in rounds.
LONGEST = 64


class _Followed:
    """An order, the newest that was told of it, and how many rounds to leave out."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.sequence: int | None = None
        self.pause = 1
        self.left = 0


class Following:
    """
    The orders that are not settled, in rounds.

    An order is looked for in each round while it may fill. Once it has expired, and nothing new is
    heard, it is looked for after 2, 4, 8, ... at most `LONGEST` rounds: it may be reversed yet, but
    an order that never was must not use up the rate limit. Rounds, not times: a clock that is set
    makes nobody deaf.
    """

    def __init__(self) -> None:
        self._followed: dict[str, _Followed] = {}

    def add(self, order: Order) -> None:
        """Follow an order, if it is not followed already."""
        self._followed.setdefault(order.client_id, _Followed(order))

    def drop(self, order: Order) -> None:
        """Follow an order no more: it is settled, or never was."""
        self._followed.pop(order.client_id, None)

    def begin(self) -> None:
        """Tell everything anew: somebody else listens."""
        for followed in self._followed.values():
            followed.sequence, followed.pause, followed.left = None, 1, 0

    def due(self) -> list[Order]:
        """Begin a round; return the orders that are to be looked for."""
        due: list[Order] = []
        for followed in self._followed.values():
            followed.left -= 1
            if followed.left <= 0:
                due.append(followed.order)
        return due

    def is_news(self, report: OrderReport) -> bool:
        """Return whether a report is newer than what was told of its order."""
        followed = self._followed.get(report.client_id)
        if followed is None:
            return False
        return followed.sequence is None or report.sequence > followed.sequence

    def told(self, report: OrderReport) -> None:
        """Note that a report was told; one that is final was the last of its order."""
        followed = self._followed.get(report.client_id)
        if followed is None:
            return
        followed.sequence, followed.pause, followed.left = report.sequence, 1, 0
        if report.final:
            self.drop(followed.order)

    def silent(self, order: Order, now_ms: int) -> None:
        """Note that nothing new was heard of an order."""
        followed = self._followed.get(order.client_id)
        if followed is not None and now_ms > order.expires_ms:
            followed.pause = min(LONGEST, followed.pause * 2)
            followed.left = followed.pause
