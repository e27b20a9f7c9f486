"""
Answers, and the errors of the real backend's framework.
"""

from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from .units import to_json


class ProblemError(Exception):
    """A request is answered with an error; the framework's body is made of it."""

    def __init__(self, status: HTTPStatus, message: str | list[str]) -> None:
        super().__init__(str(message))
        self.status, self.message = status, message

    def reply(self) -> web.Response:
        """Return the answer."""
        body = {
            "message": self.message,
            "error": self.status.phrase,
            "statusCode": self.status.value,
        }
        return reply(body, self.status)


def reply(body: Any, status: int = HTTPStatus.OK) -> web.Response:
    """Return an answer with a JSON body."""
    return web.Response(body=to_json(body), status=status, content_type="application/json")


async def json_of(request: web.Request) -> Any:
    """
    Return the JSON that a request carries.

    Raises:
        ProblemError: it is none.
    """
    try:
        return msgspec.json.decode(await request.read())
    except msgspec.DecodeError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"Unexpected token: {error}") from None
