"""
The checks of an order on its arrival.
"""

from collections.abc import Callable, Iterator

import msgspec

from .exchange import Exchange
from .house import House
from .model import Account, Draft
from .odds import WHOLE, step, units
from .refusals import Refusal
from .settings import CheckLevel, FakeSettings
from .signing import Notary

#: The code of a failed check in an order's entry, and what the answer to a request says instead.
_CODES = {
    "base_token": "BAD_BASE_TOKEN",
    "size": "TOTAL_BET_SIZE_TOO_LOW",
    "odds": "PERCENTAGEODDS_UNDEFINED_OR_MALFORMED",
    "ladder": "INVALID_ODDS",
    "expiry": "EXPIRED",
    "market": "INVALID_MARKET",
    "proxy": "PROXY_NOT_DEPLOYED",
    "signature": "SIGNATURE_MISMATCH",
    "balance": "INSUFFICIENT_BALANCE",
    "duplicate": "ORDERS_ALREADY_EXIST",
}
_WORDS: dict[str, str | list[str]] = {
    "expiry": ["expiry must be in the future, beyond the betting delay"],
    "balance": "Insufficient available balance",
}


class Checks:
    """Finds what is wrong with orders, at the level the settings say."""

    def __init__(
        self, settings: FakeSettings, exchange: Exchange, house: House, notary: Notary
    ) -> None:
        self._settings, self._exchange = settings, exchange
        self._house, self._notary = house, notary
        self._fine: dict[str, Callable[[Account, Draft, int], bool]] = {
            "base_token": self._is_base_token,
            "size": self._is_large_enough,
            "odds": self._are_odds,
            "ladder": self._is_on_ladder,
            "expiry": self._is_in_future,
            "market": self._is_market,
            "proxy": self._has_proxy,
            "signature": self._is_signed,
            "balance": self._has_balance,
            "duplicate": self._is_new,
        }

    def named(self, draft: Draft) -> Draft:
        """Return an order with its id."""
        return msgspec.structs.replace(draft, id=self._notary.order_id(draft))

    def check_request(self, account: Account, draft: Draft, now_ms: int) -> None:
        """
        Refuse the whole request if a check fails that is told there.

        Raises:
            Refusal: one fails.
        """
        for name in self._failed(account, draft, now_ms, "request"):
            raise Refusal(400, _WORDS.get(name, _CODES[name]))

    def entry_problem(self, account: Account, draft: Draft, now_ms: int) -> str:
        """Return the code of the first failed check that is told in the entry; '' when none."""
        names = self._failed(account, draft, now_ms, "entry")
        return next((_CODES[name] for name in names), "")

    def _failed(
        self, account: Account, draft: Draft, now_ms: int, level: CheckLevel
    ) -> Iterator[str]:
        for name, is_fine in self._fine.items():
            told = getattr(self._settings.checks, name) == level
            if told and not is_fine(account, draft, now_ms):
                yield name

    def _is_base_token(self, _account: Account, draft: Draft, _now_ms: int) -> bool:
        return draft.token.lower() == self._settings.base_token.lower()

    def _is_large_enough(self, _account: Account, draft: Draft, _now_ms: int) -> bool:
        return draft.stake >= units(self._settings.minimum)

    @staticmethod
    def _are_odds(_account: Account, draft: Draft, _now_ms: int) -> bool:
        return 0 < draft.odds < WHOLE

    def _is_on_ladder(self, _account: Account, draft: Draft, _now_ms: int) -> bool:
        return draft.odds % step(self._settings.ladder) == 0

    def _is_in_future(self, _account: Account, draft: Draft, now_ms: int) -> bool:
        market = self._house.market(draft.market)
        delay_ms = self._exchange.delay_ms(market) if market else 0
        return draft.expiry * 1000 > now_ms + delay_ms

    def _is_market(self, _account: Account, draft: Draft, _now_ms: int) -> bool:
        market = self._house.market(draft.market)
        return market is not None and market.active

    @staticmethod
    def _has_proxy(account: Account, _draft: Draft, _now_ms: int) -> bool:
        return account.deployed

    def _is_signed(self, account: Account, draft: Draft, _now_ms: int) -> bool:
        return draft.maker == account.address and self._notary.is_signed(draft)

    @staticmethod
    def _has_balance(account: Account, draft: Draft, _now_ms: int) -> bool:
        return draft.stake <= account.available

    def _is_new(self, _account: Account, draft: Draft, _now_ms: int) -> bool:
        return draft.id not in self._exchange.orders
