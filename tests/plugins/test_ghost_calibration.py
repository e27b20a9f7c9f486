"""
Calibrated ghosts: what is drawn for an order, and that it agrees with what was observed.
"""

import subprocess
import sys
from collections import Counter
from functools import cache
from typing import Any, Literal

import pytest

from tests.plugins.worlds import ROOT, ghost, opening, order, run, settings
from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import Accepted

MANY = 2_000


@cache
def fates(venue: str, seed: int = 1) -> list[Any]:
    return [ghost.calibration.draw(venue, seed, f"x-{number}:1:0") for number in range(MANY)]


def share(counted: int) -> float:
    return counted / MANY


def test_azuro_refuses_as_often_and_for_the_reasons_that_were_seen() -> None:
    refused = Counter(it.reason for it in fates("azuro") if it.answer == "refused")

    assert share(refused.total()) == pytest.approx(204 / 380, abs=0.04)
    assert share(refused["Condition is not active"]) == pytest.approx(121 / 380, abs=0.04)
    assert share(refused["Real odds less than min odds"]) == pytest.approx(73 / 380, abs=0.04)


def test_azuro_answers_at_once_and_accepts_or_rejects_much_later() -> None:
    placed = [it for it in fates("azuro") if it.answer == "accepted"]
    answers = sorted(parse_duration_ms(it.after) for it in placed)
    ends = [it.reports[0] for it in placed]

    assert answers[len(answers) // 2] == pytest.approx(124, abs=4)
    assert answers[len(answers) * 95 // 100] == pytest.approx(163, abs=3)
    assert all(10_000 <= parse_duration_ms(it.after) <= 30_000 for it in ends)
    rejected = sum(it.status.value == "refused" for it in ends)
    assert rejected / len(ends) == pytest.approx(9 / 73, abs=0.04)


def test_sx_finds_nothing_as_often_as_was_seen_and_locks_later() -> None:
    drawn = fates("sx")
    nothing = [it for it in drawn if it.reports[0].code == "NO_LIQUIDITY"]
    matched = [it.reports for it in drawn if it.reports[0].status.value == "filled"]

    assert share(len(nothing)) == pytest.approx(131 / 308, abs=0.04)
    assert len(nothing) + len(matched) == MANY
    gaps = {parse_duration_ms(b.after) - parse_duration_ms(a.after) for a, b in matched}
    assert {1200, 2800, 3300} == gaps
    assert [report.final for report in matched[0]] == [False, True]


@pytest.mark.parametrize("venue", ["azuro", "sx"])
def test_a_fate_does_not_depend_on_what_was_drawn_before(venue: Literal["azuro", "sx"]) -> None:
    draw = ghost.calibration.draw
    forward = [draw(venue, 7, str(number)) for number in range(50)]
    backward = [draw(venue, 7, str(number)) for number in reversed(range(50))]

    assert forward == backward[::-1]
    assert forward != [draw(venue, 8, str(number)) for number in range(50)]


def test_a_fate_is_the_same_in_every_process() -> None:
    code = (
        "from tests.plugins.worlds import ghost\n"
        "print([ghost.calibration.draw('azuro', 7, str(n)).after for n in range(20)])"
    )

    def ask(hash_seed: str) -> str:
        environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, timeout=150
        ).stdout

    assert ask("1") == ask("2")


def test_the_script_comes_before_what_is_drawn() -> None:
    async def scene() -> list[Any]:
        script = settings(calibrated="azuro", orders=[{"answer": "unknown"}])
        async with ghost.open_ghost(opening("azuro", script)) as venue:
            return [await venue.place(order(f"x-{number}:1:0")) for number in range(40)]

    first, *others = run(scene())

    assert first.reason == "the venue cannot say"
    assert {"open"} == {it.report.status.value for it in others if isinstance(it, Accepted)}
