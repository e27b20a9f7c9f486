"""
Lint: everything that can be known to be wrong with a chart before it runs.

The rules are in families, one module each. They come in stages, since a rule can only look at what
earlier ones have found to be sound: the data, the shape, the structure, the meaning.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from statemachine.exceptions import InvalidDefinition

from xarb_runtime.domain.context import Context
from xarb_runtime.statechart.document import Document, parse
from xarb_runtime.statechart.findings import ERROR, ChartError, Finding
from xarb_runtime.statechart.internals import build_class
from xarb_runtime.statechart.lint import actions, deadlines, events, money, names, structure
from xarb_runtime.statechart.lint.arrivals import Walk, order_walk
from xarb_runtime.statechart.lint.choices import TooLargeError
from xarb_runtime.statechart.lint.clock import Clock
from xarb_runtime.statechart.lint.safety import check_safety
from xarb_runtime.statechart.lint.shape import (
    check_block,
    check_data,
    check_forbidden,
    check_initial_transitions,
    check_native,
    check_states,
    read_block,
)
from xarb_runtime.statechart.lint.silence import apply_silences
from xarb_runtime.statechart.lint.subject import Structure, Subject
from xarb_runtime.statechart.meta import ChartMeta
from xarb_runtime.statechart.model import Model, build_model
from xarb_runtime.statechart.native import native_part

Contexts = Mapping[str, type[Context]]

_STRUCTURE: tuple[Callable[[Structure], Iterator[Finding]], ...] = (
    structure.check_reachable,
    structure.check_traps,
    structure.check_final,
    structure.check_cycles,
    structure.check_exclusive,
    actions.check_order,
    actions.check_start,
)
_MEANING: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    names.check_names,
    names.check_collisions,
    actions.check_commands,
    events.check_defaults,
    events.check_events,
    money.check_cancelling,
    money.check_ends,
    money.check_pause,
    money.check_risk,
    money.check_incidents,
)
_TIMED: tuple[Callable[[Subject, Clock], Iterator[Finding]], ...] = (
    deadlines.check_waiting,
    deadlines.check_firing,
    check_safety,
    money.check_placing,
)
_ORDERS: tuple[Callable[[Subject, Mapping[str, Walk]], Iterator[Finding]], ...] = (
    events.check_matrix,
    money.check_doubles,
    money.check_claims,
)


def lint_path(path: Path, contexts: Contexts) -> list[Finding]:
    """Return all findings about a file, sorted; that it cannot be read is one, too."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [_unreadable(path, error)]
    return lint_text(text, contexts, file=str(path))


def lint_text(text: str, contexts: Contexts, *, file: str = "<text>") -> list[Finding]:
    """Return all findings about a text, sorted; that it is not YAML is one, too."""
    try:
        document = parse(text, file)
    except ChartError as error:
        return list(error.findings)
    return lint_document(document, contexts)


def lint_document(document: Document, contexts: Contexts) -> list[Finding]:
    """Return all findings about a document, sorted."""
    return sorted(set(_lint(document, contexts)))


def _unreadable(path: Path, error: Exception) -> Finding:
    reason = error.strerror if isinstance(error, OSError) else f"not UTF-8: {error}"
    return Finding(
        file=str(path),
        line=0,
        column=0,
        code="XS002",
        path="",
        message=f"expected a chart that can be read, found: {reason or error}.",
        hint="Check the file's name, its permissions and its encoding.",
    )


def _lint(document: Document, contexts: Contexts) -> Iterator[Finding]:
    faults = list(check_data(document)) or list(check_native(document))
    if faults:
        yield from faults
        return
    model = build_model(native_part(document), Path(document.file).stem)
    faults = [*check_forbidden(document), *actions.check_sends(document, model)]
    faults += [*check_states(document, model), *check_initial_transitions(document, model)]
    block = list(check_block(document, model, contexts))
    meta = None if block else read_block(document)
    sound = not _has_error(faults)
    found = list(_look_through(document, model, meta, contexts)) if sound else []
    told = [*block, *faults, *found]
    if meta is not None:
        told = list(apply_silences(document, meta, told, complete=sound))
    yield from told
    if not _has_error(told):
        yield from _compiled(document, model)


def _has_error(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == ERROR for finding in findings)


def _look_through(
    document: Document, model: Model, meta: ChartMeta | None, contexts: Contexts
) -> Iterator[Finding]:
    context = contexts.get(meta.context) if meta else None
    try:
        if meta is None or context is None:
            yield from _structure(Structure(document, model))
        else:
            subject = Subject(document, model, meta, context)
            yield from (*_structure(subject), *_meaning(subject))
    except TooLargeError:
        message = "expected a chart that can be looked through, found too many steps to follow."
        hint = "Use fewer parallel regions: their states multiply."
        yield document.finding("XS109", "/states", message, hint)


def _structure(subject: Structure) -> list[Finding]:
    return [finding for rule in _STRUCTURE for finding in rule(subject)]


def _meaning(subject: Subject) -> list[Finding]:
    clock = Clock(subject)
    walks = {slot: order_walk(subject, slot) for slot in subject.slots}
    found = [finding for rule in _MEANING for finding in rule(subject)]
    found += [finding for rule in _TIMED for finding in rule(subject, clock)]
    return found + [finding for rule in _ORDERS for finding in rule(subject, walks)]


def _compiled(document: Document, model: Model) -> Iterator[Finding]:
    """Whatever the library itself has against a chart that we find nothing wrong with."""
    try:
        build_class(native_part(document), model.name)
    except InvalidDefinition as error:
        message = f"expected a chart that the library takes, found: {error}"
        yield document.finding("XS002", "", message)
