"""
Venues that speak of their own accord: their streams of reports, and the answers to heartbeats.
"""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from xarb_runtime.plugins.contracts import Clock, Venue
from xarb_runtime.plugins.process_wide import own_decimals
from xarb_runtime.service.cancellation import is_cancelled
from xarb_runtime.service.dispatcher import Dispatcher
from xarb_runtime.service.inbox import Delivery

log = structlog.get_logger("xarb.runtime")


class Hearing:
    """Listens to venues for as long as its tasks run."""

    def __init__(
        self,
        *,
        venues: Mapping[str, Venue],
        clock: Clock,
        deliver: Callable[[Delivery], None],
        dispatcher: Dispatcher,
        notice: Callable[[str, str, str], None],
        pause_ms: int,
    ) -> None:
        self._venues = venues
        self._clock = clock
        self._deliver = deliver
        self._dispatcher = dispatcher
        self._notice = notice
        self._pause_ms = pause_ms

    def start(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Start two tasks for each venue; they run until they are cancelled."""
        return [
            task
            for name, venue in self._venues.items()
            for task in (
                group.create_task(self._listen(name, venue), name=f"reports {name}"),
                group.create_task(self._beat(name, venue), name=f"heartbeat {name}"),
            )
        ]

    async def _listen(self, name: str, venue: Venue) -> None:
        """Take a venue's reports; a stream that breaks is opened again after a pause."""
        own_decimals()
        while True:
            try:
                async for report in venue.reports():
                    self._deliver(self._dispatcher.heard(report, name))
                reason = "the stream of reports ended"
            except asyncio.CancelledError:
                if is_cancelled():
                    raise
                reason = "the plugin cancelled itself"
            except Exception as error:  # noqa: BLE001  a plugin may raise anything
                reason = f"{type(error).__name__}: {error}"
            reason = self._dispatcher.clean(reason)
            self._notice(name, "call.failed", reason)
            log.warning("reports_interrupted", venue=name, reason=reason)
            await self._clock.sleep_ms(self._pause_ms)

    async def _beat(self, name: str, venue: Venue) -> None:
        """Send heartbeats, each with a deadline; a missed one is an event."""
        own_decimals()
        while True:
            try:
                async with asyncio.timeout(self._pause_ms / 1000):
                    await venue.heartbeat()
            except asyncio.CancelledError:
                if is_cancelled():
                    raise
                self._notice(name, "heartbeat.missed", "the plugin cancelled itself")
            except Exception as error:  # noqa: BLE001  a plugin may raise anything
                reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
                self._notice(name, "heartbeat.missed", self._dispatcher.clean(reason))
            else:
                self._notice(name, "heartbeat.ok", "")
            await self._clock.sleep_ms(self._pause_ms)
