"""
Texts that PostgreSQL does not take.

It refuses the character NUL, which others may well send us in a name or a reason. A refused commit
would stop the runtime, and the message that holds the character would come again. So it is written
as two characters of the private use area, and read back as it was.
"""

from typing import Any

_MARK = "\ue000"
_NUL = "\x00"
_MARKED_MARK = _MARK + "\ue001"
_MARKED_NUL = _MARK + "\ue002"


def to_text(value: Any) -> Any:
    """Return a parameter as PostgreSQL takes it."""
    if isinstance(value, str):
        if _NUL in value or _MARK in value:
            return value.replace(_MARK, _MARKED_MARK).replace(_NUL, _MARKED_NUL)
        return value
    return [to_text(entry) for entry in value] if isinstance(value, list) else value


def from_text(value: Any) -> Any:
    """Return a value of a row as it was before `to_text`."""
    if isinstance(value, str) and _MARK in value:
        return value.replace(_MARKED_NUL, _NUL).replace(_MARKED_MARK, _MARK)
    return value
