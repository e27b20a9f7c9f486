"""
XS002 and XS004: does the document have the shape of a chart?

The native part is held against python-statemachine's published schema, the `x-xarb` block against
ours; then what no schema can say: ids, targets, what we do not allow.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import msgspec

from xarb_runtime.domain.context import Context
from xarb_runtime.statechart.document import MAX_DEPTH, Document
from xarb_runtime.statechart.findings import Finding
from xarb_runtime.statechart.lint.explain import objections
from xarb_runtime.statechart.lint.words import found, listed, suggestion
from xarb_runtime.statechart.meta import BLOCK, ChartMeta, meta_schema
from xarb_runtime.statechart.model import Model, StateModel
from xarb_runtime.statechart.native import native_part, native_schema


def check_data(document: Document) -> Iterator[Finding]:
    """Find keys that are no texts, and nesting that is too deep to be looked at."""
    for path, message, hint in _data_faults(document.data, "", 0):
        yield document.finding("XS002", path, message, hint)


def _data_faults(value: Any, path: str, depth: int) -> Iterator[tuple[str, str, str]]:
    if depth > MAX_DEPTH:
        yield path, f"expected at most {MAX_DEPTH} levels of nesting, found more.", ""
        return
    for key, item in _parts(value):
        if isinstance(value, dict) and not isinstance(key, str):
            message = f"expected a text as a key, found {found(key)}."
            yield f"{path}/{key}", message, "Put it in quotes."
        yield from _data_faults(item, f"{path}/{key}", depth + 1)


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """What a mapping or a list consists of, with the last part of its path."""
    if isinstance(value, list):
        yield from enumerate(cast("list[Any]", value))
    elif isinstance(value, dict):
        yield from cast("dict[Any, Any]", value).items()


def check_native(document: Document) -> Iterator[Finding]:
    """Find everything that the published schema has against the native part."""
    for path, message, hint in objections(native_schema(), native_part(document)):
        yield document.finding("XS002", path, message, hint)


def check_states(document: Document, model: Model) -> Iterator[Finding]:
    """Find faults of ids, targets and of the states' own make-up."""
    for state, path in model.duplicates:
        first = document.place(model.states[state].path).line
        message = f"expected each id once in the whole chart, found {state!r} again"
        yield document.finding("XS004", path, f"{message} (first at line {first}).", "Rename one.")
    siblings: dict[str, list[StateModel]] = {}
    for state in model.states.values():
        if not state.id.isidentifier():
            message = f"expected an id of letters, digits and underscores, found {state.id!r}."
            yield document.finding("XS004", state.path, message, "Write lower_case_words.")
        yield from _make_up(document, state)
        yield from _targets(document, model, state)
        siblings.setdefault(state.parent, []).append(state)
    for group in siblings.values():
        yield from _initials(document, model, group)


def _make_up(document: Document, state: StateModel) -> Iterator[Finding]:
    if state.final and state.transitions:
        message = f"expected no way out of the final state {state.id!r}, found one."
        path = state.transitions[0].path
        yield document.finding("XS002", path, message, "Remove it, or `final`.")
    if state.final and state.children:
        message = f"expected the final state {state.id!r} to be atomic, found states inside."
        yield document.finding("XS002", f"{state.path}/final", message)
    if state.parallel and not state.children:
        message = f"expected regions inside the parallel state {state.id!r}, found none."
        yield document.finding("XS002", f"{state.path}/parallel", message)


def _targets(document: Document, model: Model, state: StateModel) -> Iterator[Finding]:
    for transition in state.transitions:
        for target in transition.targets:
            if target not in model.states:
                message = f"expected the id of a state as target, found {target!r}."
                hint = suggestion(target, model.states, "states")
                yield document.finding("XS002", f"{transition.path}/target", message, hint)


def _initials(document: Document, model: Model, group: list[StateModel]) -> Iterator[Finding]:
    parent = model.states.get(group[0].parent)
    if parent is not None and parent.parallel:
        return
    for state in [state for state in group if state.initial][1:]:
        message = f"expected one initial state beside each other, found {state.id!r} as well."
        yield document.finding("XS002", f"{state.path}/initial", message, "Keep one.")


