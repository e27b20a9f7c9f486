"""
plain: a venue with the plainest protocol there could be.

| request | answer |
| --- | --- |
| `GET /prices/{market}/{outcome}` | 200 a price; 404: no such selection |
| `POST /orders` | 200 the order, also when it is placed again; 409 refused, with a code |
| `GET /orders/{client_id}` | 200 the order; 404 with `looked_at_ms`: what came later is not seen |
| `DELETE /orders/{client_id}` | 200 the order; 409 cannot be cancelled; 202 tried, nobody knows |
| `GET /changes?after=N` | 200 the orders that changed; waits for the next change |
| `POST /beats` | 204; orders are cancelled when beats stop |

Every request carries the key. A 429 was not looked at, and says in `Retry-After` how long to wait.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from xarb_runtime.domain.orders import (
    Absent,
    CancelRefused,
    Order,
    OrderReport,
    OrderStatus,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import Capabilities, VenueSpec
from xarb_runtime.plugins.http_venue import Answer, Ask, Changes, HttpProtocol, http_spec

__version__ = "0.1.0"

OK, NO_CONTENT, NOT_FOUND, CONFLICT, TOO_MANY = 200, 204, 404, 409, 429


class _Price(msgspec.Struct):
    odds: Decimal
    min_stake: Decimal
    max_stake: Decimal
    time_ms: int


class _Said(msgspec.Struct):
    """An order, as the venue states it. What must not be missing has no default."""

    client_id: str
    sequence: int
    time_ms: int
    status: OrderStatus
    filled: Decimal
    odds: Decimal
    final: bool
    code: str = ""

    def report(self) -> OrderReport:
        return OrderReport(**msgspec.structs.asdict(self))


class _Changes(msgspec.Struct):
    next: int
    orders: list[_Said]


class PlainProtocol(HttpProtocol):
    """What is asked, and what the answers prove. None: nobody knows."""

    key_header = "X-Key"

    def capabilities(self) -> Capabilities:
        """Return what the venue can do."""
        return Capabilities(
            partial_fills=True,
            cancel=True,
            dead_man_heartbeat=True,
            proves_absence=True,
            max_stake=Decimal(1000),
        )

    async def place(self, order: Order, ask: Ask) -> OrderReport | Refused | None:
        """Place an order; the venue knows it by our id."""
        wanted = {
            "client_id": order.client_id,
            "market": order.selection.market,
            "outcome": order.selection.outcome,
            "stake": order.stake,
            "min_odds": order.min_odds,
            "expires_ms": order.expires_ms,
        }
        answer = await ask("POST", "orders", json=wanted)
        if answer.status == CONFLICT:
            said = answer.read(dict[str, str])
            return Refused(said["code"], said.get("reason", ""))
        if answer.status == TOO_MANY:
            return Refused("TOO_MANY_REQUESTS", "it was not looked at")
        return _order(answer)

    async def cancel(self, order: Order, ask: Ask) -> OrderReport | CancelRefused | None:
        """Cancel an order."""
        answer = await ask("DELETE", "orders", order.client_id)
        if answer.status == CONFLICT:
            return CancelRefused(answer.read(dict[str, str])["code"])
        return _order(answer)

    async def find(self, order: Order, ask: Ask) -> OrderReport | Absent | Unknown | None:
        """Look an order up; not found is absent once the venue could not take it any more."""
        answer = await ask("GET", "orders", order.client_id)
        if answer.status != NOT_FOUND:
            return _order(answer)
        if answer.read(dict[str, int])["looked_at_ms"] > order.expires_ms:
            return Absent("not found, and expired")
        return Unknown("not found yet")

    async def quote(self, selection: Selection, ask: Ask) -> Quote | None:
        """Ask for a price."""
        answer = await ask("GET", "prices", selection.market, selection.outcome)
        if answer.status != OK:
            return None
        return Quote(selection=selection, **msgspec.structs.asdict(answer.read(_Price)))

    async def changes(self, after: Any, ask: Ask) -> Changes | None:
        """Ask for the orders that changed, from the first one on."""
        answer = await ask("GET", "changes", query={"after": after or 0})
        if answer.status != OK:
            return None
        said = answer.read(_Changes)
        return Changes([order.report() for order in said.orders], after=said.next)

    async def beat(self, ask: Ask) -> bool:
        """Beat."""
        return (await ask("POST", "beats")).status == NO_CONTENT


def _order(answer: Answer) -> OrderReport | None:
    return answer.read(_Said).report() if answer.status == OK else None


@hookimpl
def xarb_venues() -> Iterable[VenueSpec]:
    """Return the venue."""
    yield http_spec(PlainProtocol, name="plain", version=__version__, api=API)
