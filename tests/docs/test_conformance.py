"""The conformance page says what the kit is, and the reports of our venues are what it finds."""

import re
from collections.abc import Iterator

import msgspec
import pytest

from tests.docs.conformance import REPORTS, benches, committed
from tests.house.source import ROOT
from xarb_runtime.domain.orders import Order, OrderReport, Quote, Selection
from xarb_runtime.ops.conformance import play
from xarb_runtime.plugins.contracts import VenueOpening
from xarb_runtime.testing.bench import Bench, Fate
from xarb_runtime.testing.case import Level
from xarb_runtime.testing.kit import chosen_cases
from xarb_runtime.testing.report import Report, Verdict

PAGE = (ROOT / "docs" / "reference" / "conformance.md").read_text(encoding="utf-8")
HOW_TO = (ROOT / "docs" / "how-to" / "write-a-venue-plugin.md").read_text(encoding="utf-8")

OURS = benches()


def first_cells(title: str) -> Iterator[str]:
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return iter(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_every_level_is_explained() -> None:
    assert list(first_cells("Levels")) == [level.value for level in Level]


def test_every_result_is_explained() -> None:
    assert set(first_cells("Results")) == {verdict.value for verdict in Verdict}


def test_the_example_of_a_report_is_one() -> None:
    (text,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

    assert msgspec.json.decode(text, type=Report).to_json() == text


def test_every_case_says_what_must_be_so() -> None:
    for case in chosen_cases():
        section = PAGE.split(f"\n#### {case.id}")[1].split("\n####")[0]

        assert case.title.endswith("."), case.id
        assert [clause in section for clause in ("* *When*", "* *Then*")] == [True, True], case.id


def test_the_how_to_names_cases_that_there_are() -> None:
    known = {case.id for case in chosen_cases()}
    named = set(re.findall(r"XV-\d{3}", HOW_TO))

    assert named
    assert named <= known


def test_the_how_to_explains_everything_that_an_author_meets() -> None:
    members = {name for name in vars(Bench) | Bench.__annotations__ if not name.startswith("_")}

    assert cells("6. The bench") == members | {fate.name for fate in Fate}
    assert cells("4. What you are opened with") == set(VenueOpening.__struct_fields__)
    for shape in (Order, Selection, OrderReport, Quote):
        (row,) = re.findall(rf"^\| `{shape.__name__}` \| (.*) \|$", HOW_TO, re.MULTILINE)
        assert re.findall(r"`(\w+)`", row) == list(shape.__struct_fields__), shape


def cells(title: str) -> set[str]:
    """The names in the first column of the tables of a section of the how-to."""
    section = HOW_TO.split(f"\n## {title}\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {re.split(r"\W", name)[0] for cell in first for name in re.findall(r"`(.+?)`", cell)}


def test_there_is_a_report_of_each_venue_that_ships() -> None:
    assert [name for name, _ in committed()] == list(OURS)


def test_every_venue_that_ships_can_be_left_alone() -> None:
    assert {report.level for _, report in committed()} == {Level.GOLD}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", OURS)
def test_the_reports_are_current(name: str) -> None:
    path = REPORTS / f"{name}.json"
    before = path.read_text(encoding="utf-8") if path.exists() else ""

    report = play(*OURS[name], only=None, told=lambda _: None).to_json()
    path.parent.mkdir(exist_ok=True)
    path.write_text(report, encoding="utf-8")

    assert report == before, f"{path.name} was out of date; it is written anew"
