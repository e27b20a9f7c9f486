"""
The list of our bets, read once for everybody who looks.

One request tells of a hundred orders. So when several are under way at the same time, all of them
are looked at there, and one by one only those that it does not tell of.
"""

from collections.abc import Callable, Mapping

import aiohttp

from xarb_runtime.plugins.contracts import Clock

from .haste import Haste
from .orders import LIVE, Orders
from .sharing import Shared
from .states import UNDER_WAY, Row

#: A list is good for so long: however many look, it is read twice a second at most.
GOOD_FOR_MS = 500
#: A list that takes longer is not waited for: an order in doubt is asked for by its id instead.
WITHIN_MS = 800
#: After a failure the list is left alone for so long.
SHUNNED_MS = 10_000
#: After a full page, orders that are under way are listed without those that were accepted.
NARROW_MS = 60_000

Rows = Mapping[str, Row]


class Board:
    """
    The first page of the list.

    Args:
        orders: reads it.
        clock: the clock.
        heard: told what was read, once each time.
    """

    def __init__(self, orders: Orders, clock: Clock, heard: Callable[[Rows], None]) -> None:
        self._orders, self._clock, self._heard = orders, clock, heard
        self._shared: Shared[Rows] = Shared(clock, good_for_ms=GOOD_FOR_MS)
        self._shunned_until_ms = self._narrow_until_ms = 0

    @property
    def is_shunned(self) -> bool:
        """Whether it has failed a moment ago."""
        return self._clock.now_ms() < self._shunned_until_ms

    async def rows(self) -> Rows:
        """
        Return what is on it, by the venue's ids; nothing when it cannot be read.

        It proves nothing about an order that is not on it: there may be more pages.
        """
        if self.is_shunned:
            return {}
        try:
            return await self._shared.ask(self._read)
        except (aiohttp.ClientError, TimeoutError, LookupError):
            self._shunned_until_ms = self._clock.now_ms() + SHUNNED_MS
            return {}

    async def _read(self) -> Rows:
        is_narrow = self._clock.now_ms() < self._narrow_until_ms
        states = tuple(UNDER_WAY) if is_narrow else LIVE
        page = await self._orders.page(0, states, Haste.FIND, within_ms=WITHIN_MS)
        if page.is_full and not is_narrow:
            # Nobody knows in which order they are listed: those that matter may be on later pages.
            self._narrow_until_ms = self._clock.now_ms() + NARROW_MS
        rows = {row.id: row for row in page.rows}
        self._heard(rows)
        return rows
