"""
The cases. Each says in its docstring what is *given*, what happens *when*, and what must be *then*.

Numbers stay: a case that is dropped leaves a gap, one that comes finds a gap.
"""

from xarb_runtime.testing.case import CASES
from xarb_runtime.testing.cases import (
    cancelling,
    capabilities,
    care,
    doubt,
    duplicates,
    fills,
    limits,
    looking,
    opening,
    outages,
    protocol,
    scope,
)

__all__ = [
    "CASES",
    "cancelling",
    "capabilities",
    "care",
    "doubt",
    "duplicates",
    "fills",
    "limits",
    "looking",
    "opening",
    "outages",
    "protocol",
    "scope",
]
