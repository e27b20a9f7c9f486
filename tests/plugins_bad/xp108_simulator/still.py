"""Has a simulator that cannot be called."""

from xarb_runtime.plugins import hookimpl
from xarb_runtime.plugins.contracts import NoSettings, VenueSpec


@hookimpl
def xarb_venues():
    return [
        VenueSpec(
            name="still", version="1", capabilities=dict, settings=NoSettings, open=dict,
            simulator="fake.py",
        )
    ]
