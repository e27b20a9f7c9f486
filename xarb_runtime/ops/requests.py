"""
What requests to the control API hold, and how they are answered.
"""

from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from xarb_runtime.domain.steps import Status
from xarb_runtime.ops.bodies import NAME_LENGTH, TEXT_LENGTH
from xarb_runtime.ops.problems import Problem, ProblemError

T = TypeVar("T", bound=msgspec.Struct)

MOST_ROWS = 1000


def answer(value: Any, status: int = HTTPStatus.OK) -> web.Response:
    """Return a value as an answer in JSON."""
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json")


async def body_of(request: web.Request, shape: type[T]) -> T:
    """
    Return the body of a request as a type.

    Raises:
        ProblemError: it does not fit.
    """
    try:
        found = msgspec.json.decode(await request.read() or b"{}", type=shape)
    except msgspec.DecodeError as error:
        expected = ", ".join(shape.__struct_fields__)
        problem = Problem(
            what=f"the body does not fit: {error}",
            where=f"{request.method} {request.path}",
            expected=f"a JSON object with {expected}",
        )
        raise ProblemError(problem) from error
    _check_operator(getattr(found, "operator", ""))
    _check_lengths(found)
    return found


def _check_operator(name: str) -> None:
    if not (0 < len(name) <= NAME_LENGTH and name.isprintable() and name == name.strip()):
        problem = Problem(
            what="it is noted who says this",
            where="operator",
            expected=f"a name of 1 to {NAME_LENGTH} printable characters",
            found=repr(name[:NAME_LENGTH]),
        )
        raise ProblemError(problem)


def _check_lengths(found: msgspec.Struct) -> None:
    for name in ("reason", "note"):
        if len(getattr(found, name, "")) > TEXT_LENGTH:
            expected = f"at most {TEXT_LENGTH} characters"
            raise ProblemError(Problem(what="this text is too long", where=name, expected=expected))


def only(request: web.Request, *known: str) -> None:
    """
    Refuse parameters that mean nothing.

    Raises:
        ProblemError: there is one.
    """
    for name in request.query:
        if name not in known:
            expected = f"one of {', '.join(known)}" if known else "none"
            what = "this parameter means nothing here"
            raise ProblemError(Problem(what=what, where=name, expected=expected))


def status_in(request: web.Request) -> Status | None:
    """
    Return the status that a request asks for; None for any.

    Raises:
        ProblemError: there is no such status.
    """
    text = request.query.get("status", "")
    if not text:
        return None
    try:
        return Status(text)
    except ValueError as error:
        expected = "one of " + ", ".join(status.value for status in Status)
        what = "there is no such status"
        problem = Problem(what=what, where="status", expected=expected, found=text)
        raise ProblemError(problem) from error


def limit_in(request: web.Request) -> int:
    """
    Return how many rows a request asks for.

    Raises:
        ProblemError: it is no number, or too large.
    """
    text = request.query.get("limit", "50")
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MOST_ROWS):
        expected = f"a whole number from 1 to {MOST_ROWS}"
        problem = Problem(what="this is no limit", where="limit", expected=expected, found=text)
        raise ProblemError(problem)
    return int(text)


def flag_in(request: web.Request, name: str) -> bool:
    """
    Return a parameter that is 1 or 0.

    Raises:
        ProblemError: it is neither.
    """
    text = request.query.get(name, "0")
    if text not in {"0", "1", "false", "true"}:
        expected = "1 or 0"
        problem = Problem(what="this is neither", where=name, expected=expected, found=text)
        raise ProblemError(problem)
    return text in {"1", "true"}


def number_in(request: web.Request) -> int:
    """
    Return the number in a path.

    Raises:
        ProblemError: it is none.
    """
    text = request.match_info["number"]
    if not (text.isascii() and text.isdigit()):
        problem = Problem(what="dead letters are numbered", expected="a whole number", found=text)
        raise ProblemError(problem)
    return int(text)
