"""
The venues that ship reach gold, without exemptions; what does not apply to them is listed here.
"""

from importlib import import_module

import pytest

from tests.plugins.worlds import REGISTRY
from xarb_runtime.testing.case import Level
from xarb_runtime.testing.kit import run_kit
from xarb_runtime.testing.report import Verdict

#: By bench: the cases that are skipped, each for a reason that bench or capabilities give.
SKIPPED = {
    "sx_bet:SxBetBench": {"XV-135", "XV-286", "XV-425", "XV-427"},
    "sx_bet:SxBetRestingBench": {"XV-135", "XV-286", "XV-425", "XV-427"},
    "sx_bet:SxBetWholeBench": {"XV-130", "XV-135", "XV-286", "XV-320", "XV-425", "XV-427"},
    "azuro:AzuroBench": {
        *("XV-125", "XV-300", "XV-305", "XV-310"),  # there is no cancel
        *("XV-130", "XV-320"),  # an order is placed whole or not at all
        *("XV-135", "XV-400", "XV-470"),
    },
    "ccxt_prediction:SxbetBench": {"XV-135", "XV-286", "XV-420", "XV-470"},
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SKIPPED)
def test_a_venue_that_ships_reaches_gold(name: str) -> None:
    plugin, _, bench = name.partition(":")
    assert plugin in REGISTRY.modules
    module = import_module(f"xarb_plugins.{plugin}.bench")

    report = run_kit(getattr(module, bench))

    assert [(outcome.id, outcome.reason) for outcome in report.failed] == []
    assert (report.level, report.of(Verdict.EXEMPT)) == (Level.GOLD, [])
    assert {outcome.id for outcome in report.of(Verdict.SKIPPED)} == SKIPPED[name]
