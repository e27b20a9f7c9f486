"""
Whoever holds up the loop is named.
"""

import asyncio
import threading
import types

from xarb_runtime.service.watchdog import Blockage, watch_loop

LIMIT_MS = 20


def plugin_that_waits(release: threading.Event) -> types.ModuleType:
    """A plugin module with a function that blocks until it is released."""
    module = types.ModuleType("xarb_plugins.sleepy.client")
    code = compile("def block(event):\n    event.wait(10)\n", "client.py", "exec")
    exec(code, module.__dict__)
    return module


async def test_a_plugin_that_blocks_the_loop_is_named_once() -> None:
    release = threading.Event()
    seen: list[Blockage] = []

    def report(found: Blockage) -> None:
        seen.append(found)
        release.set()

    with watch_loop(LIMIT_MS, report):
        plugin_that_waits(release).block(release)
        await asyncio.sleep(0)

    (found,) = seen
    assert (found.plugin, found.where, found.function) == ("sleepy", "client.py:2", "block")
    assert found.held_ms >= LIMIT_MS


async def test_a_loop_that_answers_is_left_alone() -> None:
    seen: list[Blockage] = []

    with watch_loop(10_000, seen.append):
        await asyncio.sleep(0)

    assert seen == []
