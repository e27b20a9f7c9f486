"""
How late the event loop is, measured by sleeping.
"""

import asyncio
from collections.abc import Callable

#: Pause between two looks, seconds; a look costs microseconds.
PAUSE = 0.5


async def watch_lag(lagged: Callable[[float], None], *, pause: float = PAUSE) -> None:
    """Say again and again how much later than asked a sleep ended, in seconds; until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + pause
        await asyncio.sleep(pause)
        lagged(max(0.0, loop.time() - due))
