"""
What is signed, and what comes out: computed once by Azuro's own toolkit and once by eth-account.
"""

from typing import Any

from eth_account.messages import SignableMessage

from tests.azuro.outside import CHAINS
from xarb_plugins.azuro.fake.typed import cashout_order, combo_bet, single_bet

PLACES = "By signing this transaction, I agree to place a bet for an event on Azuro Protocol"
SELLS = "By signing this transaction, I agree to cash out on 'Azuro SDK Example"
EXPIRES = 1_790_000_000
BET = {
    "conditionId": 300610060000000000847934050000000000002435769680,
    "outcomeId": 29,
    "minOdds": 1_500_000_000_000,
    "amount": 10_000_000,
    "nonce": 1_789_999_700_000,
}
COMBO = {"minOdds": 3_050_000_000_000, "amount": 5_000_000, "nonce": 1_789_999_700_001}
PARTS = [
    {"conditionId": 300610060000000000847934050000000000002435769680, "outcomeId": 29},
    {"conditionId": 300610060000000000306992750000000000009084689496, "outcomeId": 377},
]
ITEM = {
    "betId": 12345,
    "bettingContract": CHAINS["PolygonUSDT"].core,
    "minOdds": 1_250_000_000_000,
}

DIGESTS = {
    "A": "0xacb0136ec12b7f486739acb5a4e03cb6bed291d1eec4f0658b8fe42bce586815",
    "B": "0x51f257f233fab8c28c27156a88975cec6e6a6b4789d9e9fa40e4a2eed984ae4c",
    "C": "0x8d8145f59716e5f992c9f7e8f3110199cb82d7204b965adf030a19c6fcc5b4b1",
    "D": "0xcb131b8a477c613cb2511b5ce4865d965323b40a75463172049d093e86527227",
}
SIGNATURES = {
    "A": (
        "0x292c8537c1af2e252f184c70882cf57d53224f5e8ac18fbe9d8d84c9343dc5d7"
        "3e33db0e79bc1725987d20075f9008e8e60871acd3f3f2408c841d9ba7ca2a641c"
    ),
    "B": (
        "0x6217d84826508b7d207af78c9c0a13c494eb8aaeef51165b06e36d3706a5d5d4"
        "75ce8ba40dcbafb02339a75c7071457aafa58b55809d46eddd2cca1cc74442931b"
    ),
    "C": (
        "0x56fd472f9a3bae4e5bb99f5d7f6b8990640c7021b671c0b17644ee919b66c7b5"
        "4d46ab84f6b8c9cb567b31e0b318538e2b3224eaea315c967f98ed7f5a2522111c"
    ),
    "D": (
        "0xc5ffc7fad8a2aa3001a596c5cf9e820c84d4205b2416834870bc636bd9299c73"
        "0485ca25bafc92b5cd6efa1d5c1cd716771c59d61e713b01457e410f2c7368c41b"
    ),
}


def client(environment: str = "PolygonUSDT", attention: str = PLACES) -> dict[str, Any]:
    chain = CHAINS[environment]
    return {
        "attention": attention,
        "affiliate": "0x" + "00" * 20,
        "core": chain.core,
        "expiresAt": EXPIRES,
        "chainId": chain.chain_id,
        "relayerFeeAmount": 0,
        "isFeeSponsored": False,
        "isBetSponsored": False,
        "isSponsoredBetReturnable": False,
    }


def imitated() -> dict[str, SignableMessage]:
    """The messages as the imitation reads them."""
    polygon = CHAINS["PolygonUSDT"]
    return {
        "A": single_bet(client(), BET),
        "B": combo_bet(client(), COMBO | {"bets": PARTS}),
        "C": cashout_order(polygon.chain_id, polygon.cashout, SELLS, ITEM, EXPIRES),
        "D": single_bet(client("PolygonAmoyUSDT", ""), BET),
    }
