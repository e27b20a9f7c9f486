"""
XS106 to XS108: is every event that can arrive anywhere answered there, or ignored on purpose?
"""

from collections.abc import Iterator, Mapping

from xarb_runtime.statechart.findings import Finding
from xarb_runtime.statechart.lint.arrivals import Walk, open_cells
from xarb_runtime.statechart.lint.effects import ANSWERS
from xarb_runtime.statechart.lint.guards import covers, exhaustive, takes
from xarb_runtime.statechart.lint.subject import Subject
from xarb_runtime.statechart.lint.words import listed, nearest
from xarb_runtime.statechart.meta import BLOCK, matches
from xarb_runtime.statechart.model import TransitionModel

_TERMINAL = frozenset({"filled", "cancelled", "refused", "unknown"})


def check_defaults(subject: Subject) -> Iterator[Finding]:
    """XS106: an answer that comes once is handled under guards only, none of which need hold."""
    timers = {timer.event for timer in subject.timers}
    events = sorted(e for e in subject.alphabet if e in timers or _is_terminal(e))
    told: set[str] = set()
    for leaf in subject.model.atomic():
        for event in events:
            last = _last_guarded(subject, leaf.id, event)
            deaf = event not in timers and subject.ignores((leaf.id,), event)
            if last is not None and not deaf and last.path not in told:
                told.add(last.path)
                yield _no_default(subject, last, leaf.id, event)


def _is_terminal(event: str) -> bool:
    answers = {answer for group in ANSWERS.values() for answer in group}
    return event in answers or event.rpartition(".")[2] in _TERMINAL


def _last_guarded(subject: Subject, leaf: str, event: str) -> TransitionModel | None:
    """The last transition tried for an event, when it is possible that none is taken."""
    tried = [
        transition
        for state in subject.tree.chains[leaf]
        for transition in subject.model.states[state].transitions
        if takes(transition, event)
    ]
    return tried[-1] if tried and not exhaustive(tried) else None


def _no_default(subject: Subject, last: TransitionModel, leaf: str, event: str) -> Finding:
    message = (
        f"expected {event!r} in {leaf!r} to be handled whatever the guards say, "
        f"found guarded transitions only: an answer that comes once would be lost."
    )
    hint = "Add a last transition for it without a guard."
    return subject.finding("XS106", last.path, message, hint)


def check_events(subject: Subject) -> Iterator[Finding]:
    """XS107: events that nobody handles, and handlers that nobody calls."""
    yield from _never_handled(subject)
    yield from _never_produced(subject)
    yield from _ignored_for_nothing(subject)


def _never_handled(subject: Subject) -> Iterator[Finding]:
    made = [(effect.event, effect.path) for effect in subject.raised]
    for index, event in enumerate(subject.meta.events.produced):
        made.append((event, f"/{BLOCK}/events/produced/{index}"))
    for event, path in made:
        handled = any(covers(d, event) for d in subject.descriptors)
        patterns = [pattern for item in subject.meta.ignore for pattern in item.events]
        if not handled and not any(matches(pattern, event) for pattern in patterns):
            message = f"expected some state to handle {event!r}, found none."
            hint = nearest(event, subject.descriptors) or "Handle it, or do not raise it."
            yield subject.finding("XS107", path, message, hint)


def _never_produced(subject: Subject) -> Iterator[Finding]:
    for transition, descriptor in subject.event_descriptors():
        if not any(covers(descriptor, event) for event in subject.alphabet):
            path = f"{transition.path}/event"
            yield _unheard_of(subject, descriptor, path, "handled")


def _ignored_for_nothing(subject: Subject) -> Iterator[Finding]:
    for index, item in enumerate(subject.meta.ignore):
        for number, pattern in enumerate(item.events):
            if not any(matches(pattern, event) for event in subject.alphabet):
                path = f"/{BLOCK}/ignore/{index}/events/{number}"
                yield _unheard_of(subject, pattern, path, "ignored")


def _unheard_of(subject: Subject, event: str, path: str, verb: str) -> Finding:
    message = f"expected an event that somebody produces, found that {event!r} is {verb} here."
    close = nearest(event, subject.alphabet)
    hint = close or f"Add it to {BLOCK}/events/produced if the outside produces it."
    return subject.finding("XS107", path, message, hint)


def check_matrix(subject: Subject, walks: Mapping[str, Walk]) -> Iterator[Finding]:
    """XS108: an event that can arrive in a state is neither handled nor ignored there."""
    for leaf, events in open_cells(subject, walks).items():
        state = subject.model.states[leaf]
        message = (
            f"expected every event that can arrive in {leaf!r} to be handled or ignored on "
            f"purpose, found neither for {listed(events)}."
        )
        hint = f"Add transitions, or an entry under {BLOCK}/ignore with the reason."
        yield subject.finding("XS108", state.path, message, hint)
