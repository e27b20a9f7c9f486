"""
Orders on the wire: sent once, looked up by an id that is known beforehand, listed by bettor.
"""

from collections.abc import Callable, Collection
from typing import Any

import msgspec

from xarb_runtime.domain.orders import Order

from .environments import Environment
from .haste import Haste
from .settings import AzuroSettings
from .signing import Wallet
from .states import Row, read_row
from .terms import Terms, order_id, terms_of
from .wire import NOT_FOUND, Answer, Wire, rows_of

#: States of orders that hold, or may yet hold, a bet that is not settled.
LIVE = ("Created", "Placed", "Sent", "Accepted", "PendingCancel", "CancelFailed")
ACCEPTED = ("Accepted", "PendingCancel", "CancelFailed", "Canceled")
PAGE = 100
MOST_PAGES = 10


class TooLongError(LookupError):
    """
    A list of bets did not end; whatever is not in it may still be there.

    Attributes:
        rows: what was read of it.
    """

    def __init__(self, message: str, rows: list[Row]) -> None:
        super().__init__(message)
        self.rows = rows


class Page(msgspec.Struct, frozen=True):
    """
    A page of the list of our bets.

    Attributes:
        rows: those of its orders that can be read.
        is_full: there may be another page.
    """

    rows: list[Row]
    is_full: bool


class Orders:
    """
    The orders of one bettor.

    Args:
        wire: the REST API.
        environment: the deployment.
        settings: the venue's.
        wallet: signs.

    Attributes:
        environment: as given.
        wallet: as given.
        too_long: how many lists of bets did not end, so far.
    """

    def __init__(
        self, wire: Wire, environment: Environment, settings: AzuroSettings, wallet: Wallet
    ) -> None:
        self._wire, self._settings = wire, settings
        self.environment, self.wallet = environment, wallet
        self.too_long = 0
        self._expiry_ms = settings.milliseconds("expiry")

    @property
    def date_ms(self) -> int | None:
        """The venue's time as it was last told; None when it never was."""
        return self._wire.date_ms

    def spare(self) -> int:
        """Return how many looks may be taken at once by whoever can wait."""
        return self._wire.spare(Haste.LOOK)

    def terms(self, order: Order) -> Terms:
        """
        Return an order in the venue's terms.

        Raises:
            BadOrderError: it has none.
        """
        return terms_of(order, self.environment.decimals, self._expiry_ms)

    def id(self, terms: Terms) -> str:
        """Return the venue's id of an order."""
        return order_id(self.wallet.bettor, terms.nonce)

    def body(self, terms: Terms, fee: int) -> dict[str, Any]:
        """Return the body that places an order: what is signed, and the signature."""
        client = self._client(terms.expires_at, fee)
        bet = {
            "conditionId": terms.condition,
            "outcomeId": terms.outcome,
            "minOdds": terms.min_odds,
            "amount": terms.amount,
            "nonce": terms.nonce,
        }
        signed = self.wallet.sign_bet(client, [bet])
        texts = {name: str(bet[name]) for name in ("conditionId", "minOdds", "amount", "nonce")}
        return {
            "environment": self.environment.name,
            "bettor": self.wallet.bettor,
            "betOwner": self.wallet.bettor,
            "clientBetData": {
                "clientData": client | {"relayerFeeAmount": str(fee)},
                # The only number among them, as the official client sends it.
                "bet": texts | {"outcomeId": terms.outcome},
            },
            "bettorSignature": signed.signature,
        }

    async def post(self, body: dict[str, Any], may: Callable[[], bool]) -> Answer:
        """Send an order, once, if it still may be. Cancelled or failed, it may have arrived."""
        return await self._wire.post("bet/orders/ordinar", body, haste=Haste.FIRST, may=may)

    async def look(self, name: str, haste: Haste = Haste.LOOK) -> Row | None:
        """
        Return an order by its id; None when the venue does not know it (yet).

        Raises:
            LookupError: the answer says neither.
            aiohttp.ClientError, TimeoutError: there was none.
        """
        answer = await self._wire.get(f"bet/orders/{name}", haste=haste)
        row = read_row(answer.body) if answer.ok else None
        if row is not None and row.id == name:
            return row
        if answer.status == NOT_FOUND:
            return None
        raise LookupError(f"an order was asked for: {answer.said()}")

    async def listed(
        self, *states: str, wanted: Collection[str] = (), haste: Haste = Haste.LOOK
    ) -> list[Row]:
        """
        Return our orders that are in one of these states.

        In which order the venue lists them is not published, so only one thing ends the reading
        before the list ends: all that is wanted is there.

        Args:
            states: as the venue calls them.
            wanted: ids; with all of them read, the rest is not. Empty: everything is.
            haste: how pressing it is.

        Raises:
            LookupError: the answer is no list.
            TooLongError: the list does not end.
            aiohttp.ClientError, TimeoutError: there was none.
        """
        found: list[Row] = []
        missing = set(wanted)
        for page in range(MOST_PAGES):
            read = await self.page(page, states, haste)
            found += read.rows
            missing -= {row.id for row in read.rows}
            if not read.is_full or (wanted and not missing):
                return found
        self.too_long += 1
        named = ", ".join(states)
        raise TooLongError(f"expected fewer than {PAGE * MOST_PAGES} bets in {named}", found)

    async def page(
        self,
        number: int,
        states: tuple[str, ...],
        haste: Haste,
        *,
        within_ms: int | None = None,
    ) -> Page:
        """
        Return one page of the list; the first one is 0.

        Args:
            number: of the page.
            states: as the venue calls them.
            haste: how pressing it is.
            within_ms: the request's deadline; None for that of every request.

        Raises:
            LookupError: the answer is no list.
            aiohttp.ClientError, TimeoutError: there was none.
        """
        asked = [("environment", self.environment.name), ("offset", str(number * PAGE))]
        asked += [("limit", str(PAGE)), *(("states", state) for state in states)]
        path = f"bet/orders/bettor/{self.wallet.bettor}"
        answer = await self._wire.get(path, asked, haste=haste, within_ms=within_ms)
        if answer.status == NOT_FOUND:
            return Page([], is_full=False)
        if not (answer.ok and isinstance(answer.fields().get("orders"), list)):
            raise LookupError(f"a list of bets was asked for: {answer.said()}")
        given = rows_of(answer.fields()["orders"])
        rows = [row for each in given if (row := read_row(each)) is not None]
        return Page(rows, is_full=len(given) >= PAGE)

    def _client(self, expires_at: int, fee: int) -> dict[str, Any]:
        return {
            "attention": self._settings.attention,
            "affiliate": self._settings.affiliate,
            "core": self.environment.core,
            "expiresAt": expires_at,
            "chainId": self.environment.chain_id,
            "relayerFeeAmount": fee,
            "isBetSponsored": False,
            "isFeeSponsored": False,
            "isSponsoredBetReturnable": False,
        }
