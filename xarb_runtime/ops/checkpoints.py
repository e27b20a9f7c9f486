"""
What the runtime does, line by line: steps, incidents, operators' words, checkpoints.
"""

import structlog

from xarb_runtime.domain.steps import Outcome, Step
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.work import Work


class Checkpoints:
    """
    An observer that logs each round of work after its commit: its steps, its incidents, and the
    checkpoint itself, the line that says that all of it is on disk.
    """

    def __init__(self) -> None:
        self._log = structlog.get_logger("xarb.journal")
        self._count = 0

    def observe(self, work: Work) -> None:
        """Log a round of work."""
        for taken in work.steps:
            self._step(taken)
        for incident in work.incidents:
            self._log.warning(
                "incident",
                execution=incident.execution,
                incident=incident.id,
                kind=incident.kind,
                severity=incident.severity,
                reason=incident.reason,
            )
        for action in work.batch.actions:
            self._log.info(
                "operator",
                operator=action.operator,
                action=action.action,
                about=action.target,
                result=action.result,
            )
        if work.steps:
            self._count += 1
            self._log.info(
                "checkpoint",
                number=self._count,
                steps=len(work.steps),
                commands=len(work.commands),
                answers=len(work.batch.answers),
            )

    def _step(self, taken: Step) -> None:
        if not _is_telling(taken):
            return
        self._log.info(
            "step",
            execution=taken.after.execution,
            seq=taken.after.seq,
            signal=taken.signal,
            source=taken.event.source,
            outcome=taken.outcome.value,
            before=list(taken.before.leaves),
            after=list(taken.after.leaves),
            exposure=taken.after.exposure.value,
            commands=[f"{command.target}/{command.name}" for command in taken.commands],
        )


def _is_telling(taken: Step) -> bool:
    """Heartbeats and good answers come all the time; of them only a change is news."""
    moved = taken.before.leaves != taken.after.leaves
    return moved or (is_trade(taken.after.execution) and taken.outcome is not Outcome.STALE)
