"""
The rate limit as it is: what money waits for comes in time, however many orders are followed.
"""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.azuro.inside import World, in_virtual_time, listening, part, world
from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.domain.orders import Accepted, Found, Order, Selection
from xarb_runtime.service.settings_sections import ServiceSettings

fates = part("fake.fates")

LIMITS, SERVICE = Limits(), ServiceSettings()
#: The runtime's own deadlines, by its defaults.
QUOTE_MS = parse_duration_ms(LIMITS.ttl_quote)
FIND_MS, BEAT_MS = SERVICE.find_deadline_ms, SERVICE.heartbeat_ms
#: The wire takes what it takes on the real venue, and acceptance comes after 10 to 30 s.
REAL = {"latency": "120ms", "delay_scale": "1"}
MOST = LIMITS.max_in_flight


class Took(msgspec.Struct, kw_only=True):
    """How long each question took, milliseconds."""

    quotes: list[int] = []
    places: list[int] = []
    finds: list[int] = []
    beats: list[int] = []

    def slowest(self) -> tuple[int, int, int, int]:
        return max(self.quotes), max(self.places), max(self.finds), max(self.beats)


class Rush:
    """Executions as the runtime does them: a quote, an order, looks at growing pauses."""

    def __init__(self, here: World, venue: Any) -> None:
        self.here, self.venue, self.took = here, venue, Took()
        self.filled = 0

    async def timed(self, asking: Any, times: list[int]) -> Any:
        before_ms = self.here.clock.now_ms()
        answer = await asking
        times.append(self.here.clock.now_ms() - before_ms)
        return answer

    async def execution(self, number: int, selection: Selection) -> None:
        await self.timed(self.venue.quote(selection), self.took.quotes)
        order = self.here.order(f"x-{number}:1:0", selection=selection)
        answer = await self.timed(self.venue.place(order), self.took.places)
        assert isinstance(answer, Accepted)
        await self.here.clock.sleep_ms(parse_duration_ms(LIMITS.ttl_leg_b))
        await self.looks(order)

    async def looks(self, order: Order) -> None:
        pause_ms = parse_duration_ms(LIMITS.find_retry)
        while True:
            found = await self.timed(self.venue.find(order), self.took.finds)
            assert isinstance(found, Found)
            if found.report.filled:
                self.filled += 1
                return
            await self.here.clock.sleep_ms(pause_ms)
            pause_ms = min(pause_ms * 2, parse_duration_ms(LIMITS.find_retry_max))

    async def beating(self) -> None:
        while True:
            await self.timed(self.venue.heartbeat(), self.took.beats)
            await self.here.clock.sleep_ms(SERVICE.heartbeat_ms)

    async def waiting_legs(self, selection: Selection) -> None:
        """Other executions, whose leg B waits for its price while all these orders are followed."""
        while True:
            await self.here.clock.sleep_ms(2_500)
            await self.timed(self.venue.quote(selection), self.took.quotes)

    async def play(self, selections: list[Selection], apart_ms: int) -> None:
        beside = [
            asyncio.ensure_future(each)
            for each in (self.beating(), self.waiting_legs(selections[0]))
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for number, selection in enumerate(selections):
                    group.create_task(self.execution(number, selection))
                    if apart_ms:
                        await self.here.clock.sleep_ms(apart_ms)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)


def games(many: int) -> list[dict[str, Any]]:
    outcomes = [{"id": 29, "odds": "1.56"}, {"id": 30, "odds": "4.02"}, {"id": 31, "odds": "6.54"}]
    conditions = [{"id": str(3_006_100 + number), "outcomes": outcomes} for number in range(many)]
    return [{"id": "1006000000000084793405", "conditions": conditions}]


def rush(executions: int, conditions: int, apart_ms: int = 0) -> Rush:
    """Play so many executions, on so many conditions, that begin so soon after one another."""

    async def scenario() -> Rush:
        async with world(games=games(conditions), **REAL) as here, here.connect() as venue:
            await here.clock.sleep_ms(1_000)
            played = Rush(here, venue)
            several = [
                Selection("azuro", str(3_006_100 + number % conditions), "29", ("home",))
                for number in range(executions)
            ]
            async with listening(venue):
                await played.play(several, apart_ms)
            return played

    return in_virtual_time(scenario())


@pytest.mark.parametrize(
    ("executions", "conditions", "apart_ms"),
    [(10, 10, 0), (30, 30, 0), (MOST, 5, 0), (MOST, MOST, 600)],
)
def test_what_money_waits_for_comes_in_time(
    executions: int, conditions: int, apart_ms: int
) -> None:
    played = rush(executions, conditions, apart_ms)

    quote_ms, place_ms, find_ms, beat_ms = played.took.slowest()
    assert played.filled == executions
    assert quote_ms <= QUOTE_MS
    assert place_ms <= QUOTE_MS
    assert find_ms <= FIND_MS
    assert beat_ms < BEAT_MS
