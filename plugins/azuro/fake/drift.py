"""
A market that moves by itself: live prices wander, and live conditions are stopped for moments.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

from xarb_runtime.domain.money import parse_duration_ms

from .games import Condition
from .world import World

_CENT = Decimal("0.01")
#: One change in so many stops a condition, for so many changes.
_STOPS_ONE_IN, _STOPS_FOR = 20, 3
#: A price moves by at most so many per cent, and never further than so many from where it began.
_STEP, _FURTHEST = 2, 10


class Drift:
    """
    Moves the market.

    Args:
        world: its market.
        every: how often something changes.
    """

    def __init__(self, world: World, every: str) -> None:
        self._world = world
        self._every_ms = max(1, parse_duration_ms(every))
        self._random = Random(world.settings.seed)  # noqa: S311 -- reproducible on purpose
        self._began = {
            (condition.id, outcome.id): outcome.odds
            for condition in world.market.conditions.values()
            for outcome in condition.outcomes.values()
        }
        self._next()

    def _next(self) -> None:
        self._world.agenda.at(self._world.now_ms + self._every_ms, self._change)

    def _change(self) -> None:
        self._next()
        live = [
            condition
            for condition in self._world.market.conditions.values()
            if condition.state == "Active" and condition.game.state == "Live"
        ]
        if not live:
            return
        condition = self._random.choice(live)
        if self._random.randrange(_STOPS_ONE_IN):
            self._move(condition)
        else:
            self._stop(condition)

    def _move(self, condition: Condition) -> None:
        outcome = self._random.choice(list(condition.outcomes.values()))
        began = self._began[condition.id, outcome.id]
        step = Decimal(self._random.randint(-100 * _STEP, 100 * _STEP)) / 10_000
        far = began * _FURTHEST / 100
        odds = min(max(outcome.odds * (1 + step), began - far), began + far)
        odds = max(odds.quantize(_CENT, ROUND_HALF_EVEN), 1 + _CENT)
        self._world.market.move(condition.id, outcome.id, odds)

    def _stop(self, condition: Condition) -> None:
        self._world.market.turn(condition.id, "Stopped")
        back_ms = self._world.now_ms + _STOPS_FOR * self._every_ms
        self._world.agenda.at(back_ms, lambda: self._go_on(condition))

    def _go_on(self, condition: Condition) -> None:
        if condition.state == "Stopped":
            self._world.market.turn(condition.id, "Active")
