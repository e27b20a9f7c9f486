"""
The signature on an order: typed data (EIP-712), written down here a second time on purpose, so that
a client that gets it wrong is not understood.
"""

from collections.abc import Mapping
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.address import is_same_address, to_checksum_address
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from .model import Draft

#: What is signed, in this order.
FIELDS = (
    ("marketHash", "bytes32"),
    ("baseToken", "address"),
    ("totalBetSize", "uint256"),
    ("percentageOdds", "uint256"),
    ("salt", "uint256"),
    ("expiry", "uint256"),
    ("maker", "address"),
    ("isMakerBettingOutcomeOne", "bool"),
)
TYPES = {"Order": [{"name": name, "type": kind} for name, kind in FIELDS]}


class Notary:
    """Knows who signed what, for one domain."""

    def __init__(self, chain_id: int, escrow: str) -> None:
        self.domain: dict[str, Any] = {
            "name": "OBv3 Escrow",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": escrow,
        }

    def _encode(self, draft: Draft) -> Any:
        message = {
            "marketHash": draft.market,
            "baseToken": draft.token,
            "totalBetSize": draft.stake,
            "percentageOdds": draft.odds,
            "salt": draft.salt,
            "expiry": draft.expiry,
            "maker": draft.maker,
            "isMakerBettingOutcomeOne": draft.on_one,
        }
        return encode_typed_data(domain_data=self.domain, message_types=TYPES, message_data=message)

    def order_id(self, draft: Draft) -> str:
        """Return the digest that is signed, which is the order's id."""
        signable = self._encode(draft)
        digest = keccak(b"\x19" + signable.version + signable.header + signable.body)
        return "0x" + digest.hex()

    def is_signed(self, draft: Draft) -> bool:
        """Return whether the maker has signed."""
        return _is_signer(self._encode(draft), draft.signature, draft.maker)


#: The name that the token bears on its chain: a part of what a permit says.
TOKEN_NAME = "USD Coin"  # noqa: S105 -- a name, no secret
_PERMIT = (
    ("owner", "address"),
    ("spender", "address"),
    ("value", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)


def is_permitted(chain_id: int, token: str, permit: Mapping[str, Any], signature: str) -> bool:
    """Return whether a permit (EIP-2612) is signed by its owner."""
    domain = {
        "name": TOKEN_NAME,
        "version": "1",
        "chainId": chain_id,
        "verifyingContract": token,
    }
    types = {"Permit": [{"name": name, "type": kind} for name, kind in _PERMIT]}
    signable = encode_typed_data(domain_data=domain, message_types=types, message_data=dict(permit))
    return _is_signer(signable, signature, permit["owner"])


def _is_signer(signable: Any, signature: str, address: str) -> bool:
    try:
        signer = Account.recover_message(signable, signature=signature)
    except (BadSignature, ValidationError, ValueError):
        return False
    return is_same_address(signer, address)


def invented(*facts: object) -> str:
    """Return 32 bytes that depend on some facts and nothing else, as `0x` and digits."""
    return "0x" + keccak(text=":".join(str(fact) for fact in facts)).hex()


def invented_address(*facts: object) -> str:
    """Return an address that depends on some facts and nothing else."""
    return to_checksum_address(invented(*facts)[:42])
