"""
How a ghost's answers travel over HTTP; both ends agree here and nowhere else.

    POST   /orders         an order     200 report | 409 refused | 504 unknown
    DELETE /orders/{id}                 200 report | 409 not cancelled | 504 unknown
    GET    /orders/{id}                 200 report | 404 with the code ABSENT | 504 unknown
    GET    /quote          a selection  200 quote | 404 none
    POST   /heartbeat                   204
    GET    /reports?epoch=&after=       200 the log beyond that count; waits until there is more
    GET    /book                        200 the venue's truth

Definite is only what has one of these bodies: a bare 404 or 409, a 5xx, silence or a broken
connection prove nothing.
"""

import msgspec

from xarb_runtime.domain.orders import OrderReport

OK = 200
NO_CONTENT = 204
NOT_FOUND = 404
CONFLICT = 409
UNKNOWN = 504

ABSENT = "ABSENT"


class Refusal(msgspec.Struct, frozen=True):
    """Why not: a code that is never empty, and words for people."""

    code: str
    reason: str = ""


class Reports(msgspec.Struct, frozen=True):
    """
    A piece of the log.

    Attributes:
        epoch: another one than asked for: the venue has begun anew, this is from the beginning.
        count: how many reports there are up to the end of this piece.
        reports: the piece, oldest first.
    """

    epoch: int
    count: int
    reports: list[OrderReport]
