"""
The stand-in understands the signatures of others, and nothing else.
"""

import importlib

import msgspec
import pytest
from eth_account import Account

from tests.sx_bet.fake_world import KEY, model

signing = importlib.import_module("xarb_plugins.sx_bet.fake.signing")

ADDRESS = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"

#: Computed with two libraries that know nothing of each other, from the key 0x11…11.
MAINNET = (
    signing.Notary(4162, "0x890482680C3a0116aBB003B17e7D694D13a6c1eB"),
    model.Draft(
        market="0xbb4826699a0c7d80264e31c48ac34f1a5c94cd4f451fa38033af5b5979b6390e",
        maker=ADDRESS,
        token="0x6629Ce1Cf35Cc1329ebB4F63202F3f197b3F050B",
        stake=1_000_000,
        odds=31_500_000_000_000_000_000,
        salt=int("ab" * 32, 16),
        expiry=1_790_000_000,
        on_one=True,
        time_in_force="FOK",
        signature="0x697f6640675d8e8c7410fea1cf12f76d30a339312fb024c108c20dae14f22788150958618b03499cb3"
        "8bb79428b0d81797d87b89825cf8743d64c0ef0f8ee0ae1c",
    ),
    "0xcaad27b2a2531bd4c03e0f412dd97921e486a767f8e316233b032dd19245526d",
)
TORONTO = (
    signing.Notary(79479957, "0x007D30a86366EdA2a410a176329f991565d8CfA4"),
    model.Draft(
        market="0x" + "22" * 32,
        maker=ADDRESS,
        token="0x1BC6326EA6aF2aB8E4b6Bc83418044B1923b2956",
        stake=5_000_000,
        odds=50_000_000_000_000_000_000,
        salt=123,
        expiry=0,
        on_one=True,
        time_in_force="GTC",
        signature="0x7d02da96e8cefdc856ea325babf43a22b9d6fcf78f9737d82b90cb9feb7080ba6a5515e076cb18ace1"
        "8fd1fd94d24c9a6d662411da0aa0534f44ccec9d36cc2d1c",
    ),
    "0x6b0391484730681dc5da837f02f4b375f1d5db5ab683a72164b72628e305cfab",
)


@pytest.mark.parametrize(("notary", "draft", "order_id"), [MAINNET, TORONTO])
def test_known_signatures_are_understood(notary, draft, order_id) -> None:
    assert notary.order_id(draft) == order_id
    assert notary.is_signed(draft)


@pytest.mark.parametrize(
    "change",
    [
        {"stake": 1_000_001},
        {"odds": 31_625_000_000_000_000_000},
        {"salt": 1},
        {"expiry": 1_790_000_001},
        {"on_one": False},
        {"market": "0x" + "00" * 32},
        {"maker": "0x740d5718a79A8559fEeE8B00922F8Cd773A81D84"},
        {"token": "0x1BC6326EA6aF2aB8E4b6Bc83418044B1923b2956"},
        {"signature": "0x" + "00" * 65},
    ],
)
def test_any_other_order_is_not_signed(change: dict[str, object]) -> None:
    notary, draft, order_id = MAINNET
    changed = msgspec.structs.replace(draft, **change)

    assert not notary.is_signed(changed)
    assert ("signature" in change) == (notary.order_id(changed) == order_id)


def test_a_signature_for_one_chain_is_none_for_another() -> None:
    _, draft, _ = MAINNET

    assert not TORONTO[0].is_signed(draft)
    assert not signing.Notary(4162, "0x007D30a86366EdA2a410a176329f991565d8CfA4").is_signed(draft)


def test_a_known_permit_is_understood() -> None:
    # The digest is known; whoever signs just that has signed the permit.
    digest = "0x81f693cba45c3549d70746728807f34d833f11386aaaecdd13577d20ac6934b1"
    signature = "0x" + Account.unsafe_sign_hash(digest, KEY).signature.hex()
    token = "0x6629Ce1Cf35Cc1329ebB4F63202F3f197b3F050B"
    permit = {
        "owner": ADDRESS,
        "spender": "0x38aef22152BC8965bf0af7Cf53586e4b0C4E9936",
        "value": 100_000_000_000,
        "nonce": 0,
        "deadline": 1_789_692_000,
    }

    assert signing.is_permitted(4162, token, permit, signature)
    assert not signing.is_permitted(4162, token, permit | {"nonce": 1}, signature)
    assert not signing.is_permitted(416, token, permit, signature)
