"""
Draws the swim lanes of a scenario as SVG. Colours are classes: the page gives them.
"""

from collections.abc import Iterable, Iterator
from html import escape

import msgspec

from xarb_runtime.simulation.axis import Axis
from xarb_runtime.simulation.lanes import Bar, Chart, Glyph, Lane

WIDTH = 1180
_LEFT, _RIGHT = 104, 14
_TOP, _ROW, _BAR, _LANE_GAP, _MARKS, _FOOT = 8, 22, 15, 9, 20, 24
#: Rows in which names stand above the bars are higher.
_NAME = 13
#: Rough width of a letter, pixels: whether a label fits is decided before it is drawn.
_LETTER = 5.7

_SIGNS = {
    "operator": "▼",
    "crash": "✕",
    "incident": "!",
    "clock": "◷",
    "ended": "■",
    "started": "▶",
}


def svg(chart: Chart, name: str) -> str:
    """Return the drawing; the same chart gives the same text."""
    drawing = _Drawing(chart)
    parts = "\n".join(drawing.parts())
    label = escape(f"Swim lanes of {name}", quote=True)
    size = f'viewBox="0 0 {WIDTH} {drawing.height}" width="{WIDTH}" height="{drawing.height}"'
    return f'<svg class="lanes" role="img" aria-label="{label}" {size}>\n{parts}\n</svg>'


