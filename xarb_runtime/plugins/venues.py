"""
What a venue plugin promises, what it is opened with, and what it may say about itself.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from xarb_runtime.domain.orders import (
    CancelAnswer,
    FindAnswer,
    Order,
    OrderReport,
    PlaceAnswer,
    Quote,
    Selection,
)
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.plugins.simulator_book import Offer

if TYPE_CHECKING:
    from aiohttp import ClientSession

#: The plugin API this runtime speaks. A plugin states the one it was written for.
API = 1


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a venue can do.

    Attributes:
        partial_fills: an order may fill in parts.
        cancel: an open order can be cancelled.
        dead_man_heartbeat: open orders are cancelled by the venue when heartbeats stop.
        final_at_once: an acceptance is never taken back.
        proves_absence: `find` can prove, sooner or later, that an order does not exist.
        min_stake, max_stake: limits of a single order.
    """

    partial_fills: bool = False
    cancel: bool = False
    dead_man_heartbeat: bool = False
    final_at_once: bool = False
    proves_absence: bool = False
    min_stake: Decimal = Decimal(1)
    max_stake: Decimal = Decimal(100000)


class VenueCheck(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something that must be so before one can trade at a venue, and whether it is.

    Attributes:
        what: what was looked at: `balance`, `allowance`, `proxy wallet`, `fees`, ...
        ok: whether it is as it must be. A check that only tells something is ok.
        found: what was found, for people, without secrets.
        hint: what to do when it is not ok.
    """

    what: str
    ok: bool
    found: str
    hint: str = ""


class Venue(ABC):
    """
    A connection to one venue.

    Cancellation: any method may be cancelled at its deadline. What it was doing may or may not have
    taken effect; the runtime asks `find` afterwards. After that nothing more is sent on behalf of
    the call.

    A whole order is given to `cancel` and `find`, not its id alone, also to a process that never
    placed it: whatever the venue's own id is made of can be computed again from the order.
    """

    @abstractmethod
    async def place(self, order: Order) -> PlaceAnswer:
        """
        Send an order; answer accepted, refused or unknown.

        Placing the same `client_id` twice must be harmless. `Refused` only when the venue
        definitely does not have the order and never will. Never raise for a business outcome.
        """

    @abstractmethod
    async def cancel(self, order: Order) -> CancelAnswer:
        """Ask for an order to be cancelled; answer with the order's state if the venue says it."""

    @abstractmethod
    async def find(self, order: Order) -> FindAnswer:
        """Look an order up. `Absent` only if the venue can prove that it never will have it."""

    @abstractmethod
    async def quote(self, selection: Selection) -> Quote:
        """Return a live price. Raise when there is none."""

    @abstractmethod
    def reports(self) -> AsyncIterator[OrderReport]:
        """
        Yield what the venue says about our orders, for as long as the venue is open.

        Of orders of an earlier process only those that `watch` was told of need be reported.
        """

    @abstractmethod
    async def heartbeat(self) -> None:
        """
        Tell the venue that we are alive; raise when it does not confirm, or when nothing can be
        traded there at present (no balance, a wallet that is not ready, a stream that is down).
        """

    def watch(self, order: Order) -> None:
        """
        Be told of an order of an earlier process that is not settled: its reports are wanted.

        Called before anything else is asked about it. By default nothing.
        """
        del order

    def account(self) -> str:
        """
        Return under which account orders are sent: its address and what else they depend on, such
        as the chain. Never a secret. Asked once, when the venue has been opened.

        An order that was sent under another account is not looked for: that it is not found would
        prove nothing. By default an empty text: orders are found whoever asks.
        """
        return ""

    async def check(self) -> tuple[VenueCheck, ...]:
        """
        Look at everything that must be so before one can trade here: balance, allowance, fees.

        `xarb check` shows it; nothing is placed. Raise when the venue cannot be asked.
        """
        return ()

    def figures(self) -> Mapping[str, Decimal | int]:
        """
        Return what there is to measure, by name: requests that are left, balances, ages.

        Shown by `xarb status` and read as metrics. Names are `lower_case`, with their unit.
        """
        return {}


def _open_session(**options: Any) -> "ClientSession":
    # Importing an HTTP client takes time, and a ghost needs none.
    from aiohttp import ClientSession  # noqa: PLC0415

    return ClientSession(**options)


def _say_nothing(secret: str) -> None:
    del secret


class VenueOpening(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a venue is opened with. A plugin takes its time, its connections and its secrets from here.

    Attributes:
        name: the venue's name in settings.
        settings: its section of the settings, read as the spec's `settings`. Names of files in it
            (keys that end with `_file`) are placed in the deployment folder already.
        clock: the clock. The only time there is.
        http: opens a client session; takes what `aiohttp.ClientSession` takes. All requests go
            through such a session, so that a test can listen and disturb. Close it yourself.
        trades: False when orders are only simulated (mode shadow): keys are not needed, and nothing
            may be placed.
        environ: the process's environment, for keys.
        hide: told every secret text the plugin has got hold of; it is never shown from then on.
    """

    name: str
    settings: Any
    clock: Clock
    http: Callable[..., "ClientSession"] = _open_session
    trades: bool = True
    environ: Mapping[str, str] = {}
    hide: Callable[[str], None] = _say_nothing


class SimulatorOpening(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a venue's simulator is opened with.

    Attributes:
        settings: read as the spec's `simulator_settings`.
        clock: the clock.
        port: where on loopback; 0 takes a free one.
    """

    settings: Any
    clock: Clock
    port: int = 0


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """
    A simulator that listens.

    Attributes:
        url: where.
        section: a venue's section of the settings that reaches it, without `kind`.
        environ: what must be in the environment for it: keys without worth.
        control: what a test may do to it, an object of the plugin's own.
        offers: what can be bet on as it begins; `xarb venue-sim` shows it.
    """

    url: str
    section: dict[str, Any]
    environ: dict[str, str] = {}
    control: Any = None
    offers: tuple[Offer, ...] = ()


class NoSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of what has none."""


class VenueSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    A kind of venue, as `xarb_venues` returns it.

    Attributes:
        name: the kind's name; settings refer to it as `venues.<name>.kind`.
        version: the plugin's version.
        capabilities: given the venue's settings, what it can do.
        settings: a msgspec Struct type; the venue's section of the settings is read as it.
        open: gives an async context manager of the venue. Entering it does not wait for the venue:
            one that is away must not keep the others from being hedged at.
        simulator: gives an async context manager of a server that speaks the venue's protocol;
            `xarb venue-sim` starts it. None where there is none.
        simulator_settings: a msgspec Struct type; what `xarb venue-sim --settings` is read as.
    """

    name: str
    version: str
    capabilities: Callable[[Any], Capabilities]
    settings: type[msgspec.Struct]
    open: Callable[[VenueOpening], AbstractAsyncContextManager[Venue]]
    simulator: Callable[[SimulatorOpening], AbstractAsyncContextManager[Simulated]] | None = None
    simulator_settings: type[msgspec.Struct] = NoSettings
    api: int = API


__all__ = [
    "API",
    "Capabilities",
    "NoSettings",
    "Simulated",
    "SimulatorOpening",
    "Venue",
    "VenueCheck",
    "VenueOpening",
    "VenueSpec",
]
