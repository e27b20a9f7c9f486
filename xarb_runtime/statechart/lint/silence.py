"""
XS005: findings that a chart accepts, each with the written reason.
"""

from collections.abc import Iterable, Iterator

import msgspec

from xarb_runtime.statechart.document import Document
from xarb_runtime.statechart.findings import SUPPRESSED, Finding
from xarb_runtime.statechart.lint.catalogue import CATALOGUE
from xarb_runtime.statechart.lint.words import suggestion
from xarb_runtime.statechart.meta import BLOCK, ChartMeta, Silence

#: The shape of a chart is not a matter of opinion, and neither is a silence.
_NEVER = "XS0"


def apply_silences(
    document: Document, meta: ChartMeta, findings: Iterable[Finding], *, complete: bool
) -> Iterator[Finding]:
    """
    Yield the findings, accepted ones as suppressed, and what is wrong with silences.

    A silence that matches nothing is only told when the findings are complete.
    """
    used: set[int] = set()
    for finding in findings:
        index = next((i for i, s in enumerate(meta.silence) if _covers(s, finding)), None)
        if index is None:
            yield finding
            continue
        used.add(index)
        reason = meta.silence[index].because
        yield msgspec.structs.replace(finding, severity=SUPPRESSED, hint=f"Accepted: {reason}")
    for index, silence in enumerate(meta.silence):
        for message, hint in _faults(silence, used=index in used or not complete):
            yield document.finding("XS005", f"/{BLOCK}/silence/{index}", message, hint)


def _covers(silence: Silence, finding: Finding) -> bool:
    if not silence.because.strip() or finding.code.startswith(_NEVER):
        return False
    below = f"{finding.path}/".startswith(f"{silence.path}/")
    return silence.code == finding.code and (not silence.path or below)


def _faults(silence: Silence, *, used: bool) -> Iterator[tuple[str, str]]:
    if silence.code not in CATALOGUE:
        hint = suggestion(silence.code, CATALOGUE, "codes")
        yield f"expected the code of a rule, found {silence.code!r}.", hint
    elif silence.code.startswith(_NEVER):
        yield f"expected a rule that can be silenced, found {silence.code}.", "Mend the chart."
    elif not silence.because.strip():
        yield "expected the reason why the finding is accepted, found none.", "Say it in `because`."
    elif not used:
        message = f"expected a finding of {silence.code} to accept, found none"
        place = f" at {silence.path}." if silence.path else "."
        yield message + place, "Remove the silence, or correct its path."
