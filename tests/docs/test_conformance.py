"""The conformance page says what the kit is, and the reports of our venues are what it finds."""

import re
from collections.abc import Iterator

import msgspec

from tests.docs.reports import benches, committed
from tests.house.source import ROOT
from tests.kit.test_first_party import SKIPPED
from xarb_runtime.domain.orders import Order, OrderReport, Quote, Selection
from xarb_runtime.plugins.http_protocol import HttpProtocol
from xarb_runtime.testing.bench import Bench, Fate
from xarb_runtime.testing.case import Level
from xarb_runtime.testing.kit import chosen_cases
from xarb_runtime.testing.report import KIT_VERSION, Report, Verdict

PAGE = (ROOT / "docs" / "reference" / "conformance.md").read_text(encoding="utf-8")
HOW_TO = (ROOT / "docs" / "how-to" / "write-a-venue-plugin.md").read_text(encoding="utf-8")

AGAIN = "python -m tests.docs.reports"


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
    protocol = {name for name in vars(HttpProtocol) if not name.startswith("_")} - {"key_header"}
    types = {"Order", "Selection", "OrderReport", "Quote"}
    assert cells("3. The protocol") == protocol | types
    for shape in (Order, Selection, OrderReport, Quote):
        (row,) = re.findall(rf"^\| `{shape.__name__}` \| (.*) \|$", HOW_TO, re.MULTILINE)
        assert re.findall(r"`(\w+)`", row) == list(shape.__struct_fields__), shape


def cells(title: str) -> set[str]:
    """The names in the first column of the tables of a section of the how-to."""
    section = HOW_TO.split(f"\n## {title}\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {re.split(r"\W", name)[0] for cell in first for name in re.findall(r"`(.+?)`", cell)}


def test_there_is_a_report_of_each_venue_that_ships() -> None:
    assert [name for name, _ in committed()] == list(benches()), AGAIN


def test_the_reports_are_of_this_kit_and_these_plugins() -> None:
    """What the cases find out is held by tests/kit; here that what is shown is not of yesterday."""
    cases = [(case.id, case.level, case.binding, case.title) for case in chosen_cases()]
    for name, report in committed():
        mounted = benches()[name][1]
        versions = (mounted.bench.spec.name, mounted.bench.spec.version, KIT_VERSION)
        outcomes = [(it.id, it.level, it.binding, it.title) for it in report.outcomes]

        assert (report.plugin, report.version, report.kit) == versions, AGAIN
        assert outcomes == cases, AGAIN
        assert {it.id: it.reason for it in report.of(Verdict.EXEMPT)} == mounted.exempt, AGAIN


def test_the_reports_say_what_the_kit_finds() -> None:
    for name, report in committed():
        place = benches()[name][1].place.removeprefix("xarb_plugins.").replace(".bench:", ":")
        skipped = {outcome.id for outcome in report.of(Verdict.SKIPPED)}

        assert (report.failed, report.level) == ([], Level.GOLD), name
        assert skipped == SKIPPED[place], f"{name}: {AGAIN}"
