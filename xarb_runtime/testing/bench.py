"""
A bench: a venue plugin connected to a server that speaks the venue's protocol.

The author of a venue writes one. The kit's cases say what happens to the next order, disturb the
wire between plugin and server, and compare what the plugin says with what the server really holds.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from xarb_runtime.domain.orders import Selection
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.plugins.contracts import VenueSpec


class Fate(StrEnum):
    """What becomes of the next order that reaches the server."""

    FILL = "fill"  #: taken, filled completely, in the end finally
    PARTIAL = "partial"  #: half of the stake is filled; the rest is dropped, or rests
    REST = "rest"  #: taken, nothing filled, open until `Bench.fill`, a cancel, or its expiry
    REFUSE = "refuse"  #: refused, with a code that proves that it was never taken
    WORSE_PRICE = "worse_price"  #: the price is worse than the order's `min_odds` when it arrives
    REVERSE = "reverse"  #: filled, and taken back a moment later
    LATE_INDEX = "late_index"  #: filled, but the server says *not found* for its first three looks
    CANCEL_UNCONFIRMED = "cancel_unconfirmed"  #: rests; a cancel is answered with *cannot say*
    FILL_DURING_CANCEL = "fill_during_cancel"  #: rests; fills completely when a cancel arrives


class NoSuchFateError(NotImplementedError):
    """This venue's protocol has no such thing; the text says why. Its cases are skipped."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """
    The server's truth about one order.

    Attributes:
        id: the venue's own id.
        stake, filled: in the account's currency.
        odds: average decimal odds of what is filled; 0 when nothing is.
        open: it may still fill.
    """

    id: str
    stake: Decimal
    filled: Decimal
    odds: Decimal
    open: bool


class Bench(ABC):
    """
    What the kit needs around a venue.

    Attributes:
        spec: the kind of venue under test.
        section: a venue's section of the settings that reaches the server, without `kind`.
        environ: what is in the environment, e.g. a private key without worth.
        secrets: texts that must never be seen in a log, an error or a `repr`.
        selection: something to bet on, with room for many orders of `stake`.
        odds: the best decimal odds of `selection`.
        stake: a stake that the venue takes, in the middle of its range.
        unknown: a selection that the venue does not have.
        settles_ms: by then whatever fills is final, and whatever is looked for is indexed.
        rate: requests that the venue allows in `rate_ms`; None where it has no limit.
        rate_ms: the window of `rate`, milliseconds.
    """

    spec: VenueSpec
    section: Mapping[str, Any]
    environ: Mapping[str, str] = {}
    secrets: tuple[str, ...] = ()
    selection: Selection
    odds: Decimal
    stake: Decimal
    unknown: Selection
    settles_ms: int = 1_000
    rate: int | None = None
    rate_ms: int = 60_000

    @abstractmethod
    def running(self, clock: Clock) -> AbstractAsyncContextManager[None]:
        """
        Run the server, with `clock` as its time, for as long as the context lasts.

        The other attributes are set when it is entered.
        """

    @abstractmethod
    async def destine(self, fate: Fate) -> None:
        """
        Say what becomes of the next order that arrives; the ones after it are filled.

        Raises:
            NoSuchFateError: the protocol has no such thing.
        """

    @abstractmethod
    async def held(self) -> list[Held]:
        """Return the server's truth: every order it has ever taken, oldest first."""

    @abstractmethod
    async def fill(self, order_id: str) -> None:
        """Fill an order that rests."""

    async def lose(self, order_id: str) -> None:
        """
        Let the server lose an order that rests: nothing knows of it any more, and it never fills.

        Raises:
            NoSuchFateError: the server of this bench loses nothing.
        """
        del order_id
        message = "the server of this bench loses no order"
        raise NoSuchFateError(message)

    async def drop_streams(self) -> None:
        """
        Break all streams (websockets, long polls) that are open; requests still work.

        Raises:
            NoSuchFateError: the venue has no streams.
        """
        message = "the venue has no streams"
        raise NoSuchFateError(message)

    async def beats(self) -> int:
        """
        Return how many heartbeats have arrived.

        Raises:
            NoSuchFateError: the venue has no dead man's switch.
        """
        message = "the venue has no dead man's switch"
        raise NoSuchFateError(message)
