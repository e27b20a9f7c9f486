"""
Whatever is imported, the process rounds money and limits recursion as before.
"""

import asyncio
import subprocess
import sys
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal, Inexact, getcontext

import pytest

from xarb_runtime.plugins.process_wide import process_kept, recursion_limited
from xarb_runtime.service.question import Question


def test_ccxt_and_keys_change_nothing() -> None:
    """In a process of its own: here they are imported already."""
    program = (
        "import sys\n"
        "from decimal import getcontext\n"
        "from xarb_runtime.plugins.process_wide import process_kept\n"
        "before = str(getcontext()), sys.getrecursionlimit()\n"
        "with process_kept():\n"
        "    import ccxt.prediction, eth_account\n"
        "    from ccxt.base.decimal_to_precision import decimal_to_precision\n"
        "    decimal_to_precision('1.25', 1, 1, 2)\n"
        "    during = str(getcontext()), sys.getrecursionlimit()\n"
        "after = str(getcontext()), sys.getrecursionlimit()\n"
        "print(before == after, before != during)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=150, check=False
    )

    assert done.stdout.split() == ["True", "True"], done.stdout + done.stderr


def spoil() -> None:
    sys.setrecursionlimit(sys.getrecursionlimit() + 500)
    getcontext().rounding = ROUND_UP
    getcontext().prec = 5
    getcontext().traps[Inexact] = True
    raise ImportError


def test_it_is_put_back_when_the_import_fails_too() -> None:
    limit = sys.getrecursionlimit()

    with pytest.raises(ImportError), process_kept():
        spoil()

    assert sys.getrecursionlimit() == limit
    assert getcontext().rounding == ROUND_HALF_EVEN
    assert Decimal(1) / 3 == Decimal("0.3333333333333333333333333333")


async def test_a_task_that_was_begun_by_a_plugin_does_not_round_our_money() -> None:
    async def plugin() -> None:
        while True:
            getcontext().rounding = ROUND_UP
            getcontext().prec = 4
            await asyncio.sleep(0)

    with process_kept():
        task = asyncio.create_task(plugin())
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()

    assert Decimal(1) / 3 == Decimal("0.3333333333333333333333333333")


async def test_what_a_question_does_to_decimals_ends_with_it() -> None:
    said: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def call() -> Decimal:
        getcontext().prec = 3
        return Decimal(1) / 3

    question = Question(
        "sx place", call, 1_000, reached=lambda: None, told=said.set_result, clean=str
    )
    question.begin(said.set_exception, lambda _: None)

    assert await said == Decimal("0.333")
    assert Decimal(1) / 3 == Decimal("0.3333333333333333333333333333")


def test_a_limit_that_is_lower_already_stays() -> None:
    limit = sys.getrecursionlimit()

    with recursion_limited(limit + 1):
        assert sys.getrecursionlimit() == limit
    with recursion_limited(limit - 100):
        assert sys.getrecursionlimit() == limit - 100
    assert sys.getrecursionlimit() == limit
