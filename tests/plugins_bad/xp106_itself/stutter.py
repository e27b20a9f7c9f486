"""Offers the same name twice."""

from xarb_runtime.plugins import hookimpl
from xarb_runtime.plugins.contracts import HedgeSpec, HedgeStrategy


@hookimpl
def xarb_hedges():
    yield HedgeSpec(name="again", version="1", create=HedgeStrategy)
    yield HedgeSpec(name="again", version="2", create=HedgeStrategy)
