"""
Orders that fare as in real life: a few hundred show everything, and the seed decides.
"""

import importlib
import random
from collections import Counter
from typing import Any

import aiohttp

from tests.sx_bet.fake_world import MARKET, FakeSettings, OrderFate, World, played

faults = importlib.import_module("xarb_plugins.sx_bet.fake.faults")

scripts = importlib.import_module("xarb_runtime.plugins.simulator_script")

DEEP = {"hash": MARKET, "two": [{"percent": 50, "size": 10**6}], "refill": "0ms"}


def calibrated(seed: int = 0) -> Any:
    settings = FakeSettings(calibrated=True, seed=seed)
    return faults.Faults(settings, scripts.FaultScript((), seed, lambda: 0))


def drawn(seed: int, count: int) -> list[OrderFate]:
    script = calibrated(seed)
    return [script.of_order(f"opportunity-{number}") for number in range(count)]


def test_two_hundred_orders_have_every_fate() -> None:
    found = drawn(0, 200)

    kinds = Counter(
        name
        for fate in found
        for name in OrderFate.__struct_fields__
        if getattr(fate, name) != getattr(OrderFate(), name)
    )
    assert set(kinds) - {"fails_first"} == {
        "most_percent",
        "cancelled",
        "fails",
        "hidden_looks",
        "hidden_ms",
        "forgets",
        "answer",
        "slow_ms",
        "breaks_streams",
    }
    assert {fate.answer for fate in found} == {"", "lost", "error"}
    assert sum(fate == OrderFate() for fate in found) > 100


def test_the_seed_and_the_orders_name_decide_and_nothing_else() -> None:
    forward = drawn(3, 50)
    script = calibrated(3)
    backward = [script.of_order(f"opportunity-{number}") for number in reversed(range(50))]

    assert backward[::-1] == forward
    assert drawn(4, 50) != forward


def test_the_second_attempt_of_an_order_has_a_fate_of_its_own() -> None:
    script = calibrated()
    fates = [script.of_order("the same") for _ in range(50)]

    assert len(set(map(repr, fates))) > 1


def test_shares_come_out_as_they_are_said() -> None:
    mix = faults.CALIBRATED
    dice = random.Random(1)
    found = [faults.drawn_fate(mix, dice) for _ in range(20_000)]

    for fits, share in (
        (lambda fate: fate.cancelled == "NO_LIQUIDITY", mix.unfilled),
        (lambda fate: fate.most_percent < 100, mix.partial),
        (lambda fate: fate.answer == "lost", mix.lost),
        (lambda fate: fate.fails or fate.fails_first, mix.taken_back),
    ):
        count = sum(map(fits, found))
        assert 0.8 < count / (20 * share) < 1.25


@played(calibrated=True, markets=[DEEP], accounts=[{"balance": 100_000}])
async def test_a_demo_ends_well(world: World) -> None:
    states: Counter[str] = Counter()
    for number in range(200):
        row = world.me.order(clientOrderId=f"demo-{number}")
        try:
            status, body = await world.me.post(row)
        except aiohttp.ClientConnectionError:
            states["lost"] += 1
            continue
        if status != 200:
            states[str(status)] += 1
            continue
        states[body["data"]["orders"][0]["outcome"]["state"]] += 1
    await world.wait(10)

    assert set(states) == {
        "lost",
        "503",
        "FULLY_FILLED",
        "PARTIAL_FILL_DONE",
        "CANCELLED",
        "TIMEOUT",
    }
    assert {fill.state.value for fill in world.control.fills()} == {"LOCKED", "FAILED"}
    # What was lost on the way back is there; what ended in an error is not.
    assert len(world.control.truth()) == 200 - states["503"]
