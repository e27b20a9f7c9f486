"""
What is not known of the real venue is a setting of the imitation; the plugin conforms either way.
"""

import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.azuro.outside import FakeSettings, HandClock
from tests.kit.wrong import WHOLE
from xarb_plugins.azuro.bench import AzuroBench
from xarb_plugins.azuro.fake.settings import FakeChecks
from xarb_runtime.testing.kit import run_kit

LATE = FakeChecks(**dict.fromkeys(FakeChecks.__struct_fields__, "async"))
#: The cases about placing, refusals, doubt, repetition and absence.
CASES = (
    "XV-050", "XV-060", "XV-070", "XV-080", "XV-100", "XV-200", "XV-205", "XV-210", "XV-220",
    "XV-230", "XV-235", "XV-255", "XV-265", "XV-270", "XV-275", "XV-280", "XV-282", "XV-325",
    "XV-360", "XV-430", "XV-475",
)  # fmt: skip
WORLDS: dict[str, tuple[FakeSettings, dict[str, Any]]] = {
    "all checks come late": (FakeSettings(checks=LATE), {}),
    "refusals are errors and leave no trace": (
        FakeSettings(refusal_status=400, keeps_refused=False),
        {},
    ),
    "a repeated order is a conflict": (FakeSettings(repeats="conflict"), {}),
    "a repeated order is rejected": (
        FakeSettings(repeats="invalid_nonce", refusal_status=400),
        {},
    ),
    "there is no way to the chain": (FakeSettings(), {"rpc_url": ""}),
    "there is no stream": (FakeSettings(latency="120ms"), {"stream": False}),
    "the relayer asks a fee": (
        FakeSettings(relayer_fee=Decimal("0.05")),
        {"max_relayer_fee": "0.1"},
    ),
    "acceptance is immediate": (FakeSettings(delay_scale=Decimal(0)), {}),
}


def cases_in(name: str) -> tuple[str, ...]:
    """A third of the cases, another third for each next world; all of them with `KIT=whole`."""
    return CASES if WHOLE else CASES[list(WORLDS).index(name) % 3 :: 3]


def bench_of(settings: FakeSettings, own: dict[str, Any]) -> type[AzuroBench]:
    class Elsewhere(AzuroBench):
        simulator = settings

        @contextlib.asynccontextmanager
        async def running(self, clock: HandClock) -> AsyncIterator[None]:
            async with super().running(clock):
                self.section = dict(self.section) | own
                yield

    return Elsewhere


@pytest.mark.parametrize("name", WORLDS)
def test_the_plugin_conforms_wherever_the_venue_is_not_known(name: str) -> None:
    report = run_kit(bench_of(*WORLDS[name]), only=cases_in(name))

    failed = [f"{it.id} {it.reason}" for it in report.outcomes if it.verdict == "failed"]
    passed = [it.id for it in report.outcomes if it.verdict == "passed"]
    assert failed == []
    assert passed == list(cases_in(name))
