"""
What must be so before one can trade: the exchange's terms, and the account's wallet and balance.

Read in the background, again and again. Nobody who places an order waits for it, except for the
very first look.
"""

import asyncio
from decimal import Decimal

import msgspec

from xarb_runtime.plugins.clock import Clock

from . import wire
from .odds import from_units
from .rest import FORBIDDEN, OK, UNAUTHORIZED, NoAnswerError, Rest
from .terms import Terms, read_terms

TERMS_PATH = "metadata/obv3"
TERMS_EVERY_MS = 300_000
ACCOUNT_EVERY_MS = 20_000
RETRY_MS = 2_000


class Fees(msgspec.Struct, frozen=True, rename="camel"):
    """What is charged on the profit of a winning bet; None is nothing."""

    taker_payout_fee: Decimal | None = None
    refund_fee: Decimal | None = None


class Funds(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the account has.

    Attributes:
        wallet: its wallet at the exchange; empty when there is none.
        deployed: the wallet can be used.
        available: what may be staked, smallest units.
        escrowed: what is staked.
        owner: the account, as the exchange names it; empty when it does not.
    """

    wallet: str
    deployed: bool
    available: int
    escrowed: int
    owner: str


class Standing:
    """
    What is known of the exchange's terms and of the account.

    Args:
        rest: how it is read.
        clock: the clock.
        chain_id: the chain that is expected.
        maker: the account; empty when nothing is traded.

    Attributes:
        terms: the terms; None while there are none that may be trusted.
        funds: what the account has; None while it is not known.
        problem: why the terms could not be read last time.
        funds_problem: why the account could not be read last time.
        key_refused: it could not be read because the exchange does not take the API key.
    """

    def __init__(self, rest: Rest, clock: Clock, *, chain_id: int, maker: str) -> None:
        self._rest, self._clock = rest, clock
        self._chain_id, self._maker = chain_id, maker
        self._tried = asyncio.Event()
        self._terms_ms = 0
        self.terms: Terms | None = None
        self.funds: Funds | None = None
        self.problem = "the metadata was not read yet"
        self.funds_problem = "the account was not read yet"
        self.key_refused = False

    async def run(self) -> None:
        """Keep everything up to date until cancelled."""
        while True:
            await self.refresh()
            good = self.terms is not None and not (self.problem or self.funds_problem)
            await self._clock.sleep_ms(ACCOUNT_EVERY_MS if good else RETRY_MS)

    async def refresh(self, *, all_of_it: bool = False) -> None:
        """Read what is due; a failure leaves what was known, unless it was contradicted."""
        now_ms = self._clock.now_ms()
        if all_of_it or self.problem or now_ms >= self._terms_ms + TERMS_EVERY_MS:
            await self._read_terms(now_ms)
        if self._maker:
            await self._read_funds()
        else:
            self.funds_problem = ""
        self._tried.set()

    async def tried(self) -> None:
        """Wait until everything was looked at once, whatever came of it."""
        await self._tried.wait()

    async def _read_terms(self, now_ms: int) -> None:
        try:
            answer = await self._rest.get(TERMS_PATH)
        except NoAnswerError as error:
            # The terms that are known hold until the exchange says something else.
            self.problem = f"the metadata cannot be read: {error}"
            return
        if answer.status != OK:
            self.problem = f"the metadata cannot be read: {answer.said}"
            return
        try:
            self.terms = read_terms(answer.body, self._chain_id)
        except wire.WireError as error:
            self.terms, self.problem = None, str(error)
            return
        self.problem, self._terms_ms = "", now_ms

    async def _read_funds(self) -> None:
        try:
            wallet = await self._rest.read("user/proxy", wire.ProxyRow, private=True)
            page = await self._rest.read("user/balance-v3", wire.BalancePage, private=True)
        except (NoAnswerError, wire.WireError) as error:
            self.funds_problem = f"the account cannot be read: {error}"
            self.key_refused = getattr(error, "status", 0) in {UNAUTHORIZED, FORBIDDEN}
            return
        token = self.terms.token.lower() if self.terms else ""
        mine = [row for row in page.balances if row.token_address.lower() == token]
        owners = {row.user_address for row in page.balances if row.user_address}
        self.funds = Funds(
            wallet=wallet.obv3_proxy_wallet_address or "",
            deployed=wallet.deployed,
            available=sum(row.available_amount for row in mine),
            escrowed=sum(row.escrowed_amount for row in mine),
            owner=owners.pop() if len(owners) == 1 else "",
        )
        self.funds_problem, self.key_refused = "", False

    async def fees(self) -> Fees:
        """Return what is charged, or raise NoAnswerError or WireError."""
        return await self._rest.read("user/fees-v3", Fees, private=True)

    # -- What follows from it --------------------------------------------------------------------

    @property
    def is_ours(self) -> bool:
        """Whether the API key is known to belong to the account that signs."""
        return self.funds is not None and self.funds.owner.lower() == self._maker.lower()

    @property
    def obstacle(self) -> tuple[str, str] | None:
        """What makes sending an order pointless: a code and a reason, or None."""
        if self.terms is None:
            return "NOT_READY", self.problem
        funds = self.funds
        if funds is None:
            return None  # the exchange will say so itself
        if funds.owner and not self.is_ours:
            return "WRONG_ACCOUNT", f"the API key is of {funds.owner}, the key of {self._maker}"
        if not funds.deployed:
            return "PROXY_NOT_DEPLOYED", "the account has no proxy wallet at the exchange yet"
        return None

    def complaint(self) -> str:
        """Return why nothing can be traded at present, or an empty text."""
        if self.terms is None:
            return self.problem
        if not self._maker:
            return ""
        if self.obstacle:
            return self.obstacle[1]
        if self.funds is None:
            return self.funds_problem
        if self.funds.available < self.terms.minimum:
            least = from_units(self.terms.minimum, self.terms.decimals)
            found = from_units(self.funds.available, self.terms.decimals)
            return f"expected a balance of at least {least} in the proxy wallet, found {found}"
        return ""


class Lease:
    """
    The dead man's switch: for how long the exchange will take us for alive.

    Args:
        rest: how it is renewed.
        clock: the clock.
        timeout_ms: how long one word lasts.
    """

    def __init__(self, rest: Rest, clock: Clock, timeout_ms: int) -> None:
        self._rest, self._clock, self._timeout_ms = rest, clock, timeout_ms
        self._until_ms = self._due_ms = self._told_ms = self._sent_ms = 0

    def left_ms(self) -> int:
        """Return how long it still lasts."""
        return max(0, self._until_ms - self._clock.now_ms())

    async def renew(self) -> None:
        """
        Renew it when a third of it is over.

        Raises:
            ConnectionError: the exchange did not confirm.
        """
        now_ms = self._clock.now_ms()
        if self._sent_ms <= now_ms < self._due_ms:  # a clock that was set back proves nothing
            return
        self._due_ms = 0
        body = {"timeoutSeconds": -(-self._timeout_ms // 1000)}
        answer = await self._rest.send("POST", "heartbeat/v3", body)
        if answer.status not in {OK, 201}:
            raise ConnectionError(f"the heartbeat was not confirmed: {answer.said}")
        try:
            expires_ms = wire.read_time_ms(wire.read_data(answer.body, wire.Lapse).expires_at)
        except wire.WireError as error:
            raise ConnectionError(f"the heartbeat was not confirmed: {error}") from error
        # Not compared with our clock, which may differ: it must not stand still, that is all.
        if expires_ms <= self._told_ms:
            raise ConnectionError("the heartbeat was not confirmed: its end does not move on")
        self._told_ms = expires_ms
        self._until_ms = now_ms + self._timeout_ms
        self._sent_ms, self._due_ms = now_ms, now_ms + self._timeout_ms // 3
