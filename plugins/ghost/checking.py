"""
The checks of single values in a script. Each raises a ValueError whose text begins with the key.
"""

from decimal import Decimal
from typing import NoReturn

import msgspec

from xarb_runtime.domain.money import parse_duration_ms


def check_durations(script: msgspec.Struct, *names: str) -> None:
    """Check the named fields, which may be None."""
    spelled = {field.name: field.encode_name for field in msgspec.structs.fields(script)}
    for name in names:
        check_duration(spelled[name], getattr(script, name))


def check_duration(name: str, text: str | None) -> None:
    """
    Check a duration that may be None.

    Raises:
        ValueError: it is not one; the message begins with `name`.
    """
    if text is None:
        return
    try:
        parse_duration_ms(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def check_share(name: str, share: Decimal | None) -> None:
    """
    Check a share that may be None.

    Raises:
        ValueError: it is not between 0 and 1; the message begins with `name`.
    """
    if share is not None and not 0 <= share <= 1:
        refuse(name, "a share between 0 and 1", share)


def check_odds(name: str, odds: Decimal | None) -> None:
    """
    Check decimal odds that may be None.

    Raises:
        ValueError: they are not above 1; the message begins with `name`.
    """
    if odds is not None and odds <= 1:
        refuse(name, "decimal odds above 1", odds)


def refuse(name: str, expected: str, found: object) -> NoReturn:
    """Say that a value does not fit."""
    raise ValueError(f"{name}: expected {expected}, found {found}")
