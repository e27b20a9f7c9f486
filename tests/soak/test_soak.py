"""
A short soak: every kind of fault once, and every law holds. `make soak` runs a long one.
"""

import sys
from pathlib import Path

import pytest

from tests.soak.campaign import Settings, soak
from tests.soak.faults import KINDS, QUEUE_FULL
from tests.soak.report import report
from tests.soak.verdicts import verdict

SETTINGS = Settings(count=300, seed=1, quick=True, max_length=60, pace=10.0)


@pytest.mark.timeout(600)
async def test_whatever_breaks_everything_is_accounted_for_once(tmp_path: Path) -> None:
    evidence, figures = await soak(tmp_path, SETTINGS, sys.stdout.write)

    problems = verdict(evidence)
    sys.stdout.write(report(SETTINGS, evidence, figures, problems))
    assert problems == []
    assert figures.faults.keys() == KINDS.keys()
    assert figures.others["refused because the queue was full"], f"{QUEUE_FULL} was never so"
    ended = [it.state for it in evidence.executions.values()]
    assert ended.count("completed") > SETTINGS.count / 3, "too few were executed to say much"
