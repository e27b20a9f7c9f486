"""What is to go wrong at a simulator: how often, for how long, with which; and what did."""

import pytest

from xarb_runtime.plugins.simulator_faults import FAULTS, ScriptedFault
from xarb_runtime.plugins.simulator_script import FaultScript


class Hand:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


def script(*faults: ScriptedFault, seed: int = 0) -> tuple[FaultScript, Hand]:
    hand = Hand()
    return FaultScript(faults, seed, hand), hand


def orders(made: FaultScript, count: int, first: int = 0) -> list[str]:
    """What goes wrong with so many orders more; empty for nothing."""
    met = (made.strike("order", f"o-{number}") for number in range(first, first + count))
    return ["" if fault is None else fault.fault for fault in met]


def test_where_nothing_else_is_said_the_next_one_is_meant() -> None:
    made, _ = script(ScriptedFault(fault="lost"), ScriptedFault(fault="slow", next=2))

    assert orders(made, 4) == ["lost", "slow", "slow", ""]


def test_the_first_may_go_well() -> None:
    made, _ = script(ScriptedFault(fault="lost", skip=2, next=2))

    assert orders(made, 1) == [""]
    (waiting,) = made.waiting()
    assert (waiting.left, waiting.skip) == (2, 1)
    assert orders(made, 4) == ["", "lost", "lost", ""]


def test_numbers_count_from_the_start() -> None:
    made, _ = script()
    orders(made, 2)
    made.add(ScriptedFault(fault="lost", numbers=(1, 4, 3)))

    assert orders(made, 3) == ["lost", "lost", ""]
    assert made.waiting() == []


def test_a_share_is_met_about_as_often_and_always_by_the_same() -> None:
    lost = ScriptedFault(fault="lost", per_thousand=200)
    forward, _ = script(lost)
    backward, _ = script(lost)
    other, _ = script(lost, seed=1)

    found = orders(forward, 1000)

    assert 150 < found.count("lost") < 250
    names = [f"o-{number}" for number in reversed(range(1000))]
    assert [bool(backward.strike("order", it)) for it in names] == [bool(it) for it in found[::-1]]
    assert orders(other, 1000) != found


def test_an_order_that_comes_again_has_another_fate() -> None:
    made, _ = script(ScriptedFault(fault="error", per_thousand=500))

    assert len({made.strike("order", "again") is None for _ in range(50)}) == 2


def test_a_time_ends_and_a_limit_says_when() -> None:
    made, hand = script(ScriptedFault(fault="limit", during="10s"))
    hand.now_ms += 4_000
    met = made.strike("request", "GET /x")

    assert met is not None
    assert made.limit_ms(met) == 6_000
    hand.now_ms += 6_000
    assert made.strike("request", "GET /x") is None


def test_what_is_met_is_of_its_kind_and_fits() -> None:
    made, _ = script(ScriptedFault(fault="unavailable", only="GET /fills*"))

    assert made.strike("order", "GET /fills") is None
    assert made.strike("request", "GET /orders") is None
    assert made.strike("request", "GET /fills-v3") is not None


def test_what_waits_and_what_happened_is_told() -> None:
    made, hand = script(
        ScriptedFault(fault="lost", next=2), ScriptedFault(fault="away", during="9s")
    )
    orders(made, 1)

    assert [(it.fault, it.left, it.left_ms) for it in made.waiting()] == [
        ("lost", 1, None),
        ("away", None, 9_000),
    ]
    assert [(it.at_ms, it.fault, it.to) for it in made.happened] == [(hand.now_ms, "lost", "o-0")]


def test_nothing_goes_wrong_any_more_when_that_is_said() -> None:
    made, _ = script(ScriptedFault(fault="lost", next=9))
    made.clear()

    assert orders(made, 1) == [""]


@pytest.mark.parametrize("word", FAULTS)
def test_every_word_is_explained(word: str) -> None:
    assert FAULTS[word].text
