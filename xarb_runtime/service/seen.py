"""
What was heard in this life, so that it is not heard twice.
"""

from collections.abc import Iterable

from xarb_runtime.domain.events import Event

#: So many identities are remembered, about 8 MB of them; the journal knows the older ones. A report
#: that is heard twice nevertheless is stale to the ledger.
SEEN_KEPT = 16_384


class Seen:
    """Identities of events, (source, id), the newest `SEEN_KEPT` of them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], None] = {}

    def add(self, identities: Iterable[tuple[str, str]]) -> None:
        """Remember what the journal has."""
        self._known |= dict.fromkeys(identities)

    def is_new(self, event: Event) -> bool:
        """Tell whether an event of the bus, an operator or a venue was never seen; remember it."""
        identity = (event.source, event.id)
        new = identity not in self._known
        self._known[identity] = None
        return new

    def forget_oldest(self) -> None:
        """Keep the newest."""
        while len(self._known) > SEEN_KEPT:
            del self._known[next(iter(self._known))]