class _Drawing:
    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.axis = Axis(chart.start_ms, chart.end_ms, chart.moments, _LEFT, float(WIDTH - _RIGHT))
        self._tops: list[int] = []
        self._rows = [self._pack(lane) for lane in chart.lanes]
        top = _TOP + _MARKS
        for lane, rows in zip(chart.lanes, self._rows, strict=True):
            self._tops.append(top)
            top += len(rows) * _row(lane) + _LANE_GAP
        self.bottom = top - _LANE_GAP
        self.height = self.bottom + _FOOT

    def parts(self) -> Iterator[str]:
        yield from self._grounds()
        yield from self._shades()
        yield from self._dead()
        yield from self._time()
        for lane, rows, top in zip(self.chart.lanes, self._rows, self._tops, strict=True):
            for number, row in enumerate(rows, start=1):
                yield from self._row_of_bars(row, top + number * _row(lane) - _ROW)
        yield from self._dead_label()
        yield from self._marks()

    def _pack(self, lane: Lane) -> list[list[Bar]]:
        """Put each group of bars into the first row in which there is room for it."""
        groups: dict[str, list[Bar]] = {}
        for bar in lane.bars:
            groups.setdefault(bar.group, []).append(bar)
        rows: list[list[Bar]] = []
        free: list[float] = []
        for bars in groups.values():
            left = self.axis.x(bars[0].from_ms)
            row = next((i for i, end in enumerate(free) if end <= left), len(rows))
            if row == len(rows):
                rows.append([])
                free.append(0)
            rows[row] += bars
            free[row] = max(self._right_of(bar) for bar in bars) + 4
        return rows or [[]]

    def _right_of(self, bar: Bar) -> float:
        """Where a bar ends, together with what stands beside and above it."""
        left, right = self.axis.x(bar.from_ms), self.axis.x(bar.to_ms)
        label = _width_of(bar.label)
        beside = right + label + 8 if _stands_beside(bar) and right - left < label else right
        return max(beside, left + _width_of(bar.name) if bar.name else left)

    # -- Behind ----------------------------------------------------------------------------------

    def _grounds(self) -> Iterator[str]:
        for lane, rows, top in zip(self.chart.lanes, self._rows, self._tops, strict=True):
            height, width = len(rows) * _row(lane), WIDTH - _LEFT - _RIGHT
            yield f'<rect class="ground" x="{_LEFT}" y="{top}" width="{width}" height="{height}"/>'
            middle = top + height / 2 + 4
            yield f'<text class="lane" x="{_LEFT - 10}" y="{middle:g}">{escape(lane.name)}</text>'

    def _shades(self) -> Iterator[str]:
        top, height = _TOP + _MARKS - 4, self.bottom - _TOP - _MARKS + 8
        for bar in self.chart.shades:
            yield self._rect(bar, top, height, least=0)

    def _time(self) -> Iterator[str]:
        top, bottom = _TOP + _MARKS - 4, self.bottom + 4
        for pause in self.axis.pauses:
            middle = (pause.left + pause.right) / 2
            yield (
                f'<line class="pause" x1="{middle:g}" x2="{middle:g}" y1="{top}" y2="{bottom}"/>'
                f'<text class="pause" x="{middle:g}" y="{bottom + 14}">{pause.text}</text>'
            )
        for tick in self.axis.ticks:
            yield (
                f'<line class="tick" x1="{tick.x:g}" x2="{tick.x:g}" y1="{top}" y2="{bottom}"/>'
                f'<text class="tick" x="{tick.x:g}" y="{bottom + 14}">{tick.text}</text>'
            )

    def _dead(self) -> Iterator[str]:
        top, height = _TOP + _MARKS - 4, self.bottom - _TOP - _MARKS + 8
        for bar in self.chart.dead:
            yield self._rect(bar, top, height)

    def _dead_label(self) -> Iterator[str]:
        """The supervisor's lane shows when there is nobody to supervise."""
        y = self._tops[-1] + (_ROW - _BAR) // 2
        for bar in self.chart.dead:
            gone = msgspec.structs.replace(bar, kind="gone")
            yield self._rect(gone, y, _BAR)

    # -- Lanes -----------------------------------------------------------------------------------

    def _row_of_bars(self, row: list[Bar], top: int) -> Iterator[str]:
        for index, bar in enumerate(row):
            after = row[index + 1] if index + 1 < len(row) else None
            limit = self.axis.x(after.from_ms) if after else float(WIDTH - _RIGHT)
            yield from self._bar(bar, top, limit)

    def _bar(self, bar: Bar, top: int, limit: float) -> Iterator[str]:
        y = top + (_ROW - _BAR) // 2
        if bar.kind != "point":
            yield self._rect(bar, y, _BAR)
        yield from (self._glyph(glyph, y + _BAR / 2) for glyph in bar.glyphs)
        if bar.name:
            x = self.axis.x(bar.from_ms)
            yield f'<text class="name" x="{x:g}" y="{y - 4}">{escape(bar.name)}</text>'
        yield from self._label(bar, y, limit)

    def _label(self, bar: Bar, y: int, limit: float) -> Iterator[str]:
        left, right = self.axis.x(bar.from_ms), self.axis.x(bar.to_ms)
        width = _width_of(bar.label)
        y_text = y + _BAR - 4
        later = (self.axis.x(glyph.at_ms) - 6 for glyph in bar.glyphs)
        limit = min([limit, *(x for x in later if x > right)])
        if right - left >= width:
            yield f'<text class="inside" x="{left + 5:g}" y="{y_text}">{escape(bar.label)}</text>'
        elif _stands_beside(bar) and limit - right >= width:
            x = right + (9 if bar.glyphs else 4)
            yield f'<text class="beside" x="{x:g}" y="{y_text}">{escape(bar.label)}</text>'

    def _rect(self, bar: Bar, y: float, height: float, least: float = 1.5) -> str:
        left, right = self.axis.x(bar.from_ms), self.axis.x(bar.to_ms)
        width = max(least, right - left)
        when = f"{_moment(bar.from_ms, self.chart)} to {_moment(bar.to_ms, self.chart)}"
        rounded = ' rx="2"' if height == _BAR else ""
        return (
            f'<rect class="{bar.kind}" x="{left:g}" y="{y:g}" width="{width:.4g}" '
            f'height="{height:g}"{rounded}><title>{escape(bar.title)}\n{when}</title></rect>'
        )

    def _glyph(self, glyph: Glyph, y: float) -> str:
        x = self.axis.x(glyph.at_ms)
        title = f"<title>{_moment(glyph.at_ms, self.chart)}: {escape(glyph.title)}</title>"
        if glyph.kind.startswith("call"):
            return f'<path class="{glyph.kind}" d="M{x:g} {y - 10:g}v7">{title}</path>'
        radius = 2.5 if glyph.kind in {"book-taken", "book-open"} else 4.2
        return f'<circle class="{glyph.kind}" cx="{x:g}" cy="{y:g}" r="{radius}">{title}</circle>'

    # -- From outside ----------------------------------------------------------------------------

    def _marks(self) -> Iterator[str]:
        for glyph in _apart(self.chart.marks):
            x = self.axis.x(glyph.at_ms)
            title = f"{_moment(glyph.at_ms, self.chart)}: {escape(glyph.title)}"
            yield (
                f'<g class="mark-{glyph.kind}"><title>{title}</title>'
                f'<line x1="{x:g}" x2="{x:g}" y1="{_TOP + 13}" y2="{self.bottom + 4}"/>'
                f'<text x="{x:g}" y="{_TOP + 10}">{_SIGNS[glyph.kind]}</text></g>'
            )


def _width_of(text: str) -> float:
    return len(text) * _LETTER + 8 if text else 0


def _stands_beside(bar: Bar) -> bool:
    return bar.kind.startswith(("order", "point"))


def _row(lane: Lane) -> int:
    """How high a lane's rows are."""
    return _ROW + _NAME * any(bar.name for bar in lane.bars)


def _apart(marks: Iterable[Glyph]) -> Iterator[Glyph]:
    """What happened at one moment is one mark, the most important of them, that tells all."""
    order = ("crash", "incident", "ended", "operator", "started", "clock")
    moments: dict[int, list[Glyph]] = {}
    for mark in marks:
        moments.setdefault(mark.at_ms, []).append(mark)
    for at_ms, together in moments.items():
        first = min(together, key=lambda mark: order.index(mark.kind))
        yield Glyph(at_ms=at_ms, kind=first.kind, title="\n".join(mark.title for mark in together))


def _moment(at_ms: int, chart: Chart) -> str:
    return f"{(at_ms - chart.start_ms) / 1000:.3f} s"
