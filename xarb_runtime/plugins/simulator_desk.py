"""
The desk at which a running simulator is told what shall go wrong, and asked what it holds.

It is a part of the simulator's own server, so it is on loopback and ends with it:

    GET    /sim/faults   what waits to go wrong, what did, and the words there are
    POST   /sim/faults   one fault, a list of them, or `{"faults": [...]}` as in the settings
    DELETE /sim/faults   nothing goes wrong any more
    GET    /sim/book     what can be bet on, and the truth about every order
"""

from collections.abc import Callable
from typing import Any, cast

import msgspec
from aiohttp import web

from xarb_runtime.plugins.settings import SectionError, read_section
from xarb_runtime.plugins.simulator_book import Book
from xarb_runtime.plugins.simulator_faults import FAULTS, ScriptedFault
from xarb_runtime.plugins.simulator_script import FaultScript

#: Every path of the desk begins so.
SIM = "/sim/"
_FAULTS, _BOOK = f"{SIM}faults", f"{SIM}book"


class SimulatorDesk:
    """
    The desk.

    Args:
        script: what goes wrong.
        settings: the simulator's settings; their key `faults` says what is understood.
        words: the faults that there are here.
        book: tells what the simulator holds.
        on_fault: told every fault that is added by hand.
    """

    def __init__(
        self,
        script: FaultScript,
        settings: type[msgspec.Struct],
        words: tuple[str, ...],
        book: Callable[[], Book],
        on_fault: Callable[[ScriptedFault], None],
    ) -> None:
        self._script, self._settings, self._words = script, settings, words
        self._book, self._on_fault = book, on_fault

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get(_FAULTS, self.tell),
            web.post(_FAULTS, self.add),
            web.delete(_FAULTS, self.clear),
            web.get(_BOOK, self.hold),
        ]

    async def tell(self, request: web.Request) -> web.Response:
        """Say what waits, what went wrong, and what could."""
        del request
        return self._told()

    async def add(self, request: web.Request) -> web.Response:
        """Let something go wrong; all of it or, if a part does not fit, nothing."""
        try:
            raw = msgspec.json.decode(await request.read())
        except msgspec.DecodeError as error:
            return _refused(f"expected JSON, found something else: {error}")
        try:
            found: Any = read_section(self._settings, {"faults": _listed(raw)})
        except SectionError as error:
            return _refused(" ".join(filter(None, (f"{error}.", error.hint))))
        faults = cast("tuple[ScriptedFault, ...]", found.faults)
        self._script.add(*faults)
        for fault in faults:
            self._on_fault(fault)
        return self._told()

    async def clear(self, request: web.Request) -> web.Response:
        """Let nothing go wrong any more."""
        del request
        self._script.clear()
        return self._told()

    async def hold(self, request: web.Request) -> web.Response:
        """Say what the simulator holds."""
        del request
        return _answer(self._book())

    def _told(self) -> web.Response:
        waiting, happened = self._script.waiting(), list(self._script.happened)
        words = {word: msgspec.structs.asdict(FAULTS[word]) for word in self._words}
        return _answer({"waiting": waiting, "happened": happened, "faults": words})


def _listed(raw: Any) -> Any:
    """Accept one fault, a list, or a section as it stands in the settings."""
    if isinstance(raw, dict):
        fields = cast("dict[str, Any]", raw)
        return fields["faults"] if set(fields) == {"faults"} else [fields]
    return raw


def _answer(value: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json"
    )


def _refused(problem: str) -> web.Response:
    return _answer({"error": problem}, 400)
