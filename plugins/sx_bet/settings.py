"""
The settings of a connection to SX Bet.

The API key is a secret: it stands in `.secrets.yaml` or in the environment, not in `settings.yaml`,
which may name the variable. The private key is no setting at all; what is here says where it is.
"""

import re
from decimal import Decimal
from typing import Literal, NoReturn

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.keys import KeyPlace

#: What the exchange says is the longest it waits with an answer.
LONGEST_WAIT_MS = 15_000
SHORTEST_HEARTBEAT_MS = 6_000
#: With fewer, looking up a single order takes minutes.
LEAST_FILLS = 10

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_DURATIONS = (
    "max_wait",
    "request_timeout",
    "expiry_margin",
    "absence_margin",
    "heartbeat_timeout",
    "poll_pause",
)


class SxBetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A connection to SX Bet. Amounts are in USDC, the one currency of its order book.

    Attributes:
        url: the REST service.
        realtime_url: the websocket; empty for none: everything is then asked for again and again.
        chain_id: the chain one means to trade on. If the exchange names another one, nothing is
            signed. 4162 is the main net, 79479957 the test net.
        api_key: the account's API key (V3). A secret: `.secrets.yaml`, or the environment.
        api_key_env: the variable of the environment that holds the API key; instead of `api_key`.
        keystore_file: an encrypted JSON keystore with the account's private key.
        password_env: the variable of the environment that holds the keystore's password.
        key_env: the variable of the environment that holds the private key itself; instead of
            `keystore_file`.
        address: the account's address, to be sure that the key is the right one; empty: any.
        min_stake, max_stake: the least and the most that one order may stake.
        time_in_force: `IOC` takes what is there and drops the rest, `FOK` takes all or nothing,
            `GTC` lets the rest of an order wait in the book.
        wait_for_outcome: let the exchange answer an order only when it knows what became of it.
        max_wait: for how long at most; the exchange allows 15s. Less than `call_deadline`.
        request_timeout: deadline of a single request, without `max_wait`.
        expiry_margin: an order's signed expiry lies this long behind the moment after which it is
            not sent any more. Longer than the betting delay, or the exchange refuses the order.
        absence_margin: an order that the exchange does not find counts as absent when its signed
            expiry is this long past. Covers clocks that differ and an index that lags.
        heartbeat_timeout: open orders are cancelled by the exchange when it has not heard from us
            for this long. Refreshed after a third of it.
        rate_limit: requests that may be sent in a minute.
        rate_kept: how many of them only orders, cancels and looking orders up may use.
        rate_fills: requests for fills that may be sent in a minute. V2's limit; V3's is not known.
        poll_pause: pause between two looks at an order while the websocket is down.
    """

    url: str = "https://api.sx.bet"
    realtime_url: str = "wss://realtime.sx.bet/connection/websocket"
    chain_id: int = 4162
    api_key: str = ""
    api_key_env: str = ""
    keystore_file: str = ""
    password_env: str = "XARB_KEYSTORE_PASSWORD"  # noqa: S105 -- the name of a variable
    key_env: str = ""
    address: str = ""
    min_stake: Decimal = Decimal(1)
    max_stake: Decimal = Decimal(1000)
    time_in_force: Literal["IOC", "FOK", "GTC"] = "IOC"
    wait_for_outcome: bool = True
    max_wait: str = "2s"
    request_timeout: str = "5s"
    expiry_margin: str = "20s"
    absence_margin: str = "15s"
    heartbeat_timeout: str = "60s"
    rate_limit: int = 500
    rate_kept: int = 200
    rate_fills: int = 200
    poll_pause: str = "2s"

    def __post_init__(self) -> None:
        for name in _DURATIONS:
            _check_duration(name, getattr(self, name))
        if not self.url.startswith(("http://", "https://")):
            _refuse("url", "an address such as https://api.sx.bet", self.url)
        if self.realtime_url and not self.realtime_url.startswith(("ws://", "wss://")):
            _refuse("realtime_url", "an address that begins with wss://", self.realtime_url)
        if self.api_key and self.api_key_env:
            _refuse("api_key_env", "one of api_key and api_key_env", "both")
        if self.address and not _ADDRESS.fullmatch(self.address):
            _refuse("address", "0x and 40 hexadecimal digits", self.address)
        if not 0 < self.min_stake <= self.max_stake:
            _refuse("min_stake", "an amount above 0 and at most max_stake", self.min_stake)
        self._check_rates()
        if parse_duration_ms(self.max_wait) > LONGEST_WAIT_MS:
            _refuse("max_wait", "at most 15s", self.max_wait)
        if parse_duration_ms(self.heartbeat_timeout) < SHORTEST_HEARTBEAT_MS:
            _refuse("heartbeat_timeout", "at least 6s", self.heartbeat_timeout)

    def _check_rates(self) -> None:
        if not self.rate_limit > self.rate_kept >= 0:
            _refuse("rate_kept", f"0 or more, less than rate_limit ({self.rate_limit})", "it not")
        if self.rate_fills < LEAST_FILLS:
            _refuse("rate_fills", f"at least {LEAST_FILLS}", self.rate_fills)

    def __repr__(self) -> str:
        return f"SxBetSettings(url={self.url!r}, api_key=***)"

    @property
    def key_place(self) -> KeyPlace:
        """Where the private key is."""
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
