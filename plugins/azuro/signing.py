"""
Signatures: the EIP-712 messages that Azuro's contracts check.

The order of the fields is part of what is signed. Nothing here sends anything.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from xarb_runtime.plugins.keys import KeyProblemError, PrivateKey

#: What Ethereum adds to the recovery bit of a signature.
_RECOVERY = 27
_CLIENT = (
    "string attention,address affiliate,address core,uint256 expiresAt,uint256 chainId,"
    "uint256 relayerFeeAmount,bool isFeeSponsored,bool isBetSponsored,bool isSponsoredBetReturnable"
)
_BET = {
    "ClientBetData": "ClientData clientData,SubBet[] bets",
    "ClientData": _CLIENT,
    "SubBet": ("uint256 conditionId,uint128 outcomeId,uint64 minOdds,uint128 amount,uint256 nonce"),
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


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """
    A message that was signed.

    Attributes:
        digest: the 32 bytes that the signature is over.
        signature: 65 bytes, `0x` and hexadecimal digits.
    """

    digest: bytes
    signature: str


class Wallet:
    """
    An address that can sign.

    Attributes:
        address: with its checksum, as contracts show it.
        bettor: in lower case, as the API wants it.
    """

    def __init__(self, key: PrivateKey) -> None:
        try:
            from eth_account import Account  # noqa: PLC0415 -- an extra: only who trades needs it
        except ImportError as error:
            message = "signing needs the extra evm: pip install 'xarb[evm]'"
            raise KeyProblemError(message) from error
        self._key = key
        try:
            # Typed loosely by its authors.
            self._account: Any = Account.from_key(key.secret)  # pyright: ignore[reportUnknownMemberType]
        except Exception:  # noqa: BLE001 -- whatever it is about, it may quote the key
            message = "expected a private key of secp256k1, found a number out of its range"
            raise KeyProblemError(message) from None
        self._curve = _curve(key.secret, self._account)
        self.address: str = self._account.address
        self.bettor = self.address.lower()

    def __repr__(self) -> str:
        return f"Wallet({self.address})"

    def sign_bet(self, client: Mapping[str, Any], bets: Sequence[Mapping[str, Any]]) -> Signed:
        """
        Sign a single bet.

        Args:
            client: the fields of `ClientData`, numbers as integers.
            bets: the one `SubBet`, in a list as the contract has it.
        """
        message = {"clientData": dict(client), "bets": [dict(bet) for bet in bets]}
        return self._sign(_BET, _live(client), message)

    def sign_combo(
        self,
        client: Mapping[str, Any],
        combo: Mapping[str, Any],
        parts: Sequence[Mapping[str, Any]],
    ) -> Signed:
        """
        Sign a combo. The venue places none; the vectors keep the signing honest.

        Args:
            client: the fields of `ClientData`, numbers as integers.
            combo: minOdds, amount and nonce.
            parts: one `ComboPart` for each leg.
        """
        message = {"clientData": dict(client), **combo, "bets": [dict(part) for part in parts]}
        return self._sign(_COMBO, _live(client), message)

    def sign_cashout(self, contract: str, order: Mapping[str, Any]) -> Signed:
        """
        Sign that a bet may be bought back.

        Args:
            contract: the chain's cashout contract.
            order: the fields of `CashOutOrder`, with its items.
        """
        domain = _domain("Cash Out", order["chainId"], contract)
        return self._sign(_CASHOUT, domain, dict(order))

    def _sign(
        self, types: Mapping[str, str], domain: Mapping[str, Any], message: Mapping[str, Any]
    ) -> Signed:
        digest = _typed(tuple(types.items())).digest(domain, message)
        return Signed(digest=digest, signature=f"0x{self._curve(digest).hex()}")


def _curve(secret: bytes, account: Any) -> Callable[[bytes], bytes]:
    """Return what makes a digest a signature of 65 bytes."""
    try:
        from coincurve import PrivateKey as CurveKey  # noqa: PLC0415 -- Python signs, too, slowly
    except ImportError:
        return lambda digest: bytes(account.unsafe_sign_hash(digest).signature)
    key: Any = CurveKey(secret)  # kept: making it takes as long as signing

    def sign(digest: bytes) -> bytes:
        signature = key.sign_recoverable(digest, hasher=None)
        return signature[:-1] + bytes([signature[-1] + _RECOVERY])

    return sign


@cache
def _typed(types: tuple[tuple[str, str], ...]) -> Any:
    from .typed import TypedData  # noqa: PLC0415 -- an extra: only who trades needs it

    return TypedData(dict(types))


def _live(client: Mapping[str, Any]) -> dict[str, Any]:
    return _domain("Live Betting", client["chainId"], client["core"])


def _domain(name: str, chain_id: int, contract: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": "1.0.0",
        "chainId": chain_id,
        "verifyingContract": contract,
    }
