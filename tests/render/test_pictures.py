"""
Pictures of charts: complete, well-formed, the same each time.
"""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.lint.contexts import CHARTS, ROOT
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.lint.shape import read_block
from xarb_runtime.statechart.model import Model, build_model
from xarb_runtime.statechart.native import native_part
from xarb_runtime.statechart.render import to_mermaid, to_svg
from xarb_runtime.statechart.render.cards import Card, arrange
from xarb_runtime.statechart.render.colours import COLOURS
from xarb_runtime.statechart.render.routes import route
from xarb_runtime.statechart.render.rows import rows_of, shortened

ALL = [*CHARTS, *sorted((ROOT / "tests" / "charts_good").glob("*.yaml"))]


def _read(path: Path) -> tuple[Model, object]:
    document = parse(path.read_text(encoding="utf-8"))
    return build_model(native_part(document), path.stem), read_block(document)


def _named(path: Path) -> Model:
    return _read(path)[0]


@pytest.fixture(scope="module", params=ALL, ids=lambda path: path.stem)
def drawn(request):
    model, meta = _read(request.param)
    return model, to_svg(model, meta)


def test_every_state_and_every_way_out_is_in_the_picture(drawn):
    model, svg = drawn
    root = ET.fromstring(svg)
    texts = {element.text for element in root.iter() if element.tag.endswith("text")}
    ways = [e for e in root.iter() if "way" in (e.get("class") or "").split() and len(e)]
    arrows = [
        row
        for state in model.states.values()
        for row in rows_of(model, state.id)
        if row.target not in {"", state.id} and not state.history
    ]

    assert {state.id for state in model.states.values() if not state.history} <= texts
    assert len(ways) == len(arrows)


def test_a_picture_needs_nothing_from_outside(drawn):
    _, svg = drawn

    assert "<script" not in svg
    assert "<image" not in svg
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]


def test_the_same_chart_gives_the_same_picture():
    path = ROOT / "statecharts" / "venue_health.yaml"

    assert to_svg(*_read(path)) == to_svg(*_read(path))


def _inside(card: Card, x: int, y: int) -> bool:
    return card.x < x < card.x + card.width and card.y < y < card.y + card.height


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_no_card_stands_on_another_and_no_arrow_goes_through_one(path):
    plan = arrange(_named(path))
    cards = list(plan.cards.values())
    for card in cards:
        corners = [(card.x + 1, card.y + 1), (card.x + card.width - 1, card.y + card.height - 1)]
        for other in cards:
            assert other is card or not any(_inside(other, *corner) for corner in corners)
    for way in route(plan):
        for (x1, y1), (x2, y2) in zip(way.points, way.points[1:], strict=False):
            for step in range(1, 40):
                x, y = x1 + (x2 - x1) * step // 40, y1 + (y2 - y1) * step // 40
                assert not any(_inside(card, x, y) for card in cards)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_an_arrow_leads_from_its_row_to_its_target(path):
    plan = arrange(_named(path))
    for way in route(plan):
        source, target = plan.cards[way.port.row.source], plan.cards[way.port.row.target]

        assert way.points[0][1] == way.port.y
        assert way.points[0][0] in {source.x, source.x + source.width}
        assert way.points[-1] in {(target.x, target.entry), (target.x + target.width, target.entry)}


def test_exposure_is_shown_by_colour():
    model, meta = _read(ROOT / "statecharts" / "cross_venue.yaml")
    svg, mermaid = to_svg(model, meta), to_mermaid(model, meta)

    for exposure in ("flat", "one_leg", "unknown", "hedged"):
        assert COLOURS[exposure].fill in svg
        assert f"classDef {exposure} fill:{COLOURS[exposure].fill}" in mermaid
    assert re.search(r"class .*\bb_placing\b.* one_leg", mermaid)


def test_a_chart_without_a_block_is_drawn_without_colours():
    model = build_model({"name": "bare", "states": {"a": {"transitions": [{"target": "a"}]}}})

    assert "bare" in to_svg(model)
    assert to_mermaid(model).startswith("stateDiagram-v2\n    [*] --> a\n")


def test_names_from_a_chart_cannot_break_out_of_the_picture():
    model = build_model({"name": '<b>&"', "states": {"a": {"transitions": [{"event": "<x>&"}]}}})

    ET.fromstring(to_svg(model))


def test_mermaid_names_each_state_in_its_own_group_first():
    model, meta = _read(ROOT / "statecharts" / "cross_venue.yaml")
    text = to_mermaid(model, meta)
    group = text[text.index("state leg_b {") : text.index("state hedging {")].partition("}")[0]

    named = set(re.findall(r"^ +(\w+)(?: -->|$)|--> (\w+)", group, flags=re.MULTILINE))
    assert {name for pair in named for name in pair if name} == {
        child.id for child in model.inside("leg_b")
    }


def test_a_timers_arrow_is_dashed():
    model, meta = _read(ROOT / "statecharts" / "venue_health.yaml")

    assert re.search(r'class="way timer"[^>]*><title>probe.due -&gt; probing', to_svg(model, meta))


def test_events_with_a_common_beginning_write_it_once():
    assert shortened(["leg_a.filled", "leg_a.refused", "leg_b.filled"]) == (
        "leg_a.filled, .refused, leg_b.filled"
    )


def test_what_happens_by_itself_has_a_row_beside_the_event_to_the_same_place():
    rows = rows_of(_named(ROOT / "statecharts" / "cross_venue.yaml"), "exposed")

    assert {"[is_flat]", "operator.resolve"} == {
        row.label for row in rows if row.target == "closed"
    }
