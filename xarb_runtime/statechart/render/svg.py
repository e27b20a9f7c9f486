"""
A chart as one self-contained SVG: no fonts, scripts or programs are needed to see it.
"""

from collections.abc import Collection, Iterator
from html import escape

from xarb_runtime.statechart.meta import ChartMeta
from xarb_runtime.statechart.model import Model
from xarb_runtime.statechart.render.cards import (
    LINE,
    MARGIN,
    TITLE,
    Card,
    Frame,
    Plan,
    Port,
    arrange,
)
from xarb_runtime.statechart.render.colours import COLOURS, exposure_of
from xarb_runtime.statechart.render.routes import Point, Route, route

_STYLE = """
text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#111827}
.title{font-size:13px;font-weight:600}
.row{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,monospace;font-size:10.5px;fill:#374151}
.deed{font-size:11px;font-style:italic;fill:#4b5563}
.note{font-size:11px;fill:#6b7280}
.badge{font-size:9.5px;fill:#6b7280}
.way{fill:none;stroke-width:1.4;opacity:.85}
.way:hover{stroke-width:3.2;opacity:1}
.timer{stroke-dasharray:5 4}
.active{stroke-width:4}
""".strip()

_HEAD = 46
_LEGEND_LINE = 20
_LEGEND = (
    *((name, colour.meaning) for name, colour in COLOURS.items() if name != "group"),
    ("timer", "on a timer"),
    ("event", "on an event or a condition"),
)
_RADIUS = 6


def to_svg(model: Model, meta: ChartMeta | None = None, active: Collection[str] = ()) -> str:
    """
    Return the chart as SVG. The same chart gives the same text.

    Args:
        model: the chart's structure.
        meta: its `x-xarb` block, for colours and tooltips; None for a chart that has none.
        active: states to be drawn with a thick line.
    """
    return "\n".join(_Drawing(model, meta, active).lines()) + "\n"


