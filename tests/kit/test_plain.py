"""
The plain venue passes everything there is.
"""

from xarb_runtime.testing.conformance import VenueConformance
from xarb_runtime.testing.plain.bench import PlainBench


class TestPlain(VenueConformance):
    bench = PlainBench
