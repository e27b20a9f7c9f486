"""
Who has how much. Money is never made and never lost: what the accounts and the exchange have
together is always the same.
"""

from .model import Account, Fill, Outcome
from .odds import fee_of


class Ledger:
    """
    The accounts.

    Attributes:
        house: stands for all other users of the exchange.
        accounts: all of them, the house first.
        fees: what the exchange has earned.
    """

    def __init__(self, house: Account, accounts: list[Account]) -> None:
        self.house = house
        self.accounts = [house, *accounts]
        self.fees = 0

    def by_key(self, api_key: str) -> Account | None:
        """Return whose key it is."""
        return next((it for it in self.accounts if it.api_key == api_key and api_key), None)

    def total(self) -> int:
        """Return all money there is."""
        return self.fees + sum(account.total for account in self.accounts)

    @staticmethod
    def match(account: Account, stake: int) -> None:
        """Set a stake aside."""
        account.available -= stake
        account.matched += stake

    @staticmethod
    def lock(account: Account, stake: int) -> None:
        """Put a stake on the chain."""
        account.matched -= stake
        account.escrowed += stake

    @staticmethod
    def give_back(account: Account, stake: int) -> None:
        """Return a stake that never got onto the chain."""
        account.matched -= stake
        account.available += stake

    def settle(self, fill: Fill, outcome: Outcome) -> None:
        """Pay one side of a match. The pot is paid once: to the winner, or back to both."""
        account = fill.order.account
        account.escrowed -= fill.stake
        if outcome == 0:
            fill.paid, fill.fee = fill.stake, 0
        elif fill.order.on_one == (outcome == 1):
            rate = account.maker_fee if fill.is_maker else account.taker_fee
            fill.fee = fee_of(fill.pot - fill.stake, rate)
            fill.paid = fill.pot - fill.fee
        account.available += fill.paid
        self.fees += fill.fee
        fill.outcome = outcome
