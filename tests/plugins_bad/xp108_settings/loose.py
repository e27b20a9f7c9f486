"""Declares settings that are not a type."""

from xarb_runtime.plugins import hookimpl
from xarb_runtime.plugins.contracts import VenueSpec


@hookimpl
def xarb_venues():
    return [
        VenueSpec(name="loose", version="1", capabilities=dict, settings={"url": str}, open=dict)
    ]
