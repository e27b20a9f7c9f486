"""Orders are signed byte for byte as two independent encoders sign them."""

import importlib
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.worlds import REGISTRY
from xarb_runtime.plugins.keys import PrivateKey

assert REGISTRY
signing = importlib.import_module("xarb_plugins.sx_bet.signing")

KEY = b"\x11" * 32
ADDRESS = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
MAINNET = signing.Domain("OBv3 Escrow", "1", 4162, "0x890482680C3a0116aBB003B17e7D694D13a6c1eB")
TORONTO = signing.Domain("OBv3 Escrow", "1", 79479957, "0x007D30a86366EdA2a410a176329f991565d8CfA4")
FIELDS = {
    "marketHash": "bytes32",
    "baseToken": "address",
    "totalBetSize": "uint256",
    "percentageOdds": "uint256",
    "salt": "uint256",
    "expiry": "uint256",
    "maker": "address",
    "isMakerBettingOutcomeOne": "bool",
}


def message(**changes: Any) -> Any:
    facts = {
        "market": "0xbb4826699a0c7d80264e31c48ac34f1a5c94cd4f451fa38033af5b5979b6390e",
        "token": "0x6629Ce1Cf35Cc1329ebB4F63202F3f197b3F050B",
        "stake": 1000000,
        "odds": 31500000000000000000,
        "salt": int("ab" * 32, 16),
        "expiry": 1790000000,
        "maker": ADDRESS,
        "on_one": True,
    }
    return signing.Message(**facts | changes)


@pytest.fixture
def signer() -> Any:
    return signing.Signer(PrivateKey(KEY))


def test_the_address_of_a_key(signer: Any) -> None:
    assert signer.address == ADDRESS


def test_an_order_of_the_main_net(signer: Any) -> None:
    digest = signing.digest(MAINNET, message())

    assert signing.domain_separator(MAINNET).hex() == (
        "b3675a4d701b0ece8dd63527e45f6567e9604c1c8046d4d3713630766e58edf5"
    )
    assert signing.struct_hash(message()).hex() == (
        "518613904bb1dd1a5e532ed43298495aff7ef8bdfdb421a03ea50371495c7b06"
    )
    assert digest.hex() == "caad27b2a2531bd4c03e0f412dd97921e486a767f8e316233b032dd19245526d"
    assert signer.sign(digest) == (
        "0x697f6640675d8e8c7410fea1cf12f76d30a339312fb024c108c20dae14f22788"
        "150958618b03499cb38bb79428b0d81797d87b89825cf8743d64c0ef0f8ee0ae1c"
    )


def test_an_order_of_the_test_net(signer: Any) -> None:
    digest = signing.digest(
        TORONTO,
        message(
            market="0x" + "22" * 32,
            token="0x1BC6326EA6aF2aB8E4b6Bc83418044B1923b2956",
            stake=5000000,
            odds=50000000000000000000,
            salt=123,
            expiry=0,
        ),
    )

    assert digest.hex() == "6b0391484730681dc5da837f02f4b375f1d5db5ab683a72164b72628e305cfab"
    assert signer.sign(digest) == (
        "0x7d02da96e8cefdc856ea325babf43a22b9d6fcf78f9737d82b90cb9feb7080ba"
        "6a5515e076cb18ace18fd1fd94d24c9a6d662411da0aa0534f44ccec9d36cc2d1c"
    )


@given(
    stake=st.integers(0, 2**128),
    odds=st.integers(1, 10**20 - 1),
    salt=st.integers(0, 2**256 - 1),
    expiry=st.integers(0, 2**40),
    market=st.binary(min_size=32, max_size=32),
    on_one=st.booleans(),
)
def test_any_order_is_signed_as_another_encoder_signs_it(
    stake: int, odds: int, salt: int, expiry: int, market: bytes, on_one: bool
) -> None:
    ours = message(
        stake=stake,
        odds=odds,
        salt=salt,
        expiry=expiry,
        market="0x" + market.hex(),
        on_one=on_one,
    )
    theirs = encode_typed_data(
        domain_data={
            "name": MAINNET.name,
            "version": MAINNET.version,
            "chainId": MAINNET.chain_id,
            "verifyingContract": MAINNET.verifying_contract,
        },
        message_types={"Order": [{"name": n, "type": t} for n, t in FIELDS.items()]},
        message_data={
            "marketHash": market,
            "baseToken": ours.token,
            "totalBetSize": stake,
            "percentageOdds": odds,
            "salt": salt,
            "expiry": expiry,
            "maker": ADDRESS,
            "isMakerBettingOutcomeOne": on_one,
        },
    )
    signature = signing.Signer(PrivateKey(KEY)).sign(signing.digest(MAINNET, ours))

    assert signature == "0x" + Account.sign_message(theirs, KEY).signature.hex()


def test_a_signer_does_not_show_its_key(signer: Any) -> None:
    assert "11111111" not in repr(signer)
