"""
Whether a store could be opened for work, found out without touching it.
"""

import time
from collections.abc import Callable

from xarb_runtime.store.backend import backend_of
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.lease import Holder, holder_is_alive


def check_store(
    url: str,
    *,
    now_ms: int | None = None,
    is_alive: Callable[[Holder], bool] = holder_is_alive,
    mode: str = "",
) -> list[str]:
    """
    Return everything that would stop a runtime of a mode from opening the store at `url`.

    Changes nothing: what does not exist yet is not created, what is behind is not migrated.
    """
    now_ms = now_ms if now_ms is not None else time.time_ns() // 1_000_000
    try:
        return backend_of(url).check(now_ms, is_alive, mode)
    except StoreError as error:
        return [str(error)]
