"""The watchdog names the plugin that holds up the loop."""

import asyncio
import io
import json
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from tests.ops.test_logs import settings_of
from xarb_runtime.ops.logs import logging_to
from xarb_runtime.ops.watchdog import blamed, watching_the_loop

PLUGIN = """
def held_up(wait):
    return wait()
"""


def plugin_that_blocks() -> Any:
    module: dict[str, Any] = {"__name__": "xarb_plugins.slow.venue"}
    exec(compile(PLUGIN, "slow/venue.py", "exec"), module)
    return module["held_up"]


def test_the_innermost_plugin_is_blamed() -> None:
    frame: FrameType = plugin_that_blocks()(sys._getframe)

    assert blamed(frame)[0] == "plugin slow"


def test_where_no_plugin_is_at_work_the_module_is_named() -> None:
    who, calls = blamed(sys._getframe())

    assert who == __name__
    assert calls[-1].endswith("test_where_no_plugin_is_at_work_the_module_is_named")


async def test_a_blocked_loop_is_logged_with_who_blocks_it(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, service={"blocked_loop": "5ms"})
    out = io.StringIO()
    with logging_to(settings, tmp_path, out), watching_the_loop(settings):
        while not out.getvalue():
            plugin_that_blocks()(lambda: threading.Event().wait(0.05))
            await asyncio.sleep(0)

    line = json.loads(out.getvalue().splitlines()[0])
    assert (line["message"], line["fields"]["by"]) == ("loop_blocked", "plugin slow")
    assert line["fields"]["blocked_ms"] >= 5
