"""What the documentation says is what the code says, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.generated import pages, refreshed
from tests.house.source import ROOT
from xarb_runtime.service.charts import BUILTIN_CONTEXTS
from xarb_runtime.statechart.load import read_chart
from xarb_runtime.statechart.render import to_svg

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ANCHOR = re.compile(r'<a id="([^"]+)">')
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

PAGES = [page.relative_to(ROOT).as_posix() for page in pages()]


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them from headings."""
    text = FENCED.sub("", text_of(page))
    made = {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in HEADING.findall(text)
    }
    return made | set(ANCHOR.findall(text))


@pytest.mark.parametrize("name", PAGES)
def test_generated_parts_are_current(name: str) -> None:
    text = text_of(ROOT / name)

    assert refreshed(text) == text, f"{name} is out of date: python -m tests.docs.generated"


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    broken = []
    for found in LINK.finditer(FENCED.sub("", text_of(page))):
        target = found[1] or found[2]
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        missing = not there.exists()
        if missing or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            broken.append(target)

    assert not broken, f"{name}: {', '.join(broken)}"


def test_the_picture_is_current() -> None:
    chart = read_chart(ROOT / "statecharts" / "cross_venue.yaml", BUILTIN_CONTEXTS)
    command = "xarb graph statecharts/cross_venue.yaml -o docs/images/cross_venue.svg"

    committed = text_of(ROOT / "docs" / "images" / "cross_venue.svg")

    assert committed == to_svg(chart.model, chart.meta), f"out of date: {command}"


def test_every_page_can_be_reached_from_the_first() -> None:
    waiting, seen = [ROOT / "README.md"], set[Path]()
    while waiting:
        page = waiting.pop()
        seen.add(page)
        for found in LINK.finditer(FENCED.sub("", text_of(page))):
            there = (page.parent / (found[1] or found[2]).partition("#")[0]).resolve()
            if there.suffix == ".md" and there not in seen:
                waiting.append(there)

    assert set(pages()) <= seen


def test_pages_name_no_place_of_this_machine() -> None:
    for name in PAGES:
        assert not re.search(r"/(?:work|root|home|tmp)/", text_of(ROOT / name)), name
