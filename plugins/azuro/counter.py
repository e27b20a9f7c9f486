"""
The counter at which bets are sold: Azuro's requests about cashouts.

In September 2026 all of them were answered with 404. Whatever is not there is not for sale.
"""

from xarb_runtime.domain.orders import Refused

from .haste import Haste
from .orders import ACCEPTED, Orders
from .sales import Offer, read_offer
from .settings import AzuroSettings
from .states import Row
from .wire import BAD_REQUEST, NOT_FOUND, SERVER_ERROR, Answer, Wire, text_of

_CLIENT_ERRORS = range(BAD_REQUEST, SERVER_ERROR)
#: Words of the venue that mean: not sold, and not going to be. That a bet is sold already, or that
#: there is an order for it, may be our own doing.
DEFINITE = frozenset(
    {
        "cashout.bet_not_available_to_cashout",
        "cashout.bet_not_found",
        "cashout.calculation_not_found",
        "cashout.cashout_not_available",
        "cashout.environment_not_available",
        "cashout.owner_signature_not_verified",
    }
)


class Counter:
    """
    Sells bets.

    Args:
        wire: the REST API.
        orders: our bets.
        settings: the venue's.
    """

    def __init__(self, wire: Wire, orders: Orders, settings: AzuroSettings) -> None:
        self._wire, self._orders, self._settings = wire, orders, settings

    async def bets(self, condition: str, outcome: str, haste: Haste = Haste.FIND) -> list[Row]:
        """
        Return every bet of ours on an outcome, sold or not.

        Raises:
            LookupError: the venue does not say.
            aiohttp.ClientError, TimeoutError: it cannot be asked.
        """
        legs = ((condition, outcome),)
        rows = await self._orders.listed(*ACCEPTED, haste=haste)
        found = [row for row in rows if row.legs == legs and row.has_bet]
        if not found:  # perhaps a bet that was sold counts as settled
            rows = await self._orders.listed("Settled", haste=haste)
            found = [row for row in rows if row.legs == legs and row.sold]
        return found

    async def offer(self, bet: Row) -> Offer:
        """
        Ask what would be paid for a bet.

        Raises:
            LookupError: it cannot be sold.
            aiohttp.ClientError, TimeoutError: the venue cannot be asked.
        """
        environment = self._orders.environment
        asked = {
            "environment": environment.name,
            "owner": self._orders.wallet.bettor,
            "betId": f"{environment.core.lower()}_{bet.bet}",
        }
        answer = await self._wire.post("cashout/get-calculation", asked, haste=Haste.QUOTE)
        offer = read_offer(answer.body) if answer.ok else None
        if offer is None:
            raise LookupError(f"the bet cannot be sold: {answer.said()}")
        return offer

    async def sell(self, bet: Row, offer: Offer) -> tuple[str, Refused | None]:
        """
        Sign and send, once.

        Returns the venue's name for it, empty when it says none, or a definite refusal.

        Raises:
            LookupError: nobody can say whether it was taken.
            aiohttp.ClientError, TimeoutError: the same.
        """
        environment = self._orders.environment
        text = self._settings.cashout_attention
        item = {
            "betId": int(bet.bet),
            "bettingContract": environment.core,
            "minOdds": offer.odds,
        }
        signed = self._orders.wallet.sign_cashout(
            environment.cashout,
            {
                "attention": text,
                "chainId": environment.chain_id,
                "items": [item],
                "expiresAt": offer.expires_at,
            },
        )
        signature = {
            "verifyingContract": environment.cashout,
            "bettingContract": environment.core,
            "attention": text,
            "chainId": environment.chain_id,
            "ownerSignature": signed.signature,
        }
        asked = {"calculationId": offer.name, "signature": signature}
        return _judge(await self._wire.post("cashout/create", asked, haste=Haste.FIRST))

    async def state(self, name: str) -> str:
        """
        Return the state of a cashout; empty when the venue does not know it.

        Raises:
            LookupError: the venue does not say.
            aiohttp.ClientError, TimeoutError: it cannot be asked.
        """
        answer = await self._wire.get(f"cashout/{name}", haste=Haste.FIND)
        state = text_of(answer.fields().get("state"))
        if answer.ok and state:
            return state
        if answer.status == NOT_FOUND:
            return ""
        raise LookupError(f"a cashout was asked for: {answer.said()}")


def _judge(answer: Answer) -> tuple[str, Refused | None]:
    given = answer.fields()
    name, state = text_of(given.get("id")), text_of(given.get("state"))
    if answer.ok and name:
        reason = text_of(given.get("errorMessage")) or answer.said()
        code = text_of(given.get("error")) or state
        return name, Refused(code, reason) if state == "REJECTED" else None
    codes = {text_of(given.get(field)) for field in ("code", "error", "message")}
    known = sorted(codes & DEFINITE)
    if answer.status in _CLIENT_ERRORS and known:
        return "", Refused(known[0], answer.said())
    raise LookupError(f"a bet was to be sold: {answer.said()}")
