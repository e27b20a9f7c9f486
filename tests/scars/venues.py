"""
Two ghost venues over HTTP in a thread of this process: they outlive the runtime, and start at once.
"""

import asyncio
import importlib
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.plugins.worlds import settings
from tests.soak.deployment import CAN, PRICES

server = importlib.import_module("xarb_plugins.ghost.server")
SECONDS = 60.0


def scripts() -> dict[str, dict[str, Any]]:
    """What both do: they fill everything, and sx calls it final a moment later."""
    plain: dict[str, Any] = {"latency": "5ms", "prices": PRICES}
    return {
        "sx": {**plain, "capabilities": CAN["sx"], "final_after": "100ms"},
        "azuro": {**plain, "capabilities": CAN["azuro"]},
    }


@contextmanager
def venues(folder: Path) -> Iterator[dict[str, str]]:
    """Serve both venues for as long as the block lasts; give their URLs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="venues", daemon=True)
    thread.start()
    stack = AsyncExitStack()

    async def begin() -> dict[str, str]:
        return {
            name: await stack.enter_async_context(
                server.serve(settings(**script), 0, folder / f"{name}.book", name=name)
            )
            for name, script in scripts().items()
        }

    # Entered and left by one task, as its task groups ask for.
    urls: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    ended = asyncio.Event()

    async def serve() -> None:
        async with stack:
            await urls.put(await begin())
            await ended.wait()

    serving = asyncio.run_coroutine_threadsafe(serve(), loop)
    try:
        yield asyncio.run_coroutine_threadsafe(urls.get(), loop).result(SECONDS)
    finally:
        loop.call_soon_threadsafe(ended.set)
        serving.result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()
