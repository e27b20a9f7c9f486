"""
What bettors sign, as the contracts define it, and who signed it.

Written down here a second time on purpose, and checked by eth-account's own encoder: a client that
signs something else than the contracts read is found out.
"""

from collections.abc import Mapping
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

_DOMAIN = "string name,string version,uint256 chainId,address verifyingContract"
_CLIENT = (
    "string attention,address affiliate,address core,uint256 expiresAt,uint256 chainId,"
    "uint256 relayerFeeAmount,bool isFeeSponsored,bool isBetSponsored,bool isSponsoredBetReturnable"
)
_SINGLE = {
    "ClientBetData": "ClientData clientData,SubBet[] bets",
    "ClientData": _CLIENT,
    "SubBet": "uint256 conditionId,uint128 outcomeId,uint64 minOdds,uint128 amount,uint256 nonce",
}
_COMBO = {
    "ClientComboBetData": (
        "ClientData clientData,uint64 minOdds,uint128 amount,uint256 nonce,ComboPart[] bets"
    ),
    "ClientData": _CLIENT,
    "ComboPart": "uint256 conditionId,uint128 outcomeId",
}
_CASHOUT = {
    "CashOutOrder": "string attention,uint256 chainId,CashOutItem[] items,uint64 expiresAt",
    "CashOutItem": "uint256 betId,address bettingContract,uint64 minOdds",
}


def single_bet(client: Mapping[str, Any], bet: Mapping[str, Any]) -> SignableMessage:
    """Return what is signed for a single bet; both as in the body of the request."""
    return _bet(_SINGLE, client, {"bets": [_whole(bet)]})


def combo_bet(client: Mapping[str, Any], data: Mapping[str, Any]) -> SignableMessage:
    """Return what is signed for a combo; `data` holds minOdds, amount, nonce and bets."""
    numbers = {name: int(data[name]) for name in ("minOdds", "amount", "nonce")}
    return _bet(_COMBO, client, numbers | {"bets": [_whole(part) for part in data["bets"]]})


def cashout_order(
    chain_id: int, contract: str, attention: str, item: Mapping[str, Any], expires: int
) -> SignableMessage:
    """Return what is signed for a cashout of one bet."""
    message = {
        "attention": attention,
        "chainId": chain_id,
        "items": [dict(item)],
        "expiresAt": expires,
    }
    return _typed(_CASHOUT, "Cash Out", chain_id, contract, message)


def digest(message: SignableMessage) -> str:
    """Return the hash that is signed."""
    return "0x" + keccak(b"\x19" + message.version + message.header + message.body).hex()


def signer(message: SignableMessage, signature: str) -> str | None:
    """Return the address of whoever signed, in lower case; None where nobody can have."""
    try:
        return str(Account.recover_message(message, signature=signature)).lower()
    except (ValueError, TypeError, BadSignature, ValidationError):
        return None


def _bet(
    types: Mapping[str, str], client: Mapping[str, Any], rest: Mapping[str, Any]
) -> SignableMessage:
    data = dict(client) | {"relayerFeeAmount": int(client["relayerFeeAmount"])}
    message = {"clientData": data, **rest}
    return _typed(types, "Live Betting", int(client["chainId"]), str(client["core"]), message)


def _typed(
    types: Mapping[str, str], name: str, chain_id: int, contract: str, message: Mapping[str, Any]
) -> SignableMessage:
    fields = {"EIP712Domain": _DOMAIN, **types}
    domain = {
        "name": name,
        "version": "1.0.0",
        "chainId": chain_id,
        "verifyingContract": contract,
    }
    full = {
        "types": {name: _fields(spec) for name, spec in fields.items()},
        "primaryType": next(iter(types)),
        "domain": domain,
        "message": dict(message),
    }
    return encode_typed_data(full_message=full)


def _fields(spec: str) -> list[dict[str, str]]:
    pairs = (part.split() for part in spec.split(","))
    return [{"type": kind, "name": name} for kind, name in pairs]


def _whole(bet: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(value) for name, value in bet.items()}
