"""
xarb's own client at the stand-in, in chaos: what it says in the end is what the exchange holds.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.sx_bet.client_scene import MARKET, ONE, TWO, Scene, listening, play
from tests.sx_bet.fake_chaos import chaos
from tests.sx_bet.fake_world import FakeSettings
from xarb_runtime.domain.orders import Absent, Accepted, Found, Order, OrderReport, Refused, Unknown
from xarb_runtime.plugins.contracts import Venue

COUNT = 30
UNIT = Decimal("0.000001")
#: Long enough for everything to be over: signatures, looks, locks.
ALL_OVER_MS = 200_000

#: Far more goes wrong than in real life.
MIX = {
    "unfilled": 100,
    "partial": 100,
    "slow": 60,
    "lost": 80,
    "taken_back": 80,
    "late_index": 80,
    "timeout": 60,
    "error": 60,
    "stream_break": 30,
}


def exchange(seed: int) -> Any:
    """Settings of an exchange where much goes wrong."""
    book = {
        "hash": MARKET,
        "one": [{"percent": 48, "size": 10**6}],
        "two": [{"percent": 50, "size": 37}, {"percent": 49.5, "size": 10**6}],
        "refill": "700ms",
    }
    raw = {
        "seed": seed,
        "mix": MIX,
        "markets": [book],
        "accounts": [{"balance": 10**6}],
    }
    return msgspec.convert(raw, FakeSettings, strict=False)


class Soak:
    """
    Orders, and everything that the client has ever said about them.

    Attributes:
        orders: those that were placed.
        said: answers to `place`, `cancel` and `find`, by client id.
        heard: all reports.
    """

    def __init__(self, scene: Scene, dice: random.Random) -> None:
        self.scene, self.dice = scene, dice
        self.orders: list[Order] = []
        self.said: defaultdict[str, list[Any]] = defaultdict(list)
        self.heard: list[OrderReport] = []

    async def trade(self, venue: Venue, first: int) -> None:
        """Place, cancel and look for orders, all at the same time."""
        async with self._beating(venue), listening(venue) as heard:
            numbers = range(first, first + COUNT)
            await asyncio.gather(*(self._live(venue, number) for number in numbers))
            self.heard += heard

    @asynccontextmanager
    async def _beating(self, venue: Venue) -> AsyncIterator[None]:
        async def beat() -> None:
            while True:
                await self._ask(venue.heartbeat(), 10)
                await self.scene.clock.sleep_ms(3_000)

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _ask(self, asked: Any, seconds: int) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await asked
        except (TimeoutError, ConnectionError) as error:
            return Unknown(repr(error))

    async def _live(self, venue: Venue, number: int) -> None:
        dice = self.dice
        await self.scene.clock.sleep_ms(dice.randrange(COUNT * 400))
        order = self.scene.order(
            f"soak-{number}:1:0",
            within_ms=8_000,
            stake=Decimal(dice.choice((5, 40, 120))),
            min_odds=Decimal(dice.choice(("1.9", "1.95", "2", "2.1"))),
            selection=dice.choice((ONE, ONE, TWO)),
        )
        self.orders.append(order)
        said = self.said[order.client_id]
        for _ in range(dice.choice((1, 1, 2))):
            said.append(await self._ask(venue.place(order), dice.choice((1, 3, 6, 20))))
        if dice.random() < 0.3:
            await self.scene.clock.sleep_ms(dice.randrange(3_000))
            said.append(await self._ask(venue.cancel(order), 10))
        if dice.random() < 0.8:
            said.append(await self._ask(venue.find(order), 10))

    async def conclude(self, venue: Venue) -> dict[str, Any]:
        """Let everything be over; return what is found of each order."""
        for order in self.orders:
            venue.watch(order)
        async with listening(venue) as heard:
            await self.scene.clock.sleep_ms(ALL_OVER_MS)
            found = {order.client_id: await venue.find(order) for order in self.orders}
            self.heard += heard
        return found


@pytest.mark.parametrize(("seed", "time_in_force"), [(0, "IOC"), (16, "GTC"), (14, "FOK")])
def test_after_the_chaos_client_and_exchange_agree(seed: int, time_in_force: str) -> None:
    async def soaked(scene: Scene) -> None:
        soak = Soak(scene, random.Random(seed))
        async with chaos(scene, soak.dice):
            async with scene.venue(time_in_force=time_in_force) as venue:
                await soak.trade(venue, 0)
            async with scene.venue(time_in_force=time_in_force) as venue:
                for order in soak.orders:
                    venue.watch(order)
                await soak.trade(venue, COUNT)
        async with scene.venue(time_in_force=time_in_force) as venue:
            found = await soak.conclude(venue)
        _agree(soak, found, scene)

    play(soaked, exchange(seed))


def _agree(soak: Soak, found: dict[str, Any], scene: Scene) -> None:
    held = {truth.client_id.rpartition("-")[0]: truth for truth in scene.control.truth()}
    assert len(soak.orders) == 2 * COUNT
    assert 0 < len(held) < len(soak.orders)  # some arrived, and some did not
    assert any(truth.filled for truth in held.values())
    assert any(not truth.filled for truth in held.values())
    for order in soak.orders:
        truth = held.get(order.client_id.replace(":", "_"))
        said = [*soak.said[order.client_id], found[order.client_id]]
        reports = [it for it in soak.heard if it.client_id == order.client_id]
        if truth is None:
            assert isinstance(said[-1], Absent), said
            assert not any(isinstance(it, Accepted | Found) for it in said), said
            assert not reports
            continue
        assert not any(isinstance(it, Refused | Absent) for it in said), said
        assert isinstance(said[-1], Found), said
        last = said[-1].report
        assert last.final
        for report in (last, *(it for it in reports if it.final)):
            assert report.filled == truth.filled
            # The exchange rounds each fill's return down to a unit; its odds it does not round.
            assert abs(report.odds - truth.odds) * truth.filled <= 3 * UNIT
        assert not truth.filled or truth.odds >= order.min_odds - Decimal("0.00001")