#: What the library knows and we do not want, and what to use instead.
_FORBIDDEN = {
    "datamodel": "the fields of the context are the data",
    "script": "write a method of the context and refer to it by name",
    "log": "every step is logged already; publish what others should know on `#_bus`",
    "foreach": "write a method of the context and refer to it by name",
    "donedata": "a final state's data is the context",
}


def check_forbidden(document: Document) -> Iterator[Finding]:
    """Find what python-statemachine offers and xarb does not."""
    for path in _forbidden(native_part(document), ""):
        name = path.rpartition("/")[2]
        message = f"expected a chart without {name!r}, found one."
        yield document.finding("XS002", path, message, f"Instead: {_FORBIDDEN[name]}.")


def _forbidden(value: Any, path: str) -> Iterator[str]:
    is_id = path.rpartition("/")[2] in {"states", "history"}
    for key, item in _parts(value):
        if key in _FORBIDDEN and not is_id:
            yield f"{path}/{key}"
        else:
            yield from _forbidden(item, f"{path}/{key}")


def check_initial_transitions(document: Document, model: Model) -> Iterator[Finding]:
    """Find initial transitions; a child says by itself that it is the initial one."""
    for state in model.states.values():
        for transition in state.transitions:
            path = f"{transition.path}/initial"
            if path in document.places:
                message = "expected no `initial` in a transition, found one."
                yield document.finding("XS002", path, message, "Write it in the child state.")


# -- The x-xarb block -----------------------------------------------------------------------------


@cache
def _block_schema() -> dict[str, Any]:
    return meta_schema()


def check_block(
    document: Document, model: Model, contexts: Mapping[str, type[Context]]
) -> Iterator[Finding]:
    """Find everything that is wrong with the block."""
    path = f"/{BLOCK}"
    if BLOCK not in document.data:
        message = f"expected the block {BLOCK!r}, found none."
        yield document.finding("XS002", path, message, "It names version, context and states.")
        return
    faults = list(objections(_block_schema(), document.data[BLOCK], path))
    yield from (document.finding("XS002", *fault) for fault in faults)
    meta = None if faults else read_block(document)
    if meta is not None:
        yield from _check_context(document, meta, contexts)
        yield from _check_state_entries(document, model, meta)
        yield from _check_ignores(document, model, meta)


def read_block(document: Document) -> ChartMeta | None:
    """Return the block, or None when it does not fit."""
    try:
        return msgspec.convert(document.data.get(BLOCK), ChartMeta)
    except msgspec.ValidationError:
        return None


def _check_context(
    document: Document, meta: ChartMeta, contexts: Mapping[str, type[Context]]
) -> Iterator[Finding]:
    if meta.context not in contexts:
        message = f"expected the name of a context, found {meta.context!r}."
        hint = suggestion(meta.context, contexts, "contexts")
        yield document.finding("XS002", f"/{BLOCK}/context", message, hint)


def _check_state_entries(document: Document, model: Model, meta: ChartMeta) -> Iterator[Finding]:
    path = f"/{BLOCK}/states"
    atomic = [state.id for state in model.atomic()]
    for state in atomic:
        if state not in meta.states:
            message = f"expected an entry for the state {state!r}, found none."
            yield document.finding("XS002", path, message, "Add it, with its exposure.")
    for state in meta.states:
        if state not in atomic:
            message = f"expected entries for atomic states only, found {state!r}."
            hint = suggestion(state, atomic, "atomic states")
            yield document.finding("XS002", f"{path}/{state}", message, hint)


def _check_ignores(document: Document, model: Model, meta: ChartMeta) -> Iterator[Finding]:
    for index, item in enumerate(meta.ignore):
        if item.state != "*" and item.state not in model.states:
            message = f"expected the id of a state, found {item.state!r}."
            hint = suggestion(item.state, model.states, "states")
            yield document.finding("XS002", f"/{BLOCK}/ignore/{index}/state", message, hint)
        if not item.because.strip():
            message = "expected the reason for the deafness, found none."
            hint = f"Say under `because` why {listed(item.events)} may be ignored."
            yield document.finding("XS002", f"/{BLOCK}/ignore/{index}", message, hint)
