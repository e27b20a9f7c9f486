"""
Signing orders: typed data (EIP-712), written out for the one type that there is.

A general encoder works the type out anew for every order; here only what differs from order to
order is encoded, which leaves a tenth of a millisecond, nearly all of it for the curve.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey as SigningKey
from eth_utils.address import to_checksum_address

from xarb_runtime.plugins.keys import PrivateKey

_ORDER = keccak(
    b"Order(bytes32 marketHash,address baseToken,uint256 totalBetSize,uint256 percentageOdds,"
    b"uint256 salt,uint256 expiry,address maker,bool isMakerBettingOutcomeOne)"
)
_DOMAIN = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_WORD = 32
#: What Ethereum adds to the recovery bit of a signature.
_RECOVERY = 27


class Domain(msgspec.Struct, frozen=True, rename="camel"):
    """The contract that signatures are meant for, as the metadata names it."""

    name: str
    version: str
    chain_id: int
    verifying_contract: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed, in the exchange's terms."""

    market: str
    token: str
    stake: int
    odds: int
    salt: int
    expiry: int
    maker: str
    on_one: bool


@lru_cache(maxsize=16)  # there is one at a time
def domain_separator(domain: Domain) -> bytes:
    """Return the hash that ties a signature to one contract on one chain."""
    return keccak(
        _DOMAIN
        + keccak(domain.name.encode())
        + keccak(domain.version.encode())
        + _number(domain.chain_id)
        + _address(domain.verifying_contract)
    )


def struct_hash(message: Message) -> bytes:
    """Return the hash of what is signed."""
    return keccak(
        _ORDER
        + bytes.fromhex(message.market.removeprefix("0x"))
        + _address(message.token)
        + _number(message.stake)
        + _number(message.odds)
        + _number(message.salt)
        + _number(message.expiry)
        + _address(message.maker)
        + _number(int(message.on_one))
    )


def digest(domain: Domain, message: Message) -> bytes:
    """Return what the key signs. It is the order's id at the exchange."""
    return keccak(b"\x19\x01" + domain_separator(domain) + struct_hash(message))


class Signer:
    """
    An account that signs.

    Attributes:
        address: the account's, with its checksum in the letters.
    """

    def __init__(self, key: PrivateKey) -> None:
        public_key = SigningKey(key.secret).public_key
        self._curve = _curve(key.secret)
        self.address = to_checksum_address(public_key.to_canonical_address())

    def sign(self, digest: bytes) -> str:
        """Return the signature of a digest, as `0x` and 130 digits."""
        signature = self._curve(digest)
        return "0x" + signature[:-1].hex() + bytes([signature[-1] + _RECOVERY]).hex()

    def __repr__(self) -> str:
        return f"Signer({self.address})"


def _curve(secret: bytes) -> Callable[[bytes], bytes]:
    """Return what makes a digest a signature of 64 bytes and a recovery bit."""
    try:
        from coincurve import PrivateKey as CurveKey  # noqa: PLC0415 -- Python signs, too, slowly
    except ImportError:
        slow = SigningKey(secret)
        return lambda digest: slow.sign_msg_hash(digest).to_bytes()
    # Kept: what others do with the same library makes the key anew for every signature.
    key: Any = CurveKey(secret)  # typed loosely by its authors
    return lambda digest: key.sign_recoverable(digest, hasher=None)


@lru_cache(maxsize=64)
def _address(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x")).rjust(_WORD, b"\0")


def _number(value: int) -> bytes:
    return value.to_bytes(_WORD, "big")
