"""
Loading charts: text in, a checked and compiled `Chart` out, or every finding at once.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec
from statemachine.exceptions import InvalidDefinition, StateMachineError

from xarb_runtime.domain.context import Context
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.document import Document, parse
from xarb_runtime.statechart.findings import ChartError, Finding
from xarb_runtime.statechart.internals import Oracle, build_class
from xarb_runtime.statechart.lint import lint_document
from xarb_runtime.statechart.machine import Machine
from xarb_runtime.statechart.meta import BLOCK, ChartMeta
from xarb_runtime.statechart.model import build_model
from xarb_runtime.statechart.native import native_part

Contexts = Mapping[str, type[Context]]


def read_chart(path: Path, contexts: Contexts) -> Chart:
    """
    Load a chart from a file.

    Raises:
        ChartError: with every finding.
        OSError: the file cannot be read.
    """
    return load_chart(path.read_text(encoding="utf-8"), contexts, file=str(path))


def load_chart(text: str, contexts: Contexts, *, file: str = "<text>") -> Chart:
    """
    Load a chart from text.

    Raises:
        ChartError: with every finding.
    """
    document = parse(text, file)
    if not _is_sound(text, Path(file).name, frozenset(contexts.items())):
        raise ChartError(_errors(document, contexts))
    return compile_chart(document, contexts)


@lru_cache(maxsize=64)
def _is_sound(text: str, name: str, contexts: frozenset[tuple[str, type[Context]]]) -> bool:
    """Lint a text, once: looking through all that can happen in a chart takes half a second."""
    return not _errors(parse(text, name), dict(contexts))


def _errors(document: Document, contexts: Contexts) -> list[Finding]:
    return [found for found in lint_document(document, contexts) if found.severity == "error"]


def compile_chart(document: Document, contexts: Contexts) -> Chart:
    """
    Compile a document that lint has nothing against.

    Raises:
        ChartError: XS002 for what the library itself objects to.
    """
    native = native_part(document)
    model = build_model(native, Path(document.file).stem)
    meta = msgspec.convert(document.data[BLOCK], ChartMeta)
    context = contexts[meta.context]
    try:
        machine = Machine(Oracle(build_class(native, model.name), model, context))
    except (InvalidDefinition, StateMachineError, ValueError, KeyError) as error:
        message = f"expected what python-statemachine accepts, found: {error}"
        raise ChartError([document.finding("XS002", "", message)]) from error
    return Chart(document, model, meta, context, machine)
