"""
Lint: everything that can be known to be wrong with a chart before it runs.
"""

from collections.abc import Mapping

from xarb_runtime.domain.context import Context
from xarb_runtime.statechart.document import Document
from xarb_runtime.statechart.findings import Finding


def lint_document(document: Document, contexts: Mapping[str, type[Context]]) -> list[Finding]:
    """Return all findings about a document, sorted."""
    return []
