"""
The stand-in's settings: as a user writes them, and what is wrong with those that are refused.
"""

import importlib
from typing import Any

import msgspec
import pytest
import yaml

from tests.plugins.worlds import REGISTRY
from tests.sx_bet.fake_world import FakeSettings, World, played
from xarb_runtime.plugins.settings import open_settings

TEXT = """
accounts:
  - api_key: my-simulator-key
    balance: 2500.50
markets:
  - hash: "0x7154aa3580267e276cccd0f4f826464a05e3efd8e1c81d7717bef6b5ae88b07d"
    league: 243
    sport: 8
    live: true
    line: -2.5
    one: [{percent: 48.5, size: 5000}]
    two: [{percent: "49.25", size: "2000"}, {percent: 50, size: 800}]
    refill: 2s
delays: {live: 6s, live_by_league: {243: 3s}}
checks: {ladder: request, duplicate: existing}
calibrated: true
mix: {lost: 50}
faults: [{fault: lost, numbers: [3]}]
seed: 7
lock: [1s, 4s]
"""


def read(raw: Any) -> Any:
    return msgspec.convert(raw, FakeSettings, strict=False)


def test_a_users_file_is_read() -> None:
    found = read(yaml.safe_load(TEXT))

    assert str(found.accounts[0].balance) == "2500.5"
    assert [str(level.percent) for level in found.markets[0].two] == ["49.25", "50"]
    assert found.delays.live_by_league == {243: "3s"}
    assert (found.mix.lost, found.mix.taken_back) == (50, 0)
    assert (found.faults[0].fault, found.faults[0].numbers) == ("lost", (3,))


def test_without_settings_there_is_something_to_bet_on() -> None:
    found = FakeSettings()

    assert found.accounts[0].balance == 100_000
    assert found.markets[0].one


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"markets": [{"one": [{"percent": "50.1", "size": 1}]}]}, "multiples of 0.125"),
        ({"markets": [{"one": [{"percent": 100, "size": 1}]}]}, "percent: expected between"),
        ({"markets": [{"one": [{"percent": 50, "size": 0}]}]}, "size: expected above 0"),
        ({"markets": [{"hash": "0x12"}]}, "hash: expected 0x and 64"),
        ({"markets": [{"refill": "soon"}]}, "refill: expected a duration"),
        ({"latency": "20"}, "latency: expected a duration"),
        ({"lock": ["4s", "1s"]}, "lock: expected the least first"),
        ({"delays": {"live_by_sport": {8: "x"}}}, "live_by_sport.8: expected a duration"),
        ({"accounts": []}, "accounts: expected at least one"),
        ({"mix": {"lost": 900, "slow": 101}}, "mix: expected shares of together at most 1000"),
        ({"mix": {"lost": 900, "slow": -1}}, "mix: expected shares of together at most 1000"),
        ({"faults": [{"fault": "lots"}]}, "Invalid enum value 'lots'"),
        ({"faults": [{"fault": "lost", "next": 1, "during": "1s"}]}, "next: expected one of next"),
        ({"faults": [{"fault": "lost", "next": 0}]}, "next: expected 1 or more, found 0"),
        ({"faults": [{"fault": "lost", "numbers": [0]}]}, "numbers: expected 1 or more each"),
        ({"faults": [{"fault": "lost", "per_thousand": 1001}]}, "per_thousand: expected 0 to"),
        ({"faults": [{"fault": "limit", "during": "10"}]}, "during: expected a duration"),
        ({"faults": [{"fault": "lost", "numbers": [1], "skip": 1}]}, "skip: expected 0 or more"),
        ({"faults": [{"fault": "late_index", "looks": 0}]}, "looks: expected 1 or more"),
        ({"rates": {"window": "1"}}, "window: expected a duration"),
        ({"checks": {"ladder": "existing"}}, "Invalid enum value"),
        ({"colour": "red"}, "unknown field `colour`"),
    ],
)
def test_what_contradicts_itself_is_refused(raw: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        read(raw)


@played()
async def test_what_is_told_reaches_the_exchange_as_the_plugins_settings(world: World) -> None:
    spec = REGISTRY.venue("sx_bet")
    section = open_settings(spec, world.simulated.section, "venues.sx")

    assert section.url == world.simulated.url
    assert section.key_env in world.simulated.environ
    async with world.http.ws_connect(section.realtime_url) as socket:
        await socket.send_json({"id": 1})
        await socket.receive()
    assert spec.simulator_settings is FakeSettings


def test_finding_plugins_does_not_import_a_server() -> None:
    script = (
        "import sys\n"
        "from tests.plugins.worlds import REGISTRY\n"
        "assert REGISTRY.venue('sx_bet')\n"
        "print([it for it in ('aiohttp', 'eth_account', 'ccxt') if it in sys.modules])\n"
    )
    subprocess = importlib.import_module("subprocess")
    sys = importlib.import_module("sys")
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "[]"
