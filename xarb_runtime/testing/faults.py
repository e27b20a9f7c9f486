"""
What can happen to a request on its way, or to its answer.
"""

from enum import StrEnum

from xarb_runtime.testing.forge import Forged


class Fault(StrEnum):
    """What happens to a request, or to its answer."""

    LOST_ANSWER = "the server gets it, then the connection breaks"
    RESET_BEFORE = "the connection breaks before the server gets it"
    GATEWAY_AFTER = "the server gets it, a gateway answers 502"
    GATEWAY_BEFORE = "a gateway answers 503, the server does not get it"
    GARBAGE_AFTER = "the server gets it, the answer is 200 and torn JSON"
    HTML_AFTER = "the server gets it, the answer is 200 and a page of HTML"
    HTML_NOT_FOUND = "a proxy answers 404 and a page of HTML, the server does not get it"
    TOO_MANY_BEFORE = "a gateway answers 429 and Retry-After, the server does not get it"
    SILENCE_AFTER = "the server gets it, no answer ever comes"
    SILENCE_BEFORE = "the server does not get it, no answer ever comes"
    ARRIVES_LATE = "no answer ever comes, and the server gets it later"
    SLOW = "the answer takes its time"


#: What 429 says in `Retry-After`, seconds.
RETRY_AFTER_S = 7

_PAGE = b"<!doctype html><html><body><h1>Something went wrong</h1></body></html>"

#: What is answered instead.
FORGED = {
    Fault.GATEWAY_AFTER: Forged(status=502, body=_PAGE, content_type="text/html"),
    Fault.GATEWAY_BEFORE: Forged(status=503, body=_PAGE, content_type="text/html"),
    Fault.GARBAGE_AFTER: Forged(status=200, body=b'{"status":"succ'),
    Fault.HTML_AFTER: Forged(status=200, body=_PAGE, content_type="text/html"),
    Fault.HTML_NOT_FOUND: Forged(status=404, body=_PAGE, content_type="text/html"),
    Fault.TOO_MANY_BEFORE: Forged(status=429, body=b"{}", retry_after=RETRY_AFTER_S),
}

#: Those that do not reach the server at all.
BEFORE = {Fault.GATEWAY_BEFORE, Fault.HTML_NOT_FOUND, Fault.TOO_MANY_BEFORE}
