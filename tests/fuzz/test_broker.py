"""
Bad input over a real broker: every message is somewhere in the end, and the runtime never stops.
"""

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz.campaign import Fuzzed, campaign
from tests.fuzz.flood import Account, flood
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import Broker

MEGABYTE = 1024 * 1024


def messages(seed: int, count: int, sound_every: int) -> list[Fuzzed]:
    return list(campaign(seed, count, time.time_ns() // 1_000_000, sound_every=sound_every))


def assert_everything_is_somewhere(account: Account, sent: list[Fuzzed]) -> None:
    assert account.published == len(sent)
    assert account.accounted == account.published
    # Two who have counted: the intake, and what lies in the store and at the broker.
    outcomes = account.outcomes
    assert account.letters.total() == outcomes["malformed"] + outcomes["unsigned"]
    assert all(account.letters)
    read = sum(outcomes[name] for name in ("opportunity", "operator", "too_old", "from_the_future"))
    assert account.rows.total() + account.repetitions == read
    assert account.nobody == sum(_nobody_takes(message.routing_key) for message in sent)


def _nobody_takes(key: str) -> bool:
    return key.partition(".")[0] not in {"opportunity", "operator"}


def assert_the_sound_ones_were_executed(account: Account, sent: list[Fuzzed]) -> None:
    sound = [message.sound for message in sent if message.sound]

    assert len(sound) >= 20
    assert Counter(account.executed.get(name) for name in sound) == {'["completed"]': len(sound)}


@pytest.mark.timeout(600)
async def test_ten_thousand_spoilt_messages(broker: Broker, prefix: str, tmp_path: Path) -> None:
    sent = messages(11, 10_000, 500)
    account = await flood(tmp_path, broker.url, prefix, sent)

    assert_everything_is_somewhere(account, sent)
    assert_the_sound_ones_were_executed(account, sent)
    assert account.letters.total() > 8_000
    # Eighty megabytes have gone through it, the largest messages of three.
    assert account.grown < 150 * MEGABYTE


@pytest.mark.timeout(600)
async def test_three_thousand_on_postgresql(
    broker: Broker,
    prefix: str,
    tmp_path: Path,
    postgres_server: PostgresServer,
    postgres_database: str,
) -> None:
    """A server refuses what a file takes: one such text in a commit, and nothing would go on."""
    sent = messages(12, 3_000, 100)
    store = postgres_server.url(postgres_database)
    account = await flood(tmp_path, broker.url, prefix, sent, store)

    assert_everything_is_somewhere(account, sent)
    assert_the_sound_ones_were_executed(account, sent)
