"""Raises after its first answer."""

from xarb_runtime.plugins import hookimpl
from xarb_runtime.plugins.contracts import HedgeSpec, HedgeStrategy


@hookimpl
def xarb_hedges():
    yield HedgeSpec(name="tired", version="1", create=HedgeStrategy)
    raise SystemExit(3)
