"""
The hooks: how a plugin says what it offers.

Hooks are plain functions of a module, marked with `@hookimpl`. They are called once, when plugins
are loaded, and return small specs; the work is done later through the typed objects that the specs
open. The observers `xarb_on_step` and `xarb_on_incident` are called while the runtime works.

All hooks are synchronous. A hook that raises costs its own plugin, never another one.
"""

from collections.abc import Iterable
from typing import Any

import pluggy

from xarb_runtime.domain.steps import Step
from xarb_runtime.plugins.contracts import BusSpec, ContextSpec, HedgeSpec, VenueSpec

#: The name under which pluggy keeps our hooks.
PROJECT = "xarb"
#: Every hook's name begins with this.
PREFIX = "xarb_"

hookimpl = pluggy.HookimplMarker(PROJECT)
_hookspec = pluggy.HookspecMarker(PROJECT)


@_hookspec
def xarb_venues() -> Iterable[VenueSpec]:
    """
    Return the kinds of venues that the plugin offers; settings name one as `venues.<name>.kind`.

    Example::

        from contextlib import asynccontextmanager
        from decimal import Decimal

        import msgspec

        from xarb_runtime.domain.orders import Absent, CancelRefused, Quote, Refused
        from xarb_runtime.plugins import API, hookimpl
        from xarb_runtime.plugins.contracts import Capabilities, Venue, VenueSpec


        class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
            odds: Decimal = Decimal(2)


        class ClosedShop(Venue):
            def __init__(self, settings, clock):
                self._settings, self._clock = settings, clock

            async def place(self, order):
                return Refused("CLOSED", "We are closed.")

            async def cancel(self, order):
                return CancelRefused("We are closed.")

            async def find(self, order):
                return Absent("We never had it.")

            async def quote(self, selection):
                limit = Decimal(100)
                return Quote(
                    selection=selection, odds=self._settings.odds, min_stake=Decimal(1),
                    max_stake=limit, time_ms=self._clock.now_ms(),
                )

            async def reports(self):
                while True:
                    await self._clock.sleep_ms(60_000)
                    if False:
                        yield

            async def heartbeat(self):
                return None


        @asynccontextmanager
        async def open_shop(opening):
            yield ClosedShop(opening.settings, opening.clock)


        @hookimpl
        def xarb_venues():
            return [
                VenueSpec(
                    name="closed_shop", version="1.0.0", api=API, settings=Settings,
                    capabilities=lambda settings: Capabilities(final_at_once=True), open=open_shop,
                )
            ]
    """
    raise NotImplementedError


@_hookspec
def xarb_hedges() -> Iterable[HedgeSpec]:
    """
    Return the hedge strategies that the plugin offers; settings name them in `limits.hedge_order`.

    Example::

        from xarb_runtime.domain.hedging import best, candidates
        from xarb_runtime.plugins import API, hookimpl
        from xarb_runtime.plugins.contracts import HedgeSpec, HedgeStrategy


        class Anything(HedgeStrategy):
            def plan(self, request, quotes):
                found = candidates(
                    request.strategy, request.fills, request.scenarios, request.offers, quotes,
                    request.stake_tick,
                )
                return best(found)


        @hookimpl
        def xarb_hedges():
            return [HedgeSpec(name="anything", version="1.0.0", create=Anything, api=API)]
    """
    raise NotImplementedError


@_hookspec
def xarb_buses() -> Iterable[BusSpec]:
    """
    Return the buses that the plugin offers; the scheme of `bus.url` chooses one.

    Example::

        from contextlib import asynccontextmanager

        from xarb_runtime.plugins import API, hookimpl
        from xarb_runtime.plugins.contracts import Bus, BusMessage, BusSpec


        class Lines(Bus):
            def __init__(self, path, clock):
                self._path, self._clock = path, clock

            async def messages(self):
                with open(self._path, "rb") as file:
                    for number, line in enumerate(file):
                        yield BusMessage(body=line, token=number)
                while True:
                    await self._clock.sleep_ms(60_000)

            async def acknowledge(self, message):
                return None

            async def give_back(self, message):
                return None

            async def publish(self, body, routing_key):
                print(routing_key, body.decode())

            def depth(self):
                return 0


        @asynccontextmanager
        async def open_lines(opening):
            yield Lines(opening.url.removeprefix("lines://"), opening.clock)


        @hookimpl
        def xarb_buses():
            return [BusSpec(scheme="lines", version="1.0.0", open=open_lines, api=API)]
    """
    raise NotImplementedError


@_hookspec
def xarb_contexts() -> Iterable[ContextSpec]:
    """
    Return the contexts that the plugin offers; a chart names one as `x-xarb: {context: <name>}`.

    Example::

        from xarb_runtime.domain.context import Context
        from xarb_runtime.plugins import API, hookimpl
        from xarb_runtime.plugins.contracts import ContextSpec


        class Counting(Context, kw_only=True):
            count: int = 0

            def count_on(self):
                self.count += 1


        @hookimpl
        def xarb_contexts():
            return [ContextSpec(name="counting", version="1.0.0", context=Counting, api=API)]
    """
    raise NotImplementedError


@_hookspec
def xarb_on_step(step: Step) -> None:
    """
    Look at a step after it is on disk. What an observer does or raises changes nothing.

    It is called in the runtime's loop: return at once, and hand slow work to a thread of your own.

    Example::

        from xarb_runtime.domain.steps import Outcome
        from xarb_runtime.plugins import hookimpl

        seen = {outcome: 0 for outcome in Outcome}


        @hookimpl
        def xarb_on_step(step):
            seen[step.outcome] += 1
    """
    raise NotImplementedError


@_hookspec
def xarb_on_incident(incident: dict[str, Any]) -> None:
    """
    Look at an incident that was opened or closed, after that is on disk, as plain JSON values.

    One that is over has `closed_ms`, `closed_by` and `note` besides; one that was opened has not.

    Example::

        from xarb_runtime.plugins import hookimpl

        bells = {}


        @hookimpl
        def xarb_on_incident(incident):
            if "closed_ms" in incident:
                bells.pop(incident["id"], None)
            elif incident["severity"] == "critical":
                bells[incident["id"]] = incident["reason"]
    """
    raise NotImplementedError


#: Hooks that are asked once, and what each of them returns.
OFFERS: dict[str, type[VenueSpec] | type[HedgeSpec] | type[BusSpec] | type[ContextSpec]] = {
    "xarb_venues": VenueSpec,
    "xarb_hedges": HedgeSpec,
    "xarb_buses": BusSpec,
    "xarb_contexts": ContextSpec,
}
#: Hooks that are called while the runtime works.
OBSERVERS = ("xarb_on_step", "xarb_on_incident")
