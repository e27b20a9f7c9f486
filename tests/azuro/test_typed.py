"""
What is signed is what a general encoder signs, whatever the numbers are.
"""

import importlib
import sys
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.worlds import REGISTRY
from xarb_runtime.plugins.keys import PrivateKey

assert REGISTRY
signing = importlib.import_module("xarb_plugins.azuro.signing")
typed = importlib.import_module("xarb_plugins.azuro.typed")

SECRET = bytes([0x11]) * 32
addresses = st.binary(min_size=20, max_size=20).map(lambda it: f"0x{it.hex()}")


def number(bits: int) -> Any:
    return st.integers(0, 2**bits - 1)


clients = st.fixed_dictionaries(
    {
        "attention": st.text(max_size=40),
        "affiliate": addresses,
        "core": addresses,
        "expiresAt": number(256),
        "chainId": number(64),
        "relayerFeeAmount": number(256),
        "isFeeSponsored": st.booleans(),
        "isBetSponsored": st.booleans(),
        "isSponsoredBetReturnable": st.booleans(),
    }
)
bets = st.fixed_dictionaries(
    {
        "conditionId": number(256),
        "outcomeId": number(128),
        "minOdds": number(64),
        "amount": number(128),
        "nonce": number(256),
    }
)


def general(client: dict[str, Any], some: list[dict[str, Any]]) -> Any:
    """The same through somebody else's encoder."""

    def spelled(text: str) -> list[dict[str, str]]:
        return [dict(zip(("type", "name"), it.split(), strict=True)) for it in text.split(",")]

    message = {
        "types": {
            "EIP712Domain": spelled(typed._DOMAIN),
            **{name: spelled(text) for name, text in signing._BET.items()},
        },
        "primaryType": "ClientBetData",
        "domain": signing._live(client),
        "message": {"clientData": client, "bets": some},
    }
    return Account.from_key(SECRET).sign_message(encode_typed_data(full_message=message))


@given(client=clients, some=st.lists(bets, min_size=1, max_size=3))
def test_bets_are_signed_as_by_anybody(client: dict[str, Any], some: list[dict[str, Any]]) -> None:
    expected = general(client, some)

    signed = signing.Wallet(PrivateKey(SECRET)).sign_bet(client, some)

    assert signed.digest == bytes(expected.message_hash)
    assert signed.signature == f"0x{bytes(expected.signature).hex()}"


@given(digest=st.binary(min_size=32, max_size=32))
def test_without_a_quick_curve_signatures_are_the_same(digest: bytes) -> None:
    account = Account.from_key(SECRET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "coincurve", None)
        slow = signing._curve(SECRET, account)

    assert slow(digest) == signing._curve(SECRET, account)(digest)


@pytest.mark.parametrize("value", [-1, 2**64])
def test_a_number_that_does_not_fit_is_not_signed(value: int) -> None:
    data = typed.TypedData({"Order": "uint64 minOdds"})
    domain = {"name": "n", "version": "1", "chainId": 1, "verifyingContract": f"0x{'0' * 40}"}

    with pytest.raises(ValueError, match="64 bits"):
        data.digest(domain, {"minOdds": value})
