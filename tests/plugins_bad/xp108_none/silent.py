"""Returns nothing."""

from xarb_runtime.plugins import hookimpl


@hookimpl
def xarb_venues():
    return None
