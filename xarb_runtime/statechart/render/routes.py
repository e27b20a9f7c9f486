"""
The ways of arrows: along lanes between the cards, never through one.

Each arrow takes the cheapest way: short, few bends, not on top of an arrow to somewhere else,
gladly together with arrows to the same place.
"""

from bisect import bisect_left
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import pairwise

import msgspec

from xarb_runtime.statechart.render.cards import MARGIN, Card, Plan, Port

Point = tuple[int, int]

_LANE = 10
_CLEARANCE = 6
_BEND = 40
_CROWDED = 6
_SHARED = 0.5


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """An arrow's corners from its port to the card it leads to."""

    port: Port
    points: tuple[Point, ...]


class _Segment(msgspec.Struct, frozen=True):
    start: int
    end: int
    target: str


def route(plan: Plan) -> list[Route]:
    """Return the arrows of a plan."""
    return _Router(plan).all()


class _Router:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lanes = sorted(x for left, right in plan.gutters for x in _lanes(left, right))
        self.levels = self._levels()
        self._walls: dict[int, list[tuple[int, int]]] = {}
        self._upright: dict[int, list[_Segment]] = {}
        self._flat: dict[int, list[_Segment]] = {}

    def all(self) -> list[Route]:
        """Short ways first: they have the least choice."""
        wanted = [
            (card, port)
            for card in self.plan.cards.values()
            for port in card.ports
            if port.row.target in self.plan.cards and port.row.target != card.state
        ]
        wanted.sort(key=lambda each: self._distance(*each))
        return [self._routed(card, port) for card, port in wanted]

    def _distance(self, card: Card, port: Port) -> tuple[int, int, int]:
        target = self.plan.cards[port.row.target]
        return abs(target.x - card.x) + abs(target.entry - port.y), port.y, card.x

    def _levels(self) -> list[int]:
        """Heights at which an arrow may cross a column somewhere: the gaps between cards."""
        columns: dict[int, list[Card]] = {}
        for card in self.plan.cards.values():
            columns.setdefault(card.x + card.width // 2, []).append(card)
        levels: set[int] = set()
        for cards in columns.values():
            edges = [MARGIN - 50, *(e for c in _by_height(cards) for e in (c.y, c.y + c.height))]
            edges.append(self.plan.height - MARGIN + 50)
            for upper, lower in zip(edges[::2], edges[1::2], strict=True):
                levels.update(_lanes(upper, lower))
        return sorted(levels)

    # -- Searching --------------------------------------------------------------------------------

    def _routed(self, card: Card, port: Port) -> Route:
        target = self.plan.cards[port.row.target]
        points = _corners(self._search(card, port, target))
        for (x1, y1), (x2, y2) in pairwise(points):
            if x1 == x2:
                self._upright.setdefault(x1, []).append(_segment(y1, y2, target.state))
            else:
                self._flat.setdefault(y1, []).append(_segment(x1, x2, target.state))
        return Route(port=port, points=tuple(points))

    def _search(self, card: Card, port: Port, target: Card) -> list[Point]:
        goals = {(target.x, target.entry), (target.x + target.width, target.entry)}
        starts = [(card.x, port.y), (card.x + card.width, port.y)]
        xs = sorted({*self.lanes, *(x for x, _ in (*goals, *starts))})
        ys = sorted({*self.levels, port.y, target.entry})
        best: dict[tuple[Point, bool], float] = {}
        came: dict[tuple[Point, bool], tuple[Point, bool]] = {}
        heap: list[tuple[float, float, Point, bool]] = []
        for start in starts:
            best[start, False] = 0
            heappush(heap, (0, 0, start, False))
        while heap:
            _, cost, here, upright = heappop(heap)
            if here in goals and not upright:
                return _traced(came, (here, upright))
            if cost > best[here, upright]:
                continue
            for there, turned in self._steps(here, xs, ys):
                price = self._price(here, there, target.state) + _BEND * (turned != upright)
                total = cost + price
                if total < best.get((there, turned), float("inf")):
                    best[there, turned] = total
                    came[there, turned] = (here, upright)
                    heappush(heap, (total + _least(there, goals), total, there, turned))
        return [starts[0], (target.x, target.entry)]

    def _steps(self, here: Point, xs: list[int], ys: list[int]) -> Iterator[tuple[Point, bool]]:
        x, y = here
        at = bisect_left(xs, x)
        for index in (at - 1, at + 1):
            if 0 <= index < len(xs) and not self._blocked(y, x, xs[index]):
                yield (xs[index], y), False
        lane = bisect_left(self.lanes, x)
        if lane < len(self.lanes) and self.lanes[lane] == x:
            level = bisect_left(ys, y)
            for index in (level - 1, level + 1):
                if 0 <= index < len(ys):
                    yield (x, ys[index]), True

    def _blocked(self, y: int, x1: int, x2: int) -> bool:
        if y not in self._walls:
            self._walls[y] = [
                (card.x, card.x + card.width)
                for card in self.plan.cards.values()
                if card.y - 8 < y < card.y + card.height + 8
            ]
        left, right = (x1, x2) if x1 < x2 else (x2, x1)
        return any(start < right and left < end for start, end in self._walls[y])

    def _price(self, here: Point, there: Point, target: str) -> float:
        (x1, y1), (x2, y2) = here, there
        upright = x1 == x2
        start, end = sorted((y1, y2) if upright else (x1, x2))
        taken = self._upright.get(x1, ()) if upright else self._flat.get(y1, ())
        length = float(end - start)
        price = length
        for segment in taken:
            common = min(end, segment.end) - max(start, segment.start)
            if common >= 0 and segment.target != target:
                price += _CROWDED * (common + _LANE)
            elif common > 0:
                price -= (1 - _SHARED) * common
        return max(price, length * _SHARED)


def _lanes(start: int, end: int) -> range:
    return range(start + _CLEARANCE + 4, end - _CLEARANCE - 3, _LANE)


def _by_height(cards: list[Card]) -> list[Card]:
    return sorted(cards, key=lambda card: card.y)


def _least(point: Point, goals: set[Point]) -> float:
    """What is left to pay at least."""
    return min(
        _SHARED * (abs(point[0] - x) + abs(point[1] - y)) + _BEND * (point[1] != y)
        for x, y in goals
    )


def _segment(start: int, end: int, target: str) -> _Segment:
    return _Segment(min(start, end), max(start, end), target)


def _traced(
    came: dict[tuple[Point, bool], tuple[Point, bool]], end: tuple[Point, bool]
) -> list[Point]:
    way = [end[0]]
    while end in came:
        end = came[end]
        way.append(end[0])
    return way[::-1]


def _corners(points: list[Point]) -> list[Point]:
    """The points at which the way turns, with both ends."""
    kept = points[:1]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        if (before[0] == here[0]) != (here[0] == after[0]):
            kept.append(here)
    return [*kept, points[-1]]
