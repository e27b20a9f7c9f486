"""
The chain's books: who has how much, which bets there are, what they pay, what was mined.

No base unit is made or lost: `total` is the same for ever.
"""

from collections.abc import Sequence

import msgspec
from eth_utils.crypto import keccak

from .units import paid_odds, payout_of

#: An allowance as the SDK gives it.
WITHOUT_LIMIT = 2**256 - 1
_STORED_SHARE = (99, 100)
_FIRST_TOKEN = 184_467


class ChainError(Exception):
    """A call that the chain reverts; `args[0]` is the contract's error, such as `OddsTooSmall`."""

    @property
    def name(self) -> str:
        """The contract's error; empty for a bare revert."""
        return str(self.args[0]) if self.args else ""


class Leg(msgspec.Struct, kw_only=True):
    """
    One leg of a bet on the chain.

    Attributes:
        game_id, condition_id, outcome_id: what it is about.
        live: the game was live when it was placed.
        odds: raw.
        result: `Won`, `Lost` or `Canceled`; None while it is open.
    """

    game_id: int
    condition_id: int
    outcome_id: int
    live: bool
    odds: int
    result: str | None = None


class ChainBet(msgspec.Struct, kw_only=True):
    """
    A bet on the chain.

    Attributes:
        token_id: the number of its NFT.
        owner: who has the NFT.
        amount: what was signed and paid, in base units.
        payout: what it pays if it wins.
        rejected: the oracle took it back.
        paid: it was withdrawn or cashed out.
    """

    token_id: int
    owner: str
    bettor: str
    affiliate: str
    nonce: int
    amount: int
    payout: int
    combo: bool
    legs: list[Leg]
    mined_ms: int
    rejected: bool = False
    paid: bool = False


class CashedOut(msgspec.Struct, frozen=True):
    """A bet that the cashout contract bought: at which raw odds, and what it paid."""

    token: int
    owner: str
    raw: int
    payout: int


class Receipt(msgspec.Struct, kw_only=True):
    """
    A transaction that was mined, or reverted.

    Attributes:
        bets: those that it made.
        cashed_out: the one that it bought.
    """

    tx_hash: str
    block: int
    succeeded: bool
    sender: str
    to: str
    bets: list[ChainBet] = []
    cashed_out: CashedOut | None = None


class Ledger:
    """
    The books.

    Attributes:
        balances, native: by address in lower case.
        allowances: what the relayer may take, by owner.
        approvals: who let the cashout contract have their NFTs.
        bets: by token id. nonces: those used, per bettor. receipts: by hash.
        pool, fees: what the liquidity pool and the relayer have.
        cashout_fund: what the cashout contract has paid out (negative) and received.
    """

    def __init__(self, pool: int, *, full_refund: bool) -> None:
        self.pool, self.fees = pool, 0
        self.balances: dict[str, int] = {}
        self.native: dict[str, int] = {}
        self.allowances: dict[str, int] = {}
        self.approvals: set[str] = set()
        self.bets: dict[int, ChainBet] = {}
        self.nonces: set[tuple[str, int]] = set()
        self.receipts: dict[str, Receipt] = {}
        self._full_refund = full_refund
        self._transactions = 0

    @property
    def total(self) -> int:
        """All the money there is."""
        return self.pool + self.fees + sum(self.balances.values())

    def affords(self, owner: str, cost: int) -> bool:
        """Return whether the relayer could take `cost` from an owner."""
        return min(self.balances.get(owner, 0), self.allowances.get(owner, 0)) >= cost

    def take(self, owner: str, amount: int, fee: int) -> None:
        """
        Move a stake to the pool and a fee to the relayer.

        Raises:
            ChainError: allowance or balance are too small.
        """
        cost = amount + fee
        if not self.affords(owner, cost):
            raise ChainError
        if self.allowances[owner] != WITHOUT_LIMIT:
            self.allowances[owner] -= cost
        self.balances[owner] -= cost
        self.pool += amount
        self.fees += fee

    def next_token(self) -> int:
        """Return the number of the next NFT."""
        return _FIRST_TOKEN + len(self.bets)

    def mint(self, bet: ChainBet) -> None:
        """Enter a bet, whose stake was taken, and burn its nonce."""
        self.nonces.add((bet.bettor, bet.nonce))
        self.bets[bet.token_id] = bet

    def new_hash(self) -> str:
        """Return a transaction hash that nobody has."""
        self._transactions += 1
        return "0x" + keccak(text=f"transaction {self._transactions}").hex()

    def view_payout(self, token: int) -> int:
        """
        Return what a bet pays now.

        Raises:
            ChainError: it does not exist, is paid already, or is not decided.
        """
        bet = self.bets.get(token)
        if bet is None:
            raise ChainError("BetNotExists")
        if bet.paid:
            raise ChainError("AlreadyPaid")
        refund = bet.amount
        if not self._full_refund:
            refund = bet.amount * _STORED_SHARE[0] // _STORED_SHARE[1]
        if bet.rejected:
            return refund
        return _combo_payout(bet, refund) if bet.combo else _single_payout(bet, refund)

    def withdraw(self, tokens: Sequence[int]) -> int:
        """
        Pay bets to their owners, all or none; return how much.

        Raises:
            ChainError: one of them cannot be paid.
        """
        due = [(self.bets[token], self.view_payout(token)) for token in tokens if self._has(token)]
        if len({bet.token_id for bet, _ in due}) != len(due):
            raise ChainError("AlreadyPaid")
        for bet, payout in due:
            bet.paid = True
            self._pay(bet.owner, payout)
        return sum(payout for _, payout in due)

    def cash_out(self, token: int, raw: int) -> int:
        """Buy a bet from its owner at raw odds; return what was paid."""
        bet = self.bets[token]
        payout = payout_of(bet.amount, raw)
        bet.paid = True
        self._pay(bet.owner, payout)
        return payout

    def _has(self, token: int) -> bool:
        if token not in self.bets:
            raise ChainError("BetNotExists")
        return True

    def _pay(self, owner: str, amount: int) -> None:
        self.pool -= amount
        self.balances[owner] = self.balances.get(owner, 0) + amount


def _single_payout(bet: ChainBet, refund: int) -> int:
    result = bet.legs[0].result
    if result is None:
        raise ChainError("ConditionNotFinished")
    return {"Won": bet.payout, "Canceled": refund}.get(result, 0)


def _combo_payout(bet: ChainBet, refund: int) -> int:
    results = [leg.result for leg in bet.legs]
    if "Lost" in results:
        return 0
    if not any(results):
        raise ChainError("CobmoBetNotResolved")
    if None in results:
        raise ChainError("ComboBetResolvedPartially")
    if "Canceled" not in results:
        return bet.payout
    if "Won" not in results:
        return refund
    return payout_of(bet.amount, paid_odds([leg.odds for leg in bet.legs if leg.result == "Won"]))
