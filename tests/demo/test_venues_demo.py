"""
The whole mission on both venues' protocols: three processes, real signatures, real moods.
"""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.servers.rabbitmq import Broker
from xarb_runtime.ops.demo.board import make_games

KEYS = ("11" * 32, "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318")
ENDS = {"completed", "hedged", "unwound", "aborted", "rejected", "closed"}


def demo(folder: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "xarb_runtime.cli", "venues-demo", "--folder", str(folder)]
    done = subprocess.run(
        [*command, "--json", "--rate", "6", "--delays", "0.05", *options],
        capture_output=True, text=True, timeout=280, check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def check(report: dict[str, Any], count: int) -> None:
    assert report["executions"] + report["attended"]["unpriced"] == count
    assert sum(report["orders"].values()) > 0
    assert set(report["ends"]) <= ENDS
    assert not report["differing"]
    assert report["open_incidents"] == 0
    assert report["attended"]["exit_code"] == 0


@pytest.mark.timeout(300)
def test_both_venues_say_what_the_journal_says(tmp_path: Path) -> None:
    report = demo(tmp_path / "desk", "-n", "24")

    check(report, 24)
    assert set(report["orders"]) == {"sx", "azuro"}
    written = [path for path in (tmp_path / "desk").rglob("*") if path.is_file()]
    for key in KEYS:
        # The simulators' own output holds what an operator is to paste; nothing else may.
        leaked = [
            path
            for path in written
            if key.encode() in path.read_bytes() and not path.name.endswith("simulator.out")
        ]
        assert not leaked


@pytest.mark.timeout(300)
def test_the_same_from_a_broker(tmp_path: Path, broker: Broker) -> None:
    report = demo(tmp_path / "desk", "-n", "8", "--bus", broker.url)

    check(report, 8)


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("mode: live\n")
    command = [sys.executable, "-m", "xarb_runtime.cli", "venues-demo", "--folder", str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)

    assert done.returncode == 2
    assert "expected a new or an empty folder" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["settings.yaml"]


@pytest.mark.parametrize("seed", range(5))
def test_games_have_a_margin_between_the_venues(seed: int) -> None:
    for game in make_games(24, seed):
        margin = 1 / (game.first / 100 + 1 / game.second) - 1
        assert 0 < margin < 0.04
        assert game.first % Decimal("0.125") == 0
        assert set(game.wins_a) | set(game.wins_b) == {"low", "middle", "high"}
        assert not set(game.wins_a) & set(game.wins_b)
