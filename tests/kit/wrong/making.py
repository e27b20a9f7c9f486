"""
What wrong venues are made of: the plain one, spoilt in one place.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from xarb_runtime.plugins.contracts import VenueOpening
from xarb_runtime.testing.plain import client
from xarb_runtime.testing.plain.bench import PlainBench

#: By the one case that each of them fails.
WRONG: dict[str, type[PlainBench]] = {}


def wrong(case: str, **spec: Any) -> Callable[[type], type]:
    """Note a wrong venue: it fails this case, and no other."""

    def register(venue: type) -> type:
        assert case not in WRONG, case
        WRONG[case] = bench_of(venue, **spec)
        return venue

    return register


def bench_of(venue: type, **spec: Any) -> type[PlainBench]:
    """Return a bench on which the plain client behaves as `venue` does."""

    @asynccontextmanager
    async def open_wrong(opening: VenueOpening) -> AsyncGenerator[Any, None]:
        async with client.open_plain(opening) as plain:
            plain.__class__ = venue
            yield plain

    changed = msgspec.structs.replace(PlainBench.spec, **{"open": open_wrong, **spec})
    return type(f"{venue.__name__}Bench", (PlainBench,), {"spec": changed})
