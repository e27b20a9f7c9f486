"""
Chaos: for as long as it lasts something goes wrong with the stand-in every second or so.
"""

import asyncio
import importlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.sx_bet.client_scene import MARKET, Scene

control = importlib.import_module("xarb_plugins.sx_bet.fake.control")

_REWRITES = (
    control.unknown_words("status"),
    control.unknown_words("inactiveReason", "state", "cancelReason"),
    control.nulls("expiry", "clientOrderId", "txHash", "settlement", "eventId"),
    control.nulls("updatedAt"),
    control.nulls("remainingSize"),
)
_READS = ("GET /orders-v3/*", "GET /fills-v3", "POST /orders-v3")
_ROUTES = ("GET *", "DELETE *", "* /heartbeat/*", "GET /fills-v3")


class Chaos:
    """What goes wrong, drawn by a seed."""

    def __init__(self, scene: Scene, dice: random.Random) -> None:
        self._clock, self._control, self._dice = scene.clock, scene.control, dice
        address = scene.section["address"]
        self._channels = (
            f"account:orders_v3_#{address}",
            f"account:fills_v3_#{address}",
            f"orderbook_v3:{MARKET}",
        )
        self._deeds: tuple[Callable[[], Any], ...] = (
            self._disturb_stream,
            self._disturb_stream,
            self._rewrite_stream,
            self._rewrite_answers,
            self._break_requests,
            self._limit,
            self._delay,
            self._delay,
            self._control.drop_streams,
            self._forget,
            self._repeat_the_past,
            self._go_away,
        )

    async def run(self) -> None:
        """Do something, wait, and so on."""
        while True:
            await self._clock.sleep_ms(self._dice.randrange(50, 2_500))
            done = self._dice.choice(self._deeds)()
            if done is not None:
                await done

    def _disturb_stream(self) -> None:
        kind = self._dice.choice(("drop", "repeat", "swap"))
        times = self._dice.randrange(1, 4)
        self._control.stream_fault(kind, self._dice.choice(self._channels), times=times)

    def _rewrite_stream(self) -> None:
        channel, change = self._dice.choice(self._channels), self._dice.choice(_REWRITES)
        self._control.stream_fault("rewrite", channel, change=change)

    def _rewrite_answers(self) -> None:
        route, change = self._dice.choice(_READS), self._dice.choice(_REWRITES)
        self._control.fault("rewrite", route, change=change)

    def _break_requests(self) -> None:
        kinds = ("error", "error_after", "garbage", "garbage_before", "lost", "reset")
        kind, route = self._dice.choice(kinds), self._dice.choice(_ROUTES)
        status = self._dice.choice((500, 502, 503, 504))
        self._control.fault(kind, route, times=self._dice.randrange(1, 3), status=status)

    def _limit(self) -> None:
        self._control.fault("limit", ms=self._dice.randrange(500, 4_000))

    def _delay(self) -> None:
        kind = self._dice.choice(("slow", "late"))
        route = self._dice.choice(("*", "POST /orders-v3"))
        self._control.fault(kind, route, ms=self._dice.randrange(500, 9_000))

    def _forget(self) -> Any:
        return self._control.new_epoch(self._dice.choice(self._channels))

    def _repeat_the_past(self) -> None:
        channel = self._dice.choice(self._channels)
        if len(self._control.floor.channels.channel(channel).history) > 3:
            self._control.say_again(channel, back=self._dice.randrange(3))

    async def _go_away(self) -> None:
        self._control.go_away(everything=self._dice.random() < 0.5)
        await self._clock.sleep_ms(self._dice.randrange(100, 5_000))
        self._control.come_back()


@asynccontextmanager
async def chaos(scene: Scene, dice: random.Random) -> AsyncIterator[None]:
    """Let things go wrong; afterwards everything is well again."""
    task = asyncio.create_task(Chaos(scene, dice).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        scene.control.clear_faults()
