"""Settings that hold for every test."""

import os
from collections.abc import Iterator
from decimal import localcontext
from typing import Any

import pytest
from hypothesis import settings

from tests.side_by_side import BothEnds, place
from xarb_runtime.plugins.process_wide import process_kept

with process_kept():  # later imports find them imported, and change nothing any more
    import eth_account  # noqa: F401

# The same examples on every machine, and no limit that depends on how busy it is.
settings.register_profile("xarb", derandomize=True, deadline=None, database=None)
settings.load_profile("xarb")

# Real servers: started once a test asks for one.
pytest_plugins = ("tests.servers.fixtures", "tests.servers.postgres_fixtures")

# Tables are as wide as the commands make them; a worker of the tests is told another width.
os.environ.pop("COLUMNS", None)


@pytest.fixture(autouse=True)
def _decimals() -> Iterator[None]:
    """Whatever a test, or what it calls, does to the context of decimals ends with it."""
    with localcontext():
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those that wait at the front, those that calculate at the back."""
    items.sort(key=place)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BothEnds:
    """Let workers begin at both ends."""
    return BothEnds(config, log)
