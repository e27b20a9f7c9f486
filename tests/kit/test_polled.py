"""
Where a protocol has no way to tell what has changed, `HttpVenue` looks for itself.
"""

import os

import pytest

from xarb_runtime.plugins.http_venue import HttpProtocol, http_spec
from xarb_runtime.testing.case import CASES
from xarb_runtime.testing.kit import run_kit
from xarb_runtime.testing.plain.bench import PlainBench
from xarb_runtime.testing.plain.client import PlainProtocol
from xarb_runtime.testing.report import Verdict

#: Cases about reports: late news, torn answers, orders of an earlier process, clocks, outages.
ABOUT_REPORTS = ("XV-050", "XV-325", "XV-425", "XV-430", "XV-460", "XV-475", "XV-490")
WHOLE = os.environ.get("KIT") == "whole"


class Taciturn(PlainProtocol):
    """The plain protocol, without its list of changes."""

    changes = HttpProtocol.changes


class TaciturnBench(PlainBench):
    spec = http_spec(Taciturn, name="plain", version="0.1.0")


@pytest.mark.parametrize("number", sorted(CASES) if WHOLE else ABOUT_REPORTS)
def test_what_is_not_told_is_looked_for(number: str) -> None:
    (outcome,) = run_kit(TaciturnBench, only=[number]).outcomes

    assert outcome.verdict in {Verdict.PASSED, Verdict.SKIPPED}, outcome
