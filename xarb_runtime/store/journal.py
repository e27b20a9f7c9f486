"""
The journal: the one writer.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, nullcontext

from xarb_runtime.store.batch import Batch
from xarb_runtime.store.lease import Holder, holder_is_alive
from xarb_runtime.store.queries import Queries
from xarb_runtime.store.records import Recovered


class Journal:
    """The one writer of a store (signatures; the bodies are being written)."""

    epoch: int
    queries: Queries

    @classmethod
    def open(
        cls,
        url: str,
        *,
        owner: str,
        clock_ms: Callable[[], int],
        lease_ms: int = 10_000,
        wait_ms: int = 0,
        io_guard: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
        second_reader: bool = True,
        holder: Holder | None = None,
        is_alive: Callable[[Holder], bool] = holder_is_alive,
    ) -> AbstractAsyncContextManager["Journal"]:
        raise NotImplementedError

    async def commit(self, batch: Batch) -> None:
        raise NotImplementedError

    async def renew(self) -> None:
        """Renew the lease; call it at least every third of `lease_ms` when nothing is committed."""
        raise NotImplementedError

    async def seen(self, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        raise NotImplementedError

    async def recover(self) -> Recovered:
        raise NotImplementedError
