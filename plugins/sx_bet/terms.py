"""
The exchange's terms: what `/metadata/obv3` says, and what must be so before anything is signed.
"""

import re

import msgspec

from . import wire
from .odds import ladder_step
from .signing import Domain

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
#: The typed data that we sign.
_DOMAIN_VERSION = "1"
_LARGEST_DECIMALS = 36


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """Part of the metadata."""


class _Asset(_Part, frozen=True):
    base_token: str
    escrow_address: str
    decimals: int
    symbol: str = ""


class _Delays(_Part, frozen=True):
    pregame_ms_default: int = 0
    live_ms_default: int = 0
    league_id_to_ms: dict[str, int] = {}
    sport_id_to_ms: dict[str, int] = {}


class _Limits(_Part, frozen=True):
    order_size_minimum_base_units: int


class Metadata(_Part, frozen=True):
    """All of it that matters to orders."""

    chain_id: int
    domain: Domain
    active_asset: _Asset
    odds_ladder_step_size: int
    limits: _Limits
    betting_delay: msgspec.Raw = msgspec.Raw(b"{}")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """
    What orders are made of at present.

    Attributes:
        domain: the contract that signatures are meant for.
        token: the currency, an address.
        symbol: its name.
        decimals: how many places it has.
        step: the step of the ladder, as a probability.
        minimum: the least stake, in smallest units.
        longest_delay_ms: the longest betting delay that is mentioned.
    """

    domain: Domain
    token: str
    symbol: str
    decimals: int
    step: int
    minimum: int
    longest_delay_ms: int


def read_terms(body: bytes, chain_id: int) -> Terms:
    """
    Return the terms.

    Raises:
        wire.WireError: they are not as they must be; nothing may be signed.
    """
    try:
        told = wire.read_data(body, Metadata)
    except wire.WireError as error:
        raise wire.WireError(f"metadata: {error}") from None
    for problem in _problems(told, chain_id):
        raise wire.WireError(f"metadata: {problem}")
    return Terms(
        domain=told.domain,
        token=told.active_asset.base_token,
        symbol=told.active_asset.symbol,
        decimals=told.active_asset.decimals,
        step=ladder_step(told.odds_ladder_step_size),
        minimum=told.limits.order_size_minimum_base_units,
        longest_delay_ms=_longest_delay_ms(told.betting_delay),
    )


def _problems(told: Metadata, chain_id: int) -> list[str]:
    domain, asset = told.domain, told.active_asset
    checks = [
        (told.chain_id == chain_id, f"expected chain {chain_id}, found {told.chain_id}"),
        (domain.chain_id == told.chain_id, f"the domain names chain {domain.chain_id}"),
        (domain.version == _DOMAIN_VERSION, f"expected version 1, found {domain.version!r}"),
        (
            asset.escrow_address.lower() == domain.verifying_contract.lower(),
            "the escrow is not the contract that signatures are meant for",
        ),
        (_ADDRESS.fullmatch(domain.verifying_contract), "the contract is no address"),
        (_ADDRESS.fullmatch(asset.base_token), "the token is no address"),
        (0 <= asset.decimals <= _LARGEST_DECIMALS, f"{asset.decimals} decimals"),
        (0 < told.odds_ladder_step_size < 10**5, f"ladder of {told.odds_ladder_step_size}"),
        (told.limits.order_size_minimum_base_units > 0, "no minimum"),
    ]
    return [problem for holds, problem in checks if not holds]


def _longest_delay_ms(told: msgspec.Raw) -> int:
    # Only for people to compare: what cannot be read must not keep anybody from trading.
    try:
        delays = wire.read(told, _Delays)
    except wire.WireError:
        return 0
    named = [*delays.league_id_to_ms.values(), *delays.sport_id_to_ms.values()]
    return max([delays.pregame_ms_default, delays.live_ms_default, *named])
