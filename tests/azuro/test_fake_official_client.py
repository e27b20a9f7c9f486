"""
The official client, `@azuro-org/toolkit` from npm, places and follows bets at the imitation.

Nothing of ours is between them: only the host that is compiled into the client is another one.
"""

import asyncio
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from eth_account import Account

from tests.azuro import vectors
from tests.azuro.node import FOLDER, run_script
from tests.azuro.outside import FOOTBALL, THROW_AWAY_ADDRESS, THROW_AWAY_KEY, FakeSettings
from xarb_plugins.azuro.fake import open_simulator
from xarb_plugins.azuro.fake.typed import digest, signer
from xarb_plugins.azuro.signing import Wallet
from xarb_runtime.plugins.contracts import SimulatorOpening
from xarb_runtime.plugins.keys import PrivateKey
from xarb_runtime.service.clock import SystemClock

STAKED = Decimal(10)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the official client saw and did."""
    return asyncio.run(_told(tmp_path_factory.mktemp("toolkit")))


async def _told(folder: Path) -> Any:
    settings = FakeSettings(delay_scale=Decimal("0.02"), cashout=True)
    opening = SimulatorOpening(settings=settings, clock=SystemClock())
    async with open_simulator(opening) as simulated:
        addresses = simulated.section["url"], simulated.section["rpc_url"]
        seen = await asyncio.to_thread(run_script, folder, *addresses, THROW_AWAY_KEY)
        held = [(order.id, order.state) for order in simulated.control.orders]
        return seen | {"held": held, "total": simulated.control.ledger.total}


pytestmark = pytest.mark.timeout(240)


def test_all_sign_the_same(told: Any) -> None:
    signed = told["vectors"]

    assert {name: one["digest"] for name, one in signed.items()} == vectors.DIGESTS
    assert {name: one["signature"] for name, one in signed.items()} == vectors.SIGNATURES
    imitated = vectors.imitated()
    assert {name: digest(message) for name, message in imitated.items()} == vectors.DIGESTS
    for name, message in imitated.items():
        assert signer(message, signed[name]["signature"]) == THROW_AWAY_ADDRESS


def test_our_client_signs_what_the_official_one_signs(told: Any) -> None:
    wallet = Wallet(PrivateKey(bytes.fromhex(THROW_AWAY_KEY[2:])))
    sells = {
        "attention": vectors.SELLS,
        "chainId": 137,
        "items": [vectors.ITEM],
        "expiresAt": vectors.EXPIRES,
    }
    ours = {
        "A": wallet.sign_bet(vectors.client(), [vectors.BET]),
        "B": wallet.sign_combo(vectors.client(), vectors.COMBO, vectors.PARTS),
        "C": wallet.sign_cashout(vectors.CHAINS["PolygonUSDT"].cashout, sells),
        "D": wallet.sign_bet(vectors.client("PolygonAmoyUSDT", ""), [vectors.BET]),
    }

    for name, signed in ours.items():
        assert f"0x{signed.digest.hex()}" == told["vectors"][name]["digest"]
        assert signed.signature == told["vectors"][name]["signature"]


def test_it_reads_the_market(told: Any) -> None:
    market = told["market"]

    assert [game["state"] for game in market["page"]["games"]] == ["Live", "Live"]
    prices = {
        outcome["outcomeId"]: outcome["odds"]
        for condition in market["states"]
        if condition["conditionId"] == FOOTBALL
        for outcome in condition["outcomes"]
    }
    assert prices == {"29": "1.56", "30": "4.02", "31": "6.54"}
    assert len(market["conditions"]) == 3
    assert market["found"] == ["Kuopio PS - Shamrock Rovers FC"]
    assert market["navigation"] == [["basketball", 0], ["football", 1], ["tennis", 1]]
    assert market["sports"] == [["football", 1], ["tennis", 1]]


def test_it_reads_its_limits(told: Any) -> None:
    limits = told["limits"]

    assert (limits["minBet"], limits["maxBet"]) == (1, 8928.57)
    assert limits["fee"]["relayerFeeAmount"] == "0"
    assert int(limits["allowance"]) == 2**256 - 1


def test_its_bet_is_followed_to_the_chain(told: Any) -> None:
    single = told["single"]
    order = single["order"]

    assert single["created"] == {"id": order["id"], "state": "Created"}
    assert single["seen"][0] in {"Created", "Placed", "Sent", "Accepted"}
    assert order["state"] == single["seen"][-1] == "Accepted"
    assert (order["amount"], order["odds"], order["conditions"][0]["price"]) == (10, 1.56, "1.56")
    chain = single["chain"]
    assert (chain["status"], chain["chainId"]) == ("success", 137)
    assert chain["event"]["nonce"] == order["id"].rpartition("_")[2]
    assert chain["event"]["amount"] == "10000000"
    assert chain["event"]["betDatas"][0]["odds"] == "1560000000000"
    assert chain["owner"].lower() == THROW_AWAY_ADDRESS
    assert int(chain["event"]["tokenId"]) == order["betId"]


def test_its_combo_is_followed_to_the_chain(told: Any) -> None:
    order = told["combo"]["order"]

    assert (order["betType"], order["state"], order["odds"]) == ("COMBO", "Accepted", 3.3)
    assert [leg["outcomeId"] for leg in order["conditions"]] == [29, 377]


def test_it_understands_a_refusal(told: Any) -> None:
    answer = told["refused"]["answer"]

    assert (answer["state"], answer["error"]) == ("Rejected", "TooHighMinPrice")
    assert answer["errorMessage"] == "Real odds less than min odds"


def test_it_lists_its_bets(told: Any) -> None:
    listed = [order["id"] for order in told["listed"]]

    assert listed == [told["combo"]["order"]["id"], told["single"]["order"]["id"]]
    assert told["nobody"] is None


def test_it_cashes_a_bet_out(told: Any) -> None:
    cashout = told["cashout"]

    assert cashout["approval"] == "success"
    assert cashout["created"]["state"] == "PROCESSING"
    assert (cashout["order"]["state"], cashout["offer"]["cashoutOdds"]) == ("ACCEPTED", "0.97")
    assert cashout["available"]["availables"][0]["available"] is True


def test_the_imitation_holds_what_the_client_saw(told: Any) -> None:
    states = dict(told["held"])

    assert states[told["single"]["order"]["id"]] == "Accepted"
    assert states[told["combo"]["order"]["id"]] == "Accepted"
    assert len(states) == 3
    assert told["total"] == 1_100_000 * 10**6


def test_the_lock_file_names_no_registry() -> None:
    lock = msgspec.json.decode((FOLDER / "package-lock.json").read_bytes())
    entries = [entry for name, entry in lock["packages"].items() if name]

    assert all("integrity" in entry for entry in entries)
    assert not [entry for entry in entries if re.search("://", entry.get("resolved", ""))]


def test_the_key_is_the_one_that_everybody_knows() -> None:
    assert Account.from_key(THROW_AWAY_KEY).address.lower() == THROW_AWAY_ADDRESS
