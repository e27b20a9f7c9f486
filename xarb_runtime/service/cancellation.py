"""
Telling apart who was cancelled: we, or a plugin that raises `CancelledError` by itself.
"""

import asyncio


def is_cancelled() -> bool:
    """Tell whether the current task has really been asked to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
