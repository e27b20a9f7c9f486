"""
The settings of a ghost venue that runs in another process. It has a script of its own.
"""

import msgspec

from .checking import check_durations, refuse
from .settings import GhostCapabilities


class RemoteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Where the venue is.

    Attributes:
        url: its address, e.g. `http://127.0.0.1:8700`.
        timeout: deadline of one call.
        poll_timeout: deadline of one request for reports, which waits on purpose.
        capabilities: what the venue can do; as in its own script.
    """

    url: str
    timeout: str = "5s"
    poll_timeout: str = "15s"
    capabilities: GhostCapabilities = msgspec.field(default_factory=GhostCapabilities)

    def __post_init__(self) -> None:
        check_durations(self, "timeout", "poll_timeout")
        if not self.url.startswith(("http://", "https://")):
            refuse("url", "an address such as http://127.0.0.1:8700", self.url)
