"""Returns a hedge where venues are asked for."""

from xarb_runtime.plugins import hookimpl
from xarb_runtime.plugins.contracts import HedgeSpec, HedgeStrategy


@hookimpl
def xarb_venues():
    return [HedgeSpec(name="mixed", version="1", create=HedgeStrategy)]
