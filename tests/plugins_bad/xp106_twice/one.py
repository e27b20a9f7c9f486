"""Offers a hedge called `same`."""

from xarb_runtime.plugins import hookimpl
from xarb_runtime.plugins.contracts import HedgeSpec, HedgeStrategy


@hookimpl
def xarb_hedges():
    return [HedgeSpec(name="same", version="1", create=HedgeStrategy)]
