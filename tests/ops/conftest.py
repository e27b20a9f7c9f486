"""What holds for all tests with a runtime in this process."""

import pytest

from tests.ops.running import read_once


@pytest.fixture(autouse=True)
def _charts_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xarb_runtime.service.charts.read_chart", read_once)
