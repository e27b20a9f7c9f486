"""Misspells a hook."""

from xarb_runtime.plugins import hookimpl


@hookimpl
def xarb_venue():
    return []
