"""
What venues measure about themselves, as far as it can be shown.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

import structlog

from xarb_runtime.plugins.contracts import Venue

log = structlog.get_logger("xarb.figures")

#: A venue may not flood whoever reads its figures.
MOST = 32
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def figures_of(name: str, venue: Venue) -> dict[str, Decimal]:
    """Return a venue's figures by name; what is no figure is left out, and nothing is raised."""
    try:
        found: object = venue.figures()
    except Exception as error:  # noqa: BLE001  a plugin may raise anything
        log.warning("figures_failed", venue=name, error=type(error).__name__)
        return {}
    if not isinstance(found, Mapping):
        return {}
    known = {
        str(figure): Decimal(value)
        for figure, value in found.items()
        if isinstance(figure, str) and _NAME.fullmatch(figure) and _is_number(value)
    }
    return dict(sorted(known.items())[:MOST])


def _is_number(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)
