"""Has a simulator whose settings are not a type."""

from xarb_runtime.plugins import hookimpl
from xarb_runtime.plugins.contracts import NoSettings, VenueSpec


@hookimpl
def xarb_venues():
    return [
        VenueSpec(
            name="vague", version="1", capabilities=dict, settings=NoSettings, open=dict,
            simulator=dict, simulator_settings={"port": int},
        )
    ]
