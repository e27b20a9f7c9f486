"""
What the schemas of messages say beyond the types of the fields.

For messages that come in these are the reader's own bounds, from its own constants; for those that
go out, the words that there are.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from xarb_runtime.bus.opportunities import (
    FIGURE,
    ID,
    LAST_MS,
    MAX_FIGURE,
    MAX_HEDGES,
    MAX_ODDS,
    MAX_SCENARIOS,
    MAX_STAKE,
    MAX_TEXT,
)
from xarb_runtime.domain.cross_venue import SLOTS
from xarb_runtime.domain.ledger import LineStatus
from xarb_runtime.domain.steps import Exposure, Outcome, Status
from xarb_runtime.service.reading import NAME_LENGTH, REASON_LENGTH

Schema = dict[str, Any]

_FIGURE_TEXT: Schema = {"type": "string", "maxLength": MAX_FIGURE, "pattern": f"^{FIGURE}$"}
#: An amount or odds as others may write them.
ANY_FIGURE: Schema = {"anyOf": [_FIGURE_TEXT, {"type": "number"}]}
#: An amount or odds as we write them: a text, so that no reader makes a binary float of it.
WRITTEN_FIGURE: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?(E[+-][0-9]+)?$"}

_NAME: Schema = {"minLength": 1, "maxLength": MAX_TEXT}
_COUNT: Schema = {"minimum": 0}
_WHEN: Schema = {"minimum": 0, "maximum": LAST_MS}


def _figure(**bounds: Any) -> Schema:
    return {"anyOf": [_FIGURE_TEXT, {"type": "number", **bounds}]}


def _names(least: int, most: int | None = None) -> Schema:
    items = {"type": "string", **_NAME}
    upto = {} if most is None else {"maxItems": most}
    return {"minItems": least, **upto, "uniqueItems": True, "items": items}


def _one_of(words: Iterable[str]) -> Schema:
    return {"enum": [str(word) for word in words]}


def _without(words: type[StrEnum], *left_out: StrEnum) -> Schema:
    return _one_of(word for word in words if word not in left_out)


#: By class and field.
BOUNDS: dict[str, Schema] = {
    "Opportunity.id": {"pattern": f"^{ID}$"},
    "Opportunity.detected_ms": {"minimum": 1, "maximum": LAST_MS},
    "Opportunity.event": {"maxLength": MAX_TEXT},
    "Opportunity.scenarios": _names(2, MAX_SCENARIOS),
    "Opportunity.stake": _figure(exclusiveMinimum=0, maximum=int(MAX_STAKE)),
    "Opportunity.hedges": {"maxItems": MAX_HEDGES},
    "LegOffer.odds": _figure(exclusiveMinimum=1, maximum=int(MAX_ODDS)),
    "LegOffer.fee": _figure(minimum=0, exclusiveMaximum=1),
    "HedgeOffer.strategy": _NAME,
    "Selection.venue": _NAME,
    "Selection.market": _NAME,
    "Selection.outcome": _NAME,
    "Selection.wins": _names(1),
    "OperatorWordData.operator": {"minLength": 1, "maxLength": NAME_LENGTH},
    "OperatorWordData.reason": {"maxLength": REASON_LENGTH},
    "TransitionData.version": {"minimum": 1},
    "TransitionData.seq": {"minimum": 1},
    # A stale event tells nothing new: nobody is told.
    "TransitionData.outcome": _without(Outcome, Outcome.STALE),
    "TransitionData.status": _one_of(Status),
    "TransitionData.exposure": _one_of(Exposure),
    "TransitionData.time_ms": _WHEN,
    "OrderData.slot": _one_of(SLOTS),
    "OrderData.status": _one_of(LineStatus),
    "CompletedData.exposure": _one_of(Exposure),
    "CompletedData.started_ms": _WHEN,
    "CompletedData.ended_ms": _WHEN,
    "IncidentOpenedData.severity": _one_of(("warning", "critical")),
    "IncidentOpenedData.exposure": _one_of(Exposure),
    "IncidentOpenedData.opened_ms": _WHEN,
    "IncidentClosedData.closed_ms": _WHEN,
    "KpiWindowData.sample": _COUNT,
    "KpiWindowData.time_ms": _WHEN,
}
