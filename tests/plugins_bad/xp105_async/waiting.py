"""Makes a hook async."""

from xarb_runtime.plugins import hookimpl


@hookimpl
async def xarb_venues():
    return []
