"""
What goes wrong on the wire, whatever the request would have done.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


class WireFault(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something that goes wrong with requests.

    Attributes:
        route: method and path after the base, such as `POST bet/orders/*`; `POST rpc` is the chain.
        times: how many requests it meets; 0: all of them.
        skips: so many matching requests before them go well.
        handled: the request takes effect before it goes wrong.
        what: `reset` breaks the connection, `answer` gives `status` and `body` instead, `cut`
            breaks the connection in the middle of the true answer, `hang` never answers, `none`
            only waits and rewrites.
        status, body, content_type, headers: the answer instead.
        delay_ms: a pause before it; not scaled.
        rewrite: the JSON of the true answer, as it shall be instead. It needs `handled`.
    """

    route: str = "*"
    times: int = 1
    skips: int = 0
    handled: bool = False
    what: Literal["reset", "answer", "cut", "hang", "none"] = "reset"
    status: int = 502
    body: str = GATEWAY_PAGE
    content_type: str = "text/html"
    headers: dict[str, str] = {}
    delay_ms: int = 0
    rewrite: Callable[[Any], Any] | None = None


def too_many_requests(route: str = "*", *, times: int = 1, after_seconds: int = 1) -> WireFault:
    """Return the fault of asking too often, as the backend's framework words it."""
    return WireFault(
        route=route,
        times=times,
        what="answer",
        status=429,
        body='{"statusCode":429,"message":"ThrottlerException: Too Many Requests"}',
        content_type="application/json",
        headers={"Retry-After": str(after_seconds)},
    )


class FaultQueue:
    """Faults that wait for their requests; the oldest that matches is the next."""

    def __init__(self) -> None:
        self._waiting: list[tuple[WireFault, list[int]]] = []

    def add(self, fault: WireFault) -> None:
        """Let a fault wait."""
        self._waiting.append((fault, [fault.skips, fault.times]))

    def clear(self) -> None:
        """Let everything go well from now on."""
        self._waiting.clear()

    def next_for(self, route: str) -> WireFault | None:
        """Return what goes wrong with a request; None when it goes well."""
        for entry in self._waiting:
            fault, left = entry
            if not fnmatchcase(route, fault.route):
                continue
            if left[0]:
                left[0] -= 1
                continue
            left[1] -= 1
            if left[1] == 0:
                self._waiting.remove(entry)
            return fault
        return None
