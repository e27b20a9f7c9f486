"""Raises when it is asked."""

from xarb_runtime.plugins import hookimpl


@hookimpl
def xarb_venues():
    raise RuntimeError("not today")
