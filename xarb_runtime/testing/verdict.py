"""
How a case ends before its end: it failed, or it does not apply.
"""

from typing import NoReturn


class CaseFailedError(AssertionError):
    """
    A venue did not do what a case asks for.

    Attributes:
        expected, found: for whoever has to repair it.
    """

    def __init__(self, expected: str, found: str) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"expected {expected}, found {found}")


class CaseSkippedError(Exception):
    """A case does not apply; the text says why."""


def expect(condition: object, expected: str, found: object) -> None:
    """
    Go on if it is so.

    Raises:
        CaseFailedError: it is not.
    """
    if not condition:
        fail(expected, found)


def fail(expected: str, found: object) -> NoReturn:
    """
    End the case.

    Raises:
        CaseFailedError: always.
    """
    raise CaseFailedError(expected, found if isinstance(found, str) else repr(found))


def skip(reason: str) -> NoReturn:
    """
    End the case: it does not apply.

    Raises:
        CaseSkippedError: always.
    """
    raise CaseSkippedError(reason)
