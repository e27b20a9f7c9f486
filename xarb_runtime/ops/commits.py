"""
Waiting for a commit: no answer is given before what was asked for is on disk.
"""

import asyncio

from xarb_runtime.domain.steps import Step
from xarb_runtime.ops.problems import Problem, ProblemError

#: Longest wait, seconds.
COMMIT_SECONDS = 10


async def committed(said: asyncio.Future[Step | None], what: str) -> Step | None:
    """
    Wait for the commit of what was said, and return its step.

    Raises:
        ProblemError: it takes too long; it may still come.
    """
    try:
        async with asyncio.timeout(COMMIT_SECONDS):
            return await said
    except TimeoutError as error:
        problem = Problem(
            what=f"{what}: no commit yet, it may still come",
            expected=f"a commit within {COMMIT_SECONDS} s",
            found="none",
            do="xarb status tells what became of it; look at the disk and at the log",
        )
        raise ProblemError(problem, 504) from error
