"""A store of its own for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.world import Store
from xarb_runtime.store.journal import Journal


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "a folder" / "store.db")


@pytest.fixture
async def journal(store: Store) -> AsyncIterator[Journal]:
    async with store.open() as journal:
        yield journal
