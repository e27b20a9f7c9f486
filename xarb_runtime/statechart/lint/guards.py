"""
What can be said about guards and event descriptors without evaluating them.
"""

import ast
from collections.abc import Iterable, Sequence
from functools import lru_cache

from xarb_runtime.statechart.model import TransitionModel


@lru_cache(maxsize=4096)
def covers(descriptor: str, event: str) -> bool:
    """Tell whether a descriptor takes an event: equal, or a prefix of whole words, or `*`."""
    if descriptor == "*":
        return True
    words = descriptor.removesuffix(".*").removesuffix(".").split(".")
    return event.split(".")[: len(words)] == words


def takes(transition: TransitionModel, event: str) -> bool:
    """Tell whether a transition is for an event; the empty event is for eventless ones."""
    if not event:
        return not transition.events
    return any(covers(descriptor, event) for descriptor in transition.events)


def guard(transition: TransitionModel) -> str:
    """Return the whole guard of a transition in one spelling; empty when it has none."""
    parts = [*transition.cond, *(f"not ({text})" for text in transition.unless)]
    if len(parts) == 1:
        return normalised(parts[0])
    return normalised(" and ".join(f"({part})" for part in parts)) if parts else ""


def conjuncts(text: str) -> frozenset[str]:
    """Return the conditions that must all hold for a condition to hold, each in one spelling."""
    match _parsed(normalised(text)):
        case ast.BoolOp(op=ast.And(), values=values):
            return _all(ast.unparse(value) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp(op=ast.Or(), values=values)):
            return _all(negated(ast.unparse(value)) for value in values)
        case _:
            return frozenset({normalised(text)})


def _all(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(part for text in texts for part in conjuncts(text))


def known(tried: Sequence[TransitionModel], taken: int) -> frozenset[str]:
    """
    Return what holds when `tried[taken]` is taken: its guard, and the opposite of earlier ones.

    With `taken` beyond the end: what holds when none of them is.
    """
    held = [negated(guard(earlier)) for earlier in tried[:taken]]
    held += [guard(transition) for transition in tried[taken : taken + 1] if transition.guarded]
    return _all(held)


def contradicts(held: frozenset[str], condition: str) -> bool:
    """Tell whether a condition cannot hold where others do."""
    return negated(condition) in held


def exhaustive(transitions: Sequence[TransitionModel]) -> int:
    """
    Return how many of these transitions, in order, can ever be tried.

    The last one that is tried is taken for certain: it has no guard, or it has just the opposite
    guard of an earlier one. 0 when it is possible that none of them is taken.
    """
    seen: set[str] = set()
    for index, transition in enumerate(transitions):
        condition = guard(transition)
        if not condition or negated(condition) in seen:
            return index + 1
        seen.add(condition)
    return 0


@lru_cache(maxsize=4096)
def normalised(text: str) -> str:
    """Return a condition in one spelling, without double negations."""
    tree = _parsed(text)
    return ast.unparse(_positive(tree)) if tree is not None else text.strip()


def negated(text: str) -> str:
    """Return the opposite condition in one spelling."""
    return normalised(f"not ({text})")


def _positive(tree: ast.expr) -> ast.expr:
    match tree:
        case ast.UnaryOp(op=ast.Not(), operand=ast.UnaryOp(op=ast.Not(), operand=inner)):
            return _positive(inner)
        case _:
            return tree


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
