"""
The charts that are wrong on purpose give exactly the finding they are for; ours give none.
"""

import re

import pytest

from tests.lint.contexts import BAD, CHARTS, CONTEXTS, ROOT
from xarb_runtime.statechart.findings import ChartError
from xarb_runtime.statechart.lint import lint_path
from xarb_runtime.statechart.lint.catalogue import CATALOGUE
from xarb_runtime.statechart.load import read_chart

REFERENCE = (ROOT / "docs" / "reference" / "lint.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_chart_gives_exactly_the_finding_that_it_announces(path):
    announced = path.read_text(encoding="utf-8").splitlines()[0]
    code, line, column, severity = re.fullmatch(
        r"# expect: (XS\d{3}) (\d+):(\d+) (error|warning)", announced
    ).groups()

    [finding] = lint_path(path, CONTEXTS)

    assert (code, int(line), int(column), severity) == (
        finding.code,
        finding.line,
        finding.column,
        finding.severity,
    )
    assert path.name.startswith(code)
    assert finding.message.startswith("expected ")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_chart_with_an_error_does_not_load(path):
    if " warning" in path.read_text(encoding="utf-8").splitlines()[0]:
        read_chart(path, CONTEXTS)
        return
    with pytest.raises(ChartError) as caught:
        read_chart(path, CONTEXTS)

    assert path.name[:5] in str(caught.value)


@pytest.mark.parametrize("path", CHARTS, ids=lambda path: path.stem)
def test_our_own_charts_are_clean_with_nothing_silenced(path):
    assert lint_path(path, CONTEXTS) == []


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_has_a_bad_chart(code):
    assert any(path.name.startswith(f"{code}_") for path in BAD)


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_is_documented_with_a_bad_and_a_good_example(code):
    section = REFERENCE.partition(f"\n## {code} ")[2].partition("\n## ")[0]

    assert CATALOGUE[code] in section
    assert "Bad:" in section
    assert "Good:" in section


def test_only_codes_of_the_catalogue_are_documented():
    assert re.findall(r"^## (XS\d{3}) ", REFERENCE, flags=re.MULTILINE) == list(CATALOGUE)
