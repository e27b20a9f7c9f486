"""The imitation's settings: written in YAML, refused where they cannot be meant."""

from typing import Any

import msgspec
import pytest
import yaml

from tests.azuro.outside import THROW_AWAY_KEY, FakeSettings, azuro, imitation

WRITTEN = """
environment: PolygonAmoyUSDT
calibrated: true
seed: 7
delay_scale: 0.1
latency: 80ms
bettors:
  - address: "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
    balance: 250
    allowance: 200
games:
  - id: "1"
    title: A - B
    state: Prematch
    starts_in: 2h
    conditions:
      - id: "31"
        outcomes:
          - {id: 29, odds: 2.08}
          - {id: 30, odds: 1.9}
checks: {odds: async}
"""


def read(raw: Any) -> FakeSettings:
    return msgspec.convert(raw, FakeSettings, strict=False)


def test_they_are_written_in_yaml() -> None:
    settings = read(yaml.safe_load(WRITTEN))

    assert (settings.environment, settings.seed) == ("PolygonAmoyUSDT", 7)
    assert str(settings.games[0].conditions[0].outcomes[0].odds) == "2.08"
    assert (settings.checks.odds, settings.checks.state) == ("async", "sync")


def test_everything_has_a_default() -> None:
    assert read({}) == FakeSettings()


OUTCOME = {"id": 1, "odds": "2"}
CONDITION = {"id": "1", "outcomes": [OUTCOME]}
WRONG: dict[str, tuple[Any, str]] = {
    "unknown key": ({"colour": "red"}, "colour"),
    "odds of 1": (
        {"games": [{"id": "1", "conditions": [CONDITION | {"outcomes": [OUTCOME | {"odds": 1}]}]}]},
        "odds: expected",
    ),
    "odds with three digits": (
        {
            "games": [
                {"id": "1", "conditions": [CONDITION | {"outcomes": [OUTCOME | {"odds": "2.001"}]}]}
            ]
        },
        "odds: expected",
    ),
    "an id of letters": ({"games": [{"id": "x", "conditions": []}]}, "id: expected digits"),
    "an outcome twice": (
        {"games": [{"id": "1", "conditions": [CONDITION | {"outcomes": [OUTCOME, OUTCOME]}]}]},
        "outcomes: expected different ids",
    ),
    "a condition twice": (
        {"games": [{"id": "1", "conditions": [CONDITION, CONDITION]}]},
        "games: expected every condition once",
    ),
    "a delay without a unit": ({"accepted_after": "10"}, "accepted_after: expected a duration"),
    "delays the wrong way round": ({"accepted_after": "40s"}, "accepted_within: expected"),
    "time that runs back": ({"delay_scale": -1}, "delay_scale: expected"),
    "a mode that is none": ({"repeats": "twice"}, "repeats"),
    "an unknown environment": ({"environment": "Moon"}, "environment: expected one of"),
    "no address": ({"bettors": [{"address": "0x1"}]}, "address: expected"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_meant_is_refused_with_its_key(case: str) -> None:
    raw, words = WRONG[case]

    with pytest.raises(msgspec.ValidationError, match=words):
        read(raw)


async def test_its_section_is_one_of_the_plugins_settings() -> None:
    async with imitation(environment="BaseSepoliaWETH", cashout=True) as bettor:
        settings = msgspec.convert(bettor.section, azuro.AzuroSettings)

    assert (settings.environment, settings.cashout) == ("BaseSepoliaWETH", True)
    assert settings.url.startswith("http://127.0.0.1:")
    assert settings.ws_url.startswith("ws://127.0.0.1:")
    assert settings.rpc_url.endswith("/rpc")


async def test_it_listens_on_loopback_and_names_the_key() -> None:
    async with imitation() as bettor:
        assert bettor.url.startswith("http://127.0.0.1:")
        assert bettor.environ == {bettor.section["key_env"]: THROW_AWAY_KEY}
