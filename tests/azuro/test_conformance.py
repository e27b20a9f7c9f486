"""
Azuro passes everything that its protocol has.
"""

from importlib import import_module

from tests.azuro.inside import SPEC
from xarb_runtime.testing.conformance import VenueConformance


class TestAzuro(VenueConformance):
    bench = import_module("xarb_plugins.azuro.bench").AzuroBench


def test_the_bench_is_about_this_venue() -> None:
    assert TestAzuro.bench.spec.name == SPEC.name
