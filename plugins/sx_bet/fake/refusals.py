"""
How the exchange says no, and how a connection breaks.
"""

from typing import Any

_NAMES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Refusal(Exception):
    """
    A request is refused.

    Attributes:
        status: of the answer.
        message: a code, or a list of sentences where the request is malformed.
        headers: of the answer.
    """

    def __init__(
        self, status: int, message: str | list[str], headers: dict[str, str] | None = None
    ) -> None:
        self.status, self.message, self.headers = status, message, headers or {}
        super().__init__(f"{status} {message}")

    def body(self) -> dict[str, Any]:
        """Return the body of the answer."""
        name = _NAMES.get(self.status, "Error")
        return {"error": name, "message": self.message, "statusCode": self.status}


class BrokenLinkError(ConnectionError):
    """The connection breaks; whoever asked learns nothing."""


class GarbageError(Exception):
    """The answer is no JSON."""


def malformed(*sentences: str) -> Refusal:
    """Return the refusal of a request that is malformed."""
    return Refusal(400, list(sentences))
