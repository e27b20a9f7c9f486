"""Asks for an argument that the hook does not have."""

from xarb_runtime.plugins import hookimpl


@hookimpl
def xarb_venues(colour):
    return []
