"""
What wrong venues are made of: the plain one, spoilt in one place.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from xarb_runtime.domain.orders import (
    Accepted,
    CancelAnswer,
    FindAnswer,
    Found,
    Order,
    OrderReport,
    PlaceAnswer,
)
from xarb_runtime.plugins.contracts import Capabilities
from xarb_runtime.plugins.http_venue import FAILURES, Answer, HttpVenue, Request, http_spec
from xarb_runtime.testing.plain.bench import PlainBench
from xarb_runtime.testing.plain.client import PlainProtocol

#: By the one case that each of them fails.
WRONG: dict[str, type[PlainBench]] = {}


def wrong(case: str) -> Callable[[type], type]:
    """Note a wrong venue: it fails this case, and no other."""

    def register(venue: type) -> type:
        _note(case, venue.__name__, {"open": opened_as(venue)})
        return venue

    return register


def boasts(case: str, **changes: Any) -> None:
    """Note the plain venue with wrong words about what it can do."""

    def capabilities(settings: Any) -> Capabilities:
        return msgspec.structs.replace(PlainBench.spec.capabilities(settings), **changes)

    _note(case, "Boaster", {"capabilities": capabilities})


def other(case: str, **spec: Any) -> None:
    """Note the plain venue with another opening, or other settings."""
    _note(case, "Other", spec)


def unaware(case: str, bench: type[PlainBench]) -> None:
    """Note the plain venue as it is, on a server that does what it does not expect."""
    assert case not in WRONG, case
    WRONG[case] = bench


def _note(case: str, name: str, spec: dict[str, Any]) -> None:
    assert case not in WRONG, case
    WRONG[case] = _bench(name, spec)


def bench_of(venue: type) -> type[PlainBench]:
    """Return the bench of a plain venue that behaves as another class says."""
    return _bench(venue.__name__, {"open": opened_as(venue)})


def _bench(name: str, spec: dict[str, Any]) -> type[PlainBench]:
    changed = msgspec.structs.replace(PlainBench.spec, **spec)
    return type(f"{name}Bench", (PlainBench,), {"spec": changed})


def opened_as(venue: type) -> Any:
    """Return what opens the plain venue, to behave as another class says."""
    return http_spec(PlainProtocol, name="plain", version="0.1.0", venue=venue).open


class Spoilt(HttpVenue):
    """The plain venue, with something to remember."""

    def __init__(self, *opened: Any) -> None:
        super().__init__(*opened)
        self.ids: set[str] = set()
        self.kept: dict[Any, Any] = {}


class Restating(Spoilt):
    """States every report in other words."""

    def restate(self, report: OrderReport) -> OrderReport:
        raise NotImplementedError

    def _answer(self, answer: Any) -> Any:
        if isinstance(answer, Accepted | Found):
            return type(answer)(self.restate(answer.report))
        return answer

    async def place(self, order: Order) -> PlaceAnswer:
        return self._answer(await super().place(order))

    async def cancel(self, order: Order) -> CancelAnswer:
        return self._answer(await super().cancel(order))

    async def find(self, order: Order) -> FindAnswer:
        return self._answer(await super().find(order))

    async def reports(self) -> AsyncIterator[OrderReport]:
        async for report in super().reports():
            yield self.restate(report)


class Forgetting(Spoilt):
    """Loses its place in the stream of changes for some reason."""

    def forgets(self, problem: object) -> bool:
        raise NotImplementedError

    async def send(self, request: Request, *, urgent: bool = False) -> Answer:
        if not asks_for_changes(request):
            return await super().send(request, urgent=urgent)
        if "lost" in self.kept:
            request = Request("GET", "/changes?after=1000000")
        try:
            answer = await super().send(request, urgent=urgent)
        except FAILURES as error:
            if self.forgets(error):
                self.kept["lost"] = True
            raise
        if self.forgets(answer.body):
            self.kept["lost"] = True
        return answer


def asks_for_changes(request: Request) -> bool:
    return request.target.startswith("/changes")
