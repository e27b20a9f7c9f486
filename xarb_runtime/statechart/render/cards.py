"""
Where everything stands: states as cards with a row per way out, groups as frames around cards.

Blocks (a frame, or a state that is in none) stand in columns by their distance from the initial
state; inside a frame states stand below each other in document order.
"""

import textwrap
from collections.abc import Iterator

import msgspec

from xarb_runtime.statechart.model import Model, StateModel
from xarb_runtime.statechart.render.rows import Row, deeds_of, rows_of

WIDTH = 236
GUTTER = 112
MARGIN = 60
TITLE = 26
LINE = 14
ROW_GAP = 5
CARD_GAP = 22
FRAME_PAD = 12
BLOCK_GAP = 46
_CHARACTERS = 34
_LINES = 3


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """A row with its text in lines, and the height of the arrow that begins there."""

    row: Row
    text: tuple[str, ...]
    top: int
    y: int


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A state's box; a group's card is the head of its frame."""

    state: str
    x: int
    y: int
    width: int
    height: int
    ports: tuple[Port, ...]
    deeds: str = ""

    @property
    def entry(self) -> int:
        """The height at which arrows arrive."""
        return self.y + TITLE // 2


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The box around a group."""

    state: str
    x: int
    y: int
    width: int
    height: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The whole picture without its arrows; `gutters` are the spaces between columns."""

    cards: dict[str, Card]
    frames: tuple[Frame, ...]
    gutters: tuple[tuple[int, int], ...]
    width: int
    height: int


def arrange(model: Model) -> Plan:
    """Place all states of a chart."""
    return _Arranger(model).plan()


class _Arranger:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.rows = {state: rows_of(model, state) for state in model.states}
        self.deeds = {state: " · ".join(deeds_of(model, state)) for state in model.states}
        self.cards: dict[str, Card] = {}
        self.frames: list[Frame] = []

    def plan(self) -> Plan:
        columns = self._columns()
        widths = [max(self._size(state)[0] for state in column) for column in columns]
        heights = [self._column_height(column) for column in columns]
        middle = MARGIN + max(heights) // 2
        x, gutters = MARGIN, [(8, MARGIN)]
        for column, width, height in zip(columns, widths, heights, strict=True):
            self._place_column(column, x, middle - height // 2, width)
            gutters.append((x + width, x + width + GUTTER))
            x += width + GUTTER
        gutters[-1] = (gutters[-1][0], gutters[-1][0] + MARGIN - 8)
        return Plan(
            cards=self.cards,
            frames=tuple(self.frames),
            gutters=tuple(gutters),
            width=x - GUTTER + MARGIN,
            height=max(heights) + 2 * MARGIN,
        )

    # -- Columns ----------------------------------------------------------------------------------

    def _columns(self) -> list[list[str]]:
        ranks = self._ranks()
        columns: list[list[str]] = [[] for _ in range(max(ranks.values()) + 1)]
        for state, rank in ranks.items():
            columns[rank].append(state)
        order = {s: i for column in columns for i, s in enumerate(column)}
        for index in range(1, len(columns)):
            columns[index].sort(key=lambda state: self._pull(state, columns[index - 1], order))
            order.update({state: place for place, state in enumerate(columns[index])})
        return [column for column in columns if column]

    def _ranks(self) -> dict[str, int]:
        """Distance of each block from the initial one; those that are never reached come last."""
        top = [state.id for state in self.model.states.values() if not state.parent]
        first = next((s for s in top if self.model.states[s].initial), top[0])
        ranks = {first: 0}
        waiting = [first]
        while waiting:
            state = waiting.pop(0)
            for target in self._leads_to(state):
                if target not in ranks:
                    ranks[target] = ranks[state] + 1
                    waiting.append(target)
        last = max(ranks.values())
        return {state: ranks.get(state, last) for state in top}

    def _leads_to(self, block: str) -> list[str]:
        found = [
            self._block(row.target)
            for state in self.rows
            if self._block(state) == block
            for row in self.rows[state]
            if row.target in self.model.states
        ]
        return [target for target in dict.fromkeys(found) if target != block]

    def _block(self, state: str) -> str:
        return [ancestor.id for ancestor in self.model.ancestors(state)][-1]

    def _pull(self, state: str, before: list[str], order: dict[str, int]) -> tuple[float, int]:
        sources = [order[other] for other in before if state in self._leads_to(other)]
        weight = sum(sources) / len(sources) if sources else len(before)
        return weight, list(self.model.states).index(state)

    # -- Sizes ------------------------------------------------------------------------------------

    def _size(self, state: str) -> tuple[int, int]:
        children = self._children(state)
        width, height = WIDTH, self._card_height(state)
        if not children:
            return width, height
        sizes = [self._size(child.id) for child in children]
        inner = sum(size[1] + CARD_GAP for size in sizes)
        return max(size[0] for size in sizes) + 2 * FRAME_PAD, height + inner + FRAME_PAD

    def _children(self, state: str) -> list[StateModel]:
        children = [self.model.states[child] for child in self.model.states[state].children]
        return [child for child in children if not child.history]

    def _card_height(self, state: str) -> int:
        texts = [_wrapped(row) for row in self.rows[state]]
        deeds = LINE + ROW_GAP if self.deeds[state] else 0
        rows = sum(len(text) * LINE + ROW_GAP for text in texts)
        return TITLE + deeds + rows + (6 if texts else 2)

    def _column_height(self, column: list[str]) -> int:
        return sum(self._size(state)[1] for state in column) + BLOCK_GAP * (len(column) - 1)

    # -- Places -----------------------------------------------------------------------------------

    def _place_column(self, column: list[str], x: int, y: int, width: int) -> None:
        for state in column:
            own, height = self._size(state)
            self._place(state, x + (width - own) // 2, y)
            y += height + BLOCK_GAP

    def _place(self, state: str, x: int, y: int) -> None:
        width, height = self._size(state)
        children = self._children(state)
        card_height = self._card_height(state)
        self.cards[state] = Card(
            state=state,
            x=x,
            y=y,
            width=width,
            height=card_height,
            ports=tuple(self._ports(state, y)),
            deeds=self.deeds[state],
        )
        if children:
            self.frames.append(Frame(state=state, x=x, y=y, width=width, height=height))
        below = y + card_height + CARD_GAP
        for child in children:
            own, child_height = self._size(child.id)
            self._place(child.id, x + (width - own) // 2, below)
            below += child_height + CARD_GAP

    def _ports(self, state: str, y: int) -> Iterator[Port]:
        top = y + TITLE + 4 + (LINE + ROW_GAP if self.deeds[state] else 0)
        for row in self.rows[state]:
            text = _wrapped(row)
            height = len(text) * LINE
            yield Port(row=row, text=text, top=top, y=top + height // 2)
            top += height + ROW_GAP


def _wrapped(row: Row) -> tuple[str, ...]:
    wide = _CHARACTERS if row.target else _CHARACTERS - len(" stays")
    lines = textwrap.wrap(row.label, wide, break_on_hyphens=False) or [""]
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1][: wide - 1]}…"]
    return tuple(lines)
