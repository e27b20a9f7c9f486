"""
Answers, and the errors of the real backend's framework.
"""

from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from .units import to_json


class ProblemError(Exception):
    """
    A request is answered with an error; the framework's body is made of it.

    Attributes:
        code: the API's own, such as `cashout.bet_not_found`; empty where it has none.
    """

    def __init__(self, status: HTTPStatus, message: str | list[str], code: str = "") -> None:
        super().__init__(str(message))
        self.status, self.message, self.code = status, message, code

    def reply(self) -> web.Response:
        """Return the answer."""
        body = {
            "message": self.message,
            "error": self.status.phrase,
            "statusCode": self.status.value,
        }
        if self.code:
            body["code"] = self.code
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
