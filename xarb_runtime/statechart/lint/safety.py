"""
XS401: from every state with open exposure, timers alone lead to a safe state in bounded time.

All answers from outside are withheld, so only timers fire; which one comes first is open, and so is
every guard: every choice must do. A node is *safe* when its exposure is flat or hedged, when an
incident is open there, or when it is an end (XS404 looks at those). Any other node is safe in time
if one of its pending timers, the *deadline*, must fire in the end (no other timer on the way arms
or cancels it) and whatever happens by then leads to nodes that are safe in time.

A loop is accepted only where it counts down (the context's `countdowns`), and nothing on the way
starts the count over.
"""

from collections.abc import Callable, Iterator

from xarb_runtime.statechart.findings import Finding
from xarb_runtime.statechart.lint.clock import Clock, Firing, Node
from xarb_runtime.statechart.lint.effects import RISKY_SLOT, Call, Command
from xarb_runtime.statechart.lint.guards import normalised
from xarb_runtime.statechart.lint.subject import Subject
from xarb_runtime.statechart.lint.words import listed

_Firings = dict[Node, list[Firing]]


def check_safety(subject: Subject, clock: Clock) -> Iterator[Finding]:
    """XS401: no bounded way to safety by timers alone, or one that adds risk."""
    firings = _closure(subject, clock)
    unsafe = set(firings) - _safe_in_time(subject, firings)
    told: set[str] = set()
    for node in firings:
        leaf = subject.leaf(node.configuration)
        if node not in unsafe or leaf.id in told or not _is_root(node, firings, unsafe):
            continue
        told.add(leaf.id)
        message = (
            f"expected timers alone to lead from {leaf.id!r} to a safe state in bounded time, "
            f"found {_why(node, firings, unsafe)}."
        )
        hint = "Arm a deadline that nothing on the way renews, and let it end in an incident."
        yield subject.finding("XS401", leaf.path, message, hint)
    yield from _risks(subject, firings)


def _closure(subject: Subject, clock: Clock) -> _Firings:
    """The exposed nodes that can be reached, and those that timers lead to from there."""
    firings: _Firings = {}
    waiting = [node for node in clock.into if not _is_safe(subject, node)]
    while waiting:
        node = waiting.pop(0)
        if node not in firings and not _is_safe(subject, node):
            firings[node] = list(clock.firings(node))
            waiting += [firing.target for firing in firings[node]]
    return firings


def _is_safe(subject: Subject, node: Node) -> bool:
    here = node.configuration
    if subject.tree.ended(here) or not subject.is_exposed(here):
        return True
    return subject.calls_a_person(here)


# -- The proof ------------------------------------------------------------------------------------

_Good = Callable[[Firing, set[Node]], bool]


def _safe_in_time(subject: Subject, firings: _Firings) -> set[Node]:
    safe = _prove(firings, _plainly_good(firings))
    for guard, countdown in subject.context.countdowns.items():
        if not countdown.resets & _called(firings):
            safe |= _prove_counted(firings, normalised(guard), countdown.step)
    return safe


def _plainly_good(firings: _Firings) -> _Good:
    return lambda firing, safe: firing.target not in firings or firing.target in safe


def _prove_counted(firings: _Firings, guard: str, step: str) -> set[Node]:
    """
    Prove by induction over how often `step` can still be called before `guard` is false for ever.

    At the end of the count no move that needs the guard can happen. Before that, a move that calls
    `step` leads to where less is left to count, which is safe if it is among `assumed`.
    """
    plainly = _plainly_good(firings)
    at_the_end = _prove(
        firings, lambda firing, safe: plainly(firing, safe) or _needs(firing, guard)
    )
    assumed = at_the_end
    while True:
        proven = at_the_end & _prove(firings, _counting(plainly, step, assumed))
        if proven == assumed:
            return proven
        assumed = proven


def _counting(plainly: _Good, step: str, assumed: set[Node]) -> _Good:
    return lambda firing, safe: (
        plainly(firing, safe) or (firing.target in assumed and step in _calls(firing))
    )


def _needs(firing: Firing, guard: str) -> bool:
    return any(guard in micro.known for micro in firing.move.steps) if firing.move else False


def _calls(firing: Firing) -> set[str]:
    effects = firing.move.effects if firing.move else ()
    return {effect.name for effect in effects if isinstance(effect, Call)}


def _called(firings: _Firings) -> set[str]:
    return {name for group in firings.values() for firing in group for name in _calls(firing)}


def _prove(firings: _Firings, good: _Good) -> set[Node]:
    safe: set[Node] = set()
    timers = sorted({timer for node in firings for timer in node.pending})
    while True:
        before = len(safe)
        for timer in timers:
            safe |= _by_deadline(timer, firings, safe, good)
        if len(safe) == before:
            return safe


def _by_deadline(
    deadline: tuple[str, str], firings: _Firings, safe: set[Node], good: _Good
) -> set[Node]:
    """The largest set of nodes in which this timer fires in the end, whatever fires before."""
    held = {node for node in firings if deadline in node.pending and node not in safe}

    def bears(firing: Firing) -> bool:
        if good(firing, safe):
            return True
        waits = firing.timer != deadline and firing.target in held
        return waits and not firing.rearms(deadline)

    while True:
        kept = {node for node in held if all(map(bears, firings[node]))}
        if kept == held:
            return held
        held = kept


# -- What is told ---------------------------------------------------------------------------------


def _is_root(node: Node, firings: _Firings, unsafe: set[Node]) -> bool:
    """Whether every unsafe node that can be reached from here leads back: the cause is here."""
    return all(node in _reach(other, firings, unsafe) for other in _reach(node, firings, unsafe))


def _reach(node: Node, firings: _Firings, unsafe: set[Node]) -> set[Node]:
    reached: set[Node] = set()
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if here not in reached:
            reached.add(here)
            waiting += [f.target for f in firings.get(here, ()) if f.target in unsafe]
    return reached


def _why(node: Node, firings: _Firings, unsafe: set[Node]) -> str:
    if not node.pending:
        return "that no timer is pending there: if nobody answers, nothing ever happens"
    around = {leaf for other in _reach(node, firings, unsafe) for leaf in other.configuration}
    timers = {firing.timer[1] for firing in firings[node] if firing.target in unsafe}
    return f"that {listed(timers)} can go round for ever in {listed(around)}"


def _risks(subject: Subject, firings: _Firings) -> Iterator[Finding]:
    told: set[str] = set()
    for group in firings.values():
        for firing in group:
            for effect in firing.move.effects if firing.move else ():
                if not isinstance(effect, Command) or effect.path in told:
                    continue
                if effect.kind == "venue/place" and effect.slot == RISKY_SLOT:
                    told.add(effect.path)
                    message = (
                        f"expected no new risk on the way to safety, found that {effect.slot!r} "
                        f"is placed after {firing.timer[1]!r}."
                    )
                    yield subject.finding("XS401", effect.path, message, "Only reduce from here.")
