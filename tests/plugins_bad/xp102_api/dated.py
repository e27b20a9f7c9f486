"""Was written for a plugin API that this runtime does not speak."""

from xarb_runtime.plugins import hookimpl
from xarb_runtime.plugins.contracts import HedgeSpec, HedgeStrategy


@hookimpl
def xarb_hedges():
    return [HedgeSpec(name="dated", version="1", create=HedgeStrategy, api=0)]
