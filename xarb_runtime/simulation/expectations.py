"""
Compares how a scenario has ended with what it says must hold. Pure.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.steps import Exposure
from xarb_runtime.service.book import SUPERVISOR
from xarb_runtime.simulation.ending import Ending, ExecutionEnd
from xarb_runtime.simulation.invariants import Known, worst_by_books
from xarb_runtime.simulation.recording import Recording
from xarb_runtime.simulation.scenario import Expected, ExpectedExecution
from xarb_runtime.simulation.spans import spans_of, states_visited, time_in


def short_name(execution: str) -> str:
    """Return an execution's name as scenarios write it."""
    return execution.removeprefix("x-")


def unmet(
    expected: Expected,
    recording: Recording,
    ending: Ending,
    known: Callable[[ExecutionEnd], Known],
) -> list[str]:
    """
    Return everything that is not as expected.

    Args:
        expected: what must hold.
        recording: what was seen.
        ending: how it ended.
        known: gives what the venues' books say about an execution.
    """
    found = [*_executions(expected, recording, ending, known), *_incidents(expected, recording)]
    found += _levels(expected, recording, ending)
    facts = {
        "the runtime has ended by itself": (expected.ended, ending.ended),
        "crashes": (expected.crashes, len(recording.crashes)),
        "dead letters": (expected.dead_letters, ending.dead_letters),
        "messages dropped": (expected.dropped, recording.dropped),
        "messages seen before": (expected.repeated, _repeated(recording)),
        "messages waiting": (expected.waiting, ending.waiting),
    }
    found += [_differs(what, *pair) for what, pair in facts.items() if pair[0] != pair[1]]
    return found


def _differs(what: str, expected: object, found: object) -> str:
    return f"{what}: expected {expected}, found {found}"


def _repeated(recording: Recording) -> int:
    """How many messages the runtime was given again after it had acknowledged the same."""
    taken = Counter((it.source, it.id) for it in recording.messages if it.id and it.times)
    return sum(count - 1 for count in taken.values())


# -- Executions ------------------------------------------------------------------------------------


def _executions(
    expected: Expected,
    recording: Recording,
    ending: Ending,
    known: Callable[[ExecutionEnd], Known],
) -> Iterator[str]:
    for pattern, wanted in expected.executions.items():
        matching = [it for it in ending.executions if fnmatchcase(short_name(it.id), pattern)]
        if len(matching) != wanted.count:
            yield _differs(f"executions named {pattern}", wanted.count, len(matching))
        for end in matching:
            yield from _execution(wanted, end, recording, known(end))
    for end in ending.executions:
        name = short_name(end.id)
        if not any(fnmatchcase(name, pattern) for pattern in expected.executions):
            yield f"{name}: expected no such execution, found it in {'+'.join(end.leaves)}"


def _execution(
    wanted: ExpectedExecution, end: ExecutionEnd, recording: Recording, known: Known
) -> Iterator[str]:
    name, state = short_name(end.id), "+".join(end.leaves)
    if state != wanted.state:
        yield _differs(f"{name}: state", wanted.state, f"{state} ({end.reason or 'no reason'})")
    if wanted.reason is not None and end.reason != wanted.reason:
        yield _differs(f"{name}: reason", wanted.reason or "none", end.reason or "none")
    visited = states_visited(end.id, recording.steps)
    if not _in_order(wanted.through, visited):
        yield _differs(f"{name}: states", " ... ".join(wanted.through), " ".join(visited))
    if wanted.orders is not None:
        sent = dict(sorted(Counter(venue for venue, _, _ in known.placed).items()))
        if sent != wanted.orders:
            yield _differs(f"{name}: orders", wanted.orders, sent)
    yield from _profit(wanted, name, known)
    yield from _times(wanted, name, end, recording)


def _in_order(wanted: Sequence[str], visited: Sequence[str]) -> bool:
    rest = iter(visited)
    return all(state in rest for state in wanted)


def _profit(wanted: ExpectedExecution, name: str, known: Known) -> Iterator[str]:
    worst = worst_by_books(known)
    if wanted.profit_at_least is not None and worst < wanted.profit_at_least:
        yield _differs(f"{name}: worst case", f"at least {wanted.profit_at_least}", worst)
    if wanted.profit_at_most is not None and worst > wanted.profit_at_most:
        yield _differs(f"{name}: worst case", f"at most {wanted.profit_at_most}", worst)


def _times(
    wanted: ExpectedExecution, name: str, end: ExecutionEnd, recording: Recording
) -> Iterator[str]:
    spans = spans_of(end.id, recording)
    naked, doubt = time_in(spans, Exposure.ONE_LEG), time_in(spans, Exposure.UNKNOWN)
    if wanted.naked_at_least and naked < parse_duration_ms(wanted.naked_at_least):
        yield _differs(f"{name}: on one leg", f"at least {wanted.naked_at_least}", f"{naked}ms")
    if wanted.naked_at_most and naked > parse_duration_ms(wanted.naked_at_most):
        yield _differs(f"{name}: on one leg", f"at most {wanted.naked_at_most}", f"{naked}ms")
    if wanted.doubt_at_most and doubt > parse_duration_ms(wanted.doubt_at_most):
        yield _differs(f"{name}: in doubt", f"at most {wanted.doubt_at_most}", f"{doubt}ms")


# -- The rest --------------------------------------------------------------------------------------


def _incidents(expected: Expected, recording: Recording) -> Iterator[str]:
    wanted = Counter((it.kind, it.execution, it.open) for it in expected.incidents)
    found = Counter(
        (it.incident.kind, short_name(it.incident.execution), it.closed_ms is None)
        for it in recording.incidents.values()
    )
    for kind, execution, is_open in wanted - found:
        yield f"incident {_incident(kind, execution, is_open)}: expected, found none"
    for kind, execution, is_open in found - wanted:
        yield f"incident {_incident(kind, execution, is_open)}: not expected"


def _incident(kind: str, execution: str, is_open: bool) -> str:
    return f"{kind} of {execution or 'the runtime'}, {'open' if is_open else 'closed'}"


def levels_of(recording: Recording) -> list[str]:
    """Return the supervisor's levels, in order."""
    return ["running", *states_visited(SUPERVISOR, recording.steps)]


def _levels(expected: Expected, recording: Recording, ending: Ending) -> Iterator[str]:
    if ending.supervisor != expected.supervisor:
        yield _differs("supervisor", expected.supervisor, ending.supervisor)
    levels = levels_of(recording)
    if expected.levels and levels != expected.levels:
        yield _differs("levels", " ".join(expected.levels), " ".join(levels))
    for venue, health in expected.venues.items():
        found = ending.venues.get(venue, "no such venue")
        if found != health:
            yield _differs(f"venue {venue}", health, found)
