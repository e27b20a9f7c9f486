"""
What an operator's word came to: the line in the audit.
"""

from xarb_runtime.domain.steps import Status, Step


def result_of(taken: Step | None) -> str:
    """Return what an operator's word came to, for the audit."""
    if taken is None:
        return "done"
    before, after = "+".join(taken.before.leaves), "+".join(taken.after.leaves)
    if taken.fault is not None:
        return f"failed in {before}: {taken.fault.error}: {taken.fault.message}"
    if taken.before.status is Status.QUARANTINED and taken.after.status is not Status.QUARANTINED:
        return f"quarantine ended in {after}"
    return f"{before} -> {after}" if before != after else f"{taken.outcome.value} in {before}"
