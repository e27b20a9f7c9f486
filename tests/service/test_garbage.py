"""The collector leaves alone what was there at the start, and still finds what comes later."""

import gc
from collections.abc import Iterator

import pytest

from xarb_runtime.service.garbage import spare_what_stays


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Everything else here is tested with the collector as Python has it."""
    kept = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*kept)


def test_what_was_there_is_spared_and_new_garbage_is_found() -> None:
    class Ring:
        def __init__(self) -> None:
            self.me = self

    spare_what_stays()

    assert gc.get_freeze_count() > 0
    for _ in range(1_000):
        Ring()
    assert gc.collect() >= 1_000
