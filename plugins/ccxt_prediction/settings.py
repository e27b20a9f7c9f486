"""
The settings of a prediction market. Keys are never settings: what is here says where they are.
"""

from decimal import Decimal
from typing import Any, Literal, NoReturn

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.keys import KeyPlace

from .dialects import DIALECTS

_DURATIONS = ("deadline", "poll_pause", "rate_window", "expiry_margin", "final_after")


class CcxtSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A prediction market. Amounts are in the exchange's own money.

    Attributes:
        exchange: its name in ccxt: `polymarket`, `kalshi`, `limitless`, `myriad` or `sxbet`.
        sandbox: use the exchange's test net.
        urls: other addresses, by ccxt's own names for them, e.g. `sxbet: http://127.0.0.1:8700`.
        options: handed to ccxt as they are, e.g. `signatureType: 0`.
        wallet_address: the address that holds the money, where that is not the key's own.
        api_key_env, api_secret_env, passphrase_env: variables of the environment that hold the
            credentials of the exchange's API.
        keystore_file, password_env, key_env: where the private key of the wallet is.
        pem_file: where Kalshi's private key is, RSA in PEM.
        time_in_force: `IOC` takes what is there and drops the rest, `FOK` takes all or nothing.
        min_stake, max_stake: the least and the most that one order may stake.
        deadline: of a single request.
        poll_pause: pause between two looks at orders that are not settled.
        rate: requests that may be sent in `rate_window`; left out: what ccxt says.
        rate_window: see `rate`.
        expiry_margin: an order's own expiry, where the exchange knows such a thing, lies this long
            behind the moment after which it is not sent any more.
        final_after: an exchange that does not say when a fill is settled counts as not taking it
            back any more after this long.
    """

    exchange: str
    sandbox: bool = False
    urls: dict[str, str] = {}
    options: dict[str, Any] = {}
    wallet_address: str = ""
    api_key_env: str = ""
    api_secret_env: str = ""
    passphrase_env: str = ""
    keystore_file: str = ""
    password_env: str = "XARB_KEYSTORE_PASSWORD"  # noqa: S105 -- the name of a variable
    key_env: str = ""
    pem_file: str = ""
    time_in_force: Literal["IOC", "FOK"] = "IOC"
    min_stake: Decimal = Decimal(1)
    max_stake: Decimal = Decimal(1000)
    deadline: str = "5s"
    poll_pause: str = "2s"
    rate: int | None = None
    rate_window: str = "60s"
    expiry_margin: str = "30s"
    final_after: str = "2m"

    def __post_init__(self) -> None:
        if self.exchange not in DIALECTS:
            known = ", ".join(sorted(DIALECTS))
            _refuse("exchange", f"one whose orders are understood ({known})", self.exchange)
        for name in _DURATIONS:
            _check_duration(name, getattr(self, name))
        for name, url in self.urls.items():
            if "://" not in url:
                _refuse("urls", f"an address for {name}", url)
        if not 0 < self.min_stake <= self.max_stake:
            _refuse("min_stake", "an amount above 0 and at most max_stake", self.min_stake)
        if self.rate is not None and self.rate < 1:
            _refuse("rate", "at least 1", self.rate)
        if self.keystore_file and self.key_env:
            _refuse("key_env", "one of key_env and keystore_file", "both")

    @property
    def key_place(self) -> KeyPlace:
        """Where the wallet's private key is."""
        return KeyPlace(
            keystore_file=self.keystore_file, password_env=self.password_env, key_env=self.key_env
        )


def _check_duration(name: str, text: str) -> None:
    try:
        found = parse_duration_ms(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if found == 0:
        _refuse(name, "a duration above 0", text)


def _refuse(name: str, expected: str, found: object) -> NoReturn:
    raise ValueError(f"{name}: expected {expected}, found {found}")
