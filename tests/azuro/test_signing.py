"""
Signatures, byte for byte, as Azuro's own toolkit makes them.

The vectors were computed with the official toolkit and with eth-account; the two agreed.
"""

from typing import Any

import pytest

from tests.azuro.inside import BETTOR, FOOTBALL, KEY, part, settings
from xarb_runtime.plugins.keys import KeyProblemError, PrivateKey

signing, environments, sales = part("signing"), part("environments"), part("sales")

POLYGON = environments.ENVIRONMENTS["PolygonUSDT"]
AMOY = environments.ENVIRONMENTS["PolygonAmoyUSDT"]
TENNIS = 300610060000000000306992750000000000009084689496
ATTENTION = part("settings").ATTENTION
SINGLE = {
    "conditionId": int(FOOTBALL),
    "outcomeId": 29,
    "minOdds": 1500000000000,
    "amount": 10000000,
    "nonce": 1789999700000,
}


@pytest.fixture
def wallet() -> Any:
    return signing.Wallet(PrivateKey(bytes.fromhex(KEY[2:])))


def client_data(environment: Any = POLYGON, attention: str = ATTENTION) -> dict[str, Any]:
    return {
        "attention": attention,
        "affiliate": "0x0000000000000000000000000000000000000000",
        "core": environment.core,
        "expiresAt": 1790000000,
        "chainId": environment.chain_id,
        "relayerFeeAmount": 0,
        "isFeeSponsored": False,
        "isBetSponsored": False,
        "isSponsoredBetReturnable": False,
    }


def shown(signed: Any) -> tuple[str, str]:
    return signed.digest.hex(), signed.signature


def test_vector_a_a_single_bet(wallet: Any) -> None:
    assert shown(wallet.sign_bet(client_data(), [SINGLE])) == (
        "acb0136ec12b7f486739acb5a4e03cb6bed291d1eec4f0658b8fe42bce586815",
        (
            "0x292c8537c1af2e252f184c70882cf57d53224f5e8ac18fbe9d8d84c9343dc5d7"
            "3e33db0e79bc1725987d20075f9008e8e60871acd3f3f2408c841d9ba7ca2a641c"
        ),
    )


def test_the_request_is_the_one_that_the_official_client_sends(wallet: Any) -> None:
    terms = part("terms").Terms(
        nonce=SINGLE["nonce"],
        condition=SINGLE["conditionId"],
        outcome=SINGLE["outcomeId"],
        min_odds=SINGLE["minOdds"],
        amount=SINGLE["amount"],
        expires_at=1790000000,
    )

    body = part("orders").Orders(None, POLYGON, settings(), wallet).body(terms, 0)

    assert body == {
        "environment": "PolygonUSDT",
        "bettor": BETTOR,
        "betOwner": BETTOR,
        "clientBetData": {
            "clientData": client_data() | {"relayerFeeAmount": "0"},
            "bet": {
                "conditionId": FOOTBALL,
                "outcomeId": 29,
                "minOdds": "1500000000000",
                "amount": "10000000",
                "nonce": "1789999700000",
            },
        },
        "bettorSignature": (
            "0x292c8537c1af2e252f184c70882cf57d53224f5e8ac18fbe9d8d84c9343dc5d7"
            "3e33db0e79bc1725987d20075f9008e8e60871acd3f3f2408c841d9ba7ca2a641c"
        ),
    }


def test_vector_b_a_combo(wallet: Any) -> None:
    combo = {"minOdds": 3050000000000, "amount": 5000000, "nonce": 1789999700001}
    parts = [
        {"conditionId": int(FOOTBALL), "outcomeId": 29},
        {"conditionId": TENNIS, "outcomeId": 377},
    ]

    assert shown(wallet.sign_combo(client_data(), combo, parts)) == (
        "51f257f233fab8c28c27156a88975cec6e6a6b4789d9e9fa40e4a2eed984ae4c",
        (
            "0x6217d84826508b7d207af78c9c0a13c494eb8aaeef51165b06e36d3706a5d5d4"
            "75ce8ba40dcbafb02339a75c7071457aafa58b55809d46eddd2cca1cc74442931b"
        ),
    )


def test_vector_c_a_cashout(wallet: Any) -> None:
    item = {"betId": 12345, "bettingContract": POLYGON.core, "minOdds": 1250000000000}
    order = {
        "attention": "By signing this transaction, I agree to cash out on 'Azuro SDK Example",
        "chainId": 137,
        "items": [item],
        "expiresAt": 1790000000,
    }

    assert shown(wallet.sign_cashout(POLYGON.cashout, order)) == (
        "8d8145f59716e5f992c9f7e8f3110199cb82d7204b965adf030a19c6fcc5b4b1",
        (
            "0x56fd472f9a3bae4e5bb99f5d7f6b8990640c7021b671c0b17644ee919b66c7b5"
            "4d46ab84f6b8c9cb567b31e0b318538e2b3224eaea315c967f98ed7f5a2522111c"
        ),
    )


def test_vector_d_another_chain_and_no_text(wallet: Any) -> None:
    assert shown(wallet.sign_bet(client_data(AMOY, ""), [SINGLE])) == (
        "cb131b8a477c613cb2511b5ce4865d965323b40a75463172049d093e86527227",
        (
            "0xc5ffc7fad8a2aa3001a596c5cf9e820c84d4205b2416834870bc636bd9299c73"
            "0485ca25bafc92b5cd6efa1d5c1cd716771c59d61e713b01457e410f2c7368c41b"
        ),
    )


def test_the_wallet_is_the_vectors_and_does_not_show_its_key(wallet: Any) -> None:
    assert wallet.address == "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
    assert wallet.bettor == "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"
    assert KEY[2:] not in repr(wallet) + str(vars(wallet))


def test_a_number_that_is_no_key_is_not_quoted() -> None:
    too_large = b"\xff" * 32

    with pytest.raises(KeyProblemError, match="out of its range") as caught:
        signing.Wallet(PrivateKey(too_large))

    assert caught.value.__cause__ is None
    assert "ff" * 8 not in str(caught.value)