class _Drawing:
    def __init__(self, model: Model, meta: ChartMeta | None, active: Collection[str]) -> None:
        self.model = model
        self.meta = meta
        self.active = active
        self.plan: Plan = arrange(model)
        self.routes = route(self.plan)

    def lines(self) -> Iterator[str]:
        """The SVG, line by line: frames below arrows, arrows below cards."""
        legend = (self._places()[-1][1] + 1) * _LEGEND_LINE + 14
        width, height = self.plan.width, self.plan.height + _HEAD + legend
        name = escape(self.model.name)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" aria-label="statechart {name}">'
        )
        yield f"<style>{_STYLE}</style>"
        yield from self._markers()
        yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
        yield f'<text x="{MARGIN}" y="34" style="font-size:20px;font-weight:700">{name}</text>'
        yield f'<g transform="translate(0 {_HEAD})">'
        for frame in self.plan.frames:
            yield from self._frame(frame)
        for way in self.routes:
            yield from self._way(way)
        for card in self.plan.cards.values():
            yield from self._card(card)
        yield "</g>"
        yield from self._legend(height - legend + 8)
        yield "</svg>"

    def _markers(self) -> Iterator[str]:
        yield "<defs>"
        for name, colour in COLOURS.items():
            yield (
                f'<marker id="to-{name}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" '
                f'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
                f'<path d="M0 0L8 4L0 8z" fill="{colour.line}"/></marker>'
            )
        yield "</defs>"

    # -- States -----------------------------------------------------------------------------------

    def _frame(self, frame: Frame) -> Iterator[str]:
        dash = ' stroke-dasharray="7 4"' if self.model.states[frame.state].parallel else ""
        yield (
            f'<rect x="{frame.x}" y="{frame.y}" width="{frame.width}" height="{frame.height}" '
            f'rx="12" fill="#fbfbfc" stroke="#c3c7cf" stroke-width="1.2"{dash}/>'
        )

    def _card(self, card: Card) -> Iterator[str]:
        state = self.model.states[card.state]
        name = exposure_of(self.model, self.meta, card.state)
        colour = COLOURS[name]
        yield "<g>"
        yield f"<title>{escape(self._about(card.state))}</title>"
        if state.atomic:
            yield from self._box(card, final=state.final)
        else:
            colour = COLOURS["group"]
        x, y = card.x + 11, card.y + 18
        region = bool(state.parent) and self.model.states[state.parent].parallel
        if state.initial and not region:
            yield f'<circle cx="{x + 3}" cy="{y - 5}" r="4" fill="{colour.line}"/>'
            x += 13
        weight = "" if state.atomic else ' style="font-size:14px"'
        yield f'<text class="title" x="{x}" y="{y}"{weight}>{escape(card.state)}</text>'
        yield from self._badge(card)
        if card.deeds:
            y = card.y + TITLE + 14
            yield f'<text class="deed" x="{card.x + 12}" y="{y}">{escape(card.deeds)}</text>'
        yield "</g>"
        for port in card.ports:
            yield from self._port(card, port)

    def _box(self, card: Card, *, final: bool) -> Iterator[str]:
        colour = COLOURS[exposure_of(self.model, self.meta, card.state)]
        thick = ' class="active"' if card.state in self.active else ""
        fill = colour.fill if final else "#ffffff"
        yield (
            f'<rect x="{card.x}" y="{card.y}" width="{card.width}" height="{card.height}" rx="8" '
            f'fill="{fill}" stroke="{colour.line}" stroke-width="1.5"{thick}/>'
        )
        if final:
            yield (
                f'<rect x="{card.x + 3}" y="{card.y + 3}" width="{card.width - 6}" '
                f'height="{card.height - 6}" rx="6" fill="none" stroke="{colour.line}"/>'
            )
            return
        yield (
            f'<path d="M{card.x + 1} {card.y + TITLE}v-{TITLE - 9}q0 -8 8 -8h{card.width - 18}'
            f'q8 0 8 8v{TITLE - 9}z" fill="{colour.fill}"/>'
        )

    def _badge(self, card: Card) -> Iterator[str]:
        entry = self.meta.states.get(card.state) if self.meta else None
        if entry is not None and entry.on_pause != "finish":
            yield _aside(card, card.y + 17, f"pause: {entry.on_pause}")

    def _about(self, state: str) -> str:
        entry = self.meta.states.get(state) if self.meta else None
        return f"{state}: {entry.exposure.value}. {entry.doc}".strip() if entry else state

    def _port(self, card: Card, port: Port) -> Iterator[str]:
        yield f"<g><title>{escape(chr(10).join(port.row.lines))}</title>"
        for index, text in enumerate(port.text):
            y = port.top + LINE * index + 10
            yield f'<text class="row" x="{card.x + 12}" y="{y}">{escape(text)}</text>'
        if not port.row.target:
            yield _aside(card, port.top + LINE * len(port.text) - 4, "stays")
        yield "</g>"

    # -- Arrows -----------------------------------------------------------------------------------

    def _way(self, way: Route) -> Iterator[str]:
        name = exposure_of(self.model, self.meta, way.port.row.target)
        timer = " timer" if way.port.row.timer else ""
        title = escape("\n".join(way.port.row.lines))
        start = way.points[0]
        yield (
            f'<path class="way{timer}" d="{_rounded(way.points)}" stroke="{COLOURS[name].line}" '
            f'marker-end="url(#to-{name})"><title>{title}</title></path>'
        )
        yield f'<circle cx="{start[0]}" cy="{start[1]}" r="2.4" fill="{COLOURS[name].line}"/>'

    def _legend(self, y: int) -> Iterator[str]:
        for (x, line), (sample, text) in zip(self._places(), _LEGEND, strict=True):
            at = y + line * _LEGEND_LINE
            if sample in COLOURS:
                colour = COLOURS[sample]
                yield (
                    f'<rect x="{x}" y="{at}" width="22" height="13" rx="4" fill="{colour.fill}" '
                    f'stroke="{colour.line}"/>'
                )
            else:
                yield f'<path class="way {sample}" d="M{x} {at + 7}h22" stroke="#374151"/>'
            yield f'<text class="note" x="{x + 29}" y="{at + 11}">{text}</text>'

    def _places(self) -> list[tuple[int, int]]:
        """Where each part of the legend stands: its x and its line."""
        places: list[tuple[int, int]] = []
        x, line = MARGIN, 0
        for _, text in _LEGEND:
            width = 60 + 6 * len(text)
            if x + width > self.plan.width and places:
                x, line = MARGIN, line + 1
            places.append((x, line))
            x += width
        return places


def _aside(card: Card, y: int, text: str) -> str:
    """A small word at the right edge of a card."""
    return (
        f'<text class="badge" x="{card.x + card.width - 9}" y="{y}" text-anchor="end">{text}</text>'
    )


def _rounded(points: tuple[Point, ...]) -> str:
    """A path through the points with round corners."""
    parts = [f"M{points[0][0]} {points[0][1]}"]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        arrive, leave = _towards(here, before), _towards(here, after)
        parts.append(f"L{arrive[0]} {arrive[1]}Q{here[0]} {here[1]} {leave[0]} {leave[1]}")
    return "".join([*parts, f"L{points[-1][0]} {points[-1][1]}"])


def _towards(here: Point, other: Point) -> Point:
    """The point a corner's radius away from here."""
    dx, dy = other[0] - here[0], other[1] - here[1]
    reach = min(_RADIUS, (abs(dx) + abs(dy)) // 2)
    return here[0] + reach * ((dx > 0) - (dx < 0)), here[1] + reach * ((dy > 0) - (dy < 0))
