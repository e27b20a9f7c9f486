"""Returns a spec instead of a list of specs."""

from xarb_runtime.plugins import hookimpl
from xarb_runtime.plugins.contracts import HedgeSpec, HedgeStrategy


@hookimpl
def xarb_hedges():
    return HedgeSpec(name="lonely", version="1", create=HedgeStrategy)
