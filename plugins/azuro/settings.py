"""
The settings of a connection to Azuro.
"""

import re
from decimal import Decimal
from typing import NoReturn

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.keys import KeyPlace

from .environments import ENVIRONMENTS

NOBODY = "0x0000000000000000000000000000000000000000"
ATTENTION = "By signing this transaction, I agree to place a bet for an event on Azuro Protocol"
LONGEST_ATTENTION = 160
#: Fewer requests than this, and looking at a single order would use them up.
LEAST_RATE = 5

_ADDRESS = re.compile(r"^0x[0-9a-fA-F]{40}$")
_DURATIONS = (
    "expiry",
    "absence_margin",
    "final_after",
    "timeout",
    "poll",
    "poll_slowest",
    "reconcile",
    "prices_for",
    "limits_for",
    "rate_window",
    "cashout_expiry",
)


class AzuroSettings(KeyPlace, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A connection to Azuro.

    Attributes:
        environment: `PolygonUSDT`, `BaseWETH`, or a test chain: `PolygonAmoyUSDT`,
            `BaseSepoliaWETH`. It names chain, contracts, bet token and hosts.
        url: the REST API, up to `/public`; empty for the environment's own.
        ws_url: the streams, up to `/streams`; empty for the environment's own.
        rpc_url: a node of the chain, JSON-RPC. Empty: balance and allowance are not looked at.
        affiliate: the wallet that earns the front end's share.
        attention: the text that a wallet would show; part of what is signed.
        expiry: the signature is good for so long after the order's own expiry: the time that the
            venue has to put it on the chain.
        absence_margin: so long after that an order that nobody knows of was never placed.
        final_after: an acceptance that has stood so long counts as final.
        min_stake, max_stake: of one order, whatever the venue would take.
        max_relayer_fee: the most that the relayer may ask for an order, in the bet token.
        timeout: deadline of one request.
        poll: pause before an order is first looked at, and at first between looks.
        poll_slowest: the longest pause between two looks at an order that is under way.
        reconcile: pause between looks at the list of our bets.
        stream: odds are heard from the stream; if false, asked for with each quote.
        prices_for: odds that the stream has not confirmed for so long are asked for again.
        limits_for: so long a limit is good for.
        rate, rate_window: at most so many requests in so long; Azuro publishes no limit.
        cashout: bets may be sold back: outcome `cashout:<outcome id>`.
        cashout_attention: as `attention`, for cashouts.
        cashout_expiry: the longest validity of a cashout that is signed.
    """

    environment: str = "PolygonUSDT"
    url: str = ""
    ws_url: str = ""
    rpc_url: str = ""
    affiliate: str = NOBODY
    attention: str = ATTENTION
    expiry: str = "30s"
    absence_margin: str = "15s"
    final_after: str = "60s"
    min_stake: Decimal = Decimal(1)
    max_stake: Decimal = Decimal(1000)
    max_relayer_fee: Decimal = Decimal(0)
    timeout: str = "5s"
    poll: str = "1s"
    poll_slowest: str = "5s"
    reconcile: str = "60s"
    stream: bool = True
    prices_for: str = "10s"
    limits_for: str = "500ms"
    rate: int = 100
    rate_window: str = "10s"
    cashout: bool = False
    cashout_attention: str = "By signing this transaction, I agree to cash out a bet on Azuro"
    cashout_expiry: str = "2m"

    def __post_init__(self) -> None:
        if self.environment not in ENVIRONMENTS:
            _refuse("environment", f"one of {', '.join(ENVIRONMENTS)}", self.environment)
        for name in _DURATIONS:
            _check_duration(name, getattr(self, name))
        for name, schemes in (("url", "http"), ("ws_url", "ws"), ("rpc_url", "http")):
            address = getattr(self, name)
            if address and not address.startswith((f"{schemes}://", f"{schemes}s://")):
                _refuse(
                    name,
                    f"an address that begins with {schemes}:// or {schemes}s://",
                    _head(address),
                )
        if not _ADDRESS.match(self.affiliate):
            _refuse("affiliate", "an address: 0x and 40 hexadecimal digits", self.affiliate)
        for name in ("attention", "cashout_attention"):
            if len(getattr(self, name)) > LONGEST_ATTENTION:
                _refuse(name, f"at most {LONGEST_ATTENTION} characters", len(getattr(self, name)))
        self._check_amounts()

    def _check_amounts(self) -> None:
        if not 0 < self.min_stake <= self.max_stake:
            _refuse("min_stake", f"more than 0, at most {self.max_stake}", self.min_stake)
        if self.max_relayer_fee < 0:
            _refuse("max_relayer_fee", "0 or more", self.max_relayer_fee)
        if self.rate < LEAST_RATE:
            _refuse("rate", f"{LEAST_RATE} or more", self.rate)
        if self.milliseconds("poll_slowest") < self.milliseconds("poll"):
            _refuse("poll_slowest", f"{self.poll} or more", self.poll_slowest)

    def milliseconds(self, name: str) -> int:
        """Return the duration of that name in milliseconds."""
        return parse_duration_ms(getattr(self, name))


def _head(address: str) -> str:
    """Return how an address begins; behind that there may be a key."""
    scheme, colon, _ = address.partition("://")
    return f"{scheme}://..." if colon else "one without ://"


def _check_duration(name: str, text: str) -> None:
    try:
        positive = parse_duration_ms(text) > 0
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if not positive:
        _refuse(name, "a duration above 0", text)


def _refuse(name: str, expected: str, found: object) -> NoReturn:
    raise ValueError(f"{name}: expected {expected}, found {found}")
