"""
Under which account orders were sent, over all lives of a store.

What a venue's orders are called, and who may look them up, depends on the account. Under another
key an order that is filled reads as one that never was. So each change of an account is noted, and
what was sent before it is asked of nobody: it stays unknown, and a person is called.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

import structlog

from xarb_runtime.plugins.contracts import Venue
from xarb_runtime.store.batch import OperatorAction
from xarb_runtime.store.records import ActionRow

ACTION = "account"

log = structlog.get_logger("xarb.runtime")


def accounts_of(venues: Mapping[str, Venue], clean: Callable[[str], str]) -> dict[str, str]:
    """Return the account of each venue; empty where it has none, or does not say it."""
    found: dict[str, str] = {}
    for name, venue in venues.items():
        try:
            found[name] = clean(str(venue.account()))
        except Exception as error:  # noqa: BLE001  a plugin may raise anything
            reason = clean(f"{type(error).__name__}: {error}")
            log.warning("account_unknown", venue=name, reason=reason)
    return found


class Accounts:
    """
    The accounts of all venues, now and earlier.

    Args:
        present: by venue, as the venues say it; empty where orders have no account.
        noted: what the store has noted, in any order; rows about other things do not matter.
    """

    def __init__(self, present: Mapping[str, str], noted: Iterable[ActionRow]) -> None:
        self._present = present
        self._past: dict[str, list[tuple[int, str]]] = {}
        for row in sorted(noted, key=lambda row: row.id):
            if row.action == ACTION:
                entry = (row.time_ms, str(row.detail.get(ACTION, "")))
                self._past.setdefault(row.target, []).append(entry)

    def news(self, now_ms: int) -> list[OperatorAction]:
        """Return what is to be noted before anything is sent: accounts that were not used last."""
        return [
            OperatorAction(
                time_ms=now_ms,
                operator="runtime",
                action=ACTION,
                target=venue,
                detail={ACTION: account},
            )
            for venue, account in self._present.items()
            if account and self._newest(venue) != account
        ]

    def _newest(self, venue: str) -> str:
        past = self._past.get(venue)
        return past[-1][1] if past else ""

    def another(self, venue: str, sent_ms: int) -> str:
        """
        Return the account under which an order was sent, if that is not the present one.

        An empty text also where nobody knows: the store is older than its notes.
        """
        present = self._present.get(venue, "")
        sent = self._at(venue, sent_ms)
        return sent if present and sent != present else ""

    def _at(self, venue: str, moment_ms: int) -> str:
        past = self._past.get(venue, [])
        for (since_ms, account), (until_ms, _) in pairwise([*past, (moment_ms + 1, "")]):
            if since_ms <= moment_ms < until_ms:
                return account
        return ""
