"""
Plays the cases of the conformance kit against a plugin on a bench.
"""

from collections.abc import Callable, Collection

from xarb_runtime.ops.conformance_bench import Mounted
from xarb_runtime.ops.conformance_subject import Subject
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.plugins.candidates import describe
from xarb_runtime.plugins.contracts import VenueSpec
from xarb_runtime.testing.kit import chosen_cases, run_kit
from xarb_runtime.testing.report import Outcome, Report


def cases_named(beginnings: Collection[str]) -> list[str] | None:
    """
    Return the numbers of the cases that begin so; None, which means all, when nothing is named.

    Raises:
        ProblemError: no case begins like one of them.
    """
    if not beginnings:
        return None
    known = [case.id for case in chosen_cases()]
    chosen: list[str] = []
    for beginning in beginnings:
        found = [number for number in known if number.startswith(beginning)]
        if not found:
            problem = Problem(
                what="no case of the kit begins like this",
                where=f"--only {beginning}",
                expected=f"one of {known[0]} to {known[-1]}, or the beginning of some",
            )
            raise ProblemError(problem)
        chosen += found
    return chosen


def play(
    subject: Subject,
    mounted: Mounted,
    only: Collection[str] | None,
    told: Callable[[Outcome], None],
) -> Report:
    """
    Play the cases, and tell each outcome as it is known.

    Raises:
        ProblemError: the bench is none of this plugin's, or cannot be run.
    """
    kinds = [spec.name for spec in subject.venues]
    spec: VenueSpec | None = getattr(mounted.bench, "spec", None)
    if spec is not None and spec.name not in kinds:
        problem = Problem(
            what="the bench is that of another venue",
            where=mounted.place,
            expected=f"a spec of {' or '.join(kinds)}",
            found=spec.name,
        )
        raise ProblemError(problem)
    try:
        return run_kit(mounted.bench, exempt=mounted.exempt, only=only, told=told)
    except Exception as error:
        # What a venue does wrong is an outcome. This is the bench.
        problem = Problem(
            what="the kit cannot be run on this bench",
            where=mounted.place,
            found=describe(error).rstrip("."),
            do="`xarb --debug plugins check ...` shows where",
        )
        raise ProblemError(problem) from error


def count(only: Collection[str] | None) -> int:
    """Return how many cases will be played."""
    return len(chosen_cases(only))
