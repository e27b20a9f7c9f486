"""
Measuring must never hurt what is measured.
"""

from collections.abc import Callable
from typing import Any

import structlog

from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.work import Work

log = structlog.get_logger("xarb.measuring")


class Careful(Instruments):
    """
    Instruments that may fail: an error is logged, once for each kind of it, and goes no further.

    Args:
        inner: what measures.
        observe: what looks at each round of work, if anything does.
    """

    def __init__(
        self, inner: Instruments, observe: Callable[[Work], None] = lambda _work: None
    ) -> None:
        self._inner = inner
        self._observe = observe
        self._said: set[tuple[str, str]] = set()

    def observe(self, work: Work) -> None:
        """Show a round of work."""
        self._try("observe", lambda: self._observe(work))

    def received(self, *args: Any, **kwargs: Any) -> None:
        """Pass it on."""
        self._try("received", lambda: self._inner.received(*args, **kwargs))

    def repeated(self, *args: Any, **kwargs: Any) -> None:
        """Pass it on."""
        self._try("repeated", lambda: self._inner.repeated(*args, **kwargs))

    def committed(self, *args: Any, **kwargs: Any) -> None:
        """Pass it on."""
        self._try("committed", lambda: self._inner.committed(*args, **kwargs))

    def issued(self, *args: Any, **kwargs: Any) -> None:
        """Pass it on."""
        self._try("issued", lambda: self._inner.issued(*args, **kwargs))

    def answered(self, *args: Any, **kwargs: Any) -> None:
        """Pass it on."""
        self._try("answered", lambda: self._inner.answered(*args, **kwargs))

    def fired(self, *args: Any, **kwargs: Any) -> None:
        """Pass it on."""
        self._try("fired", lambda: self._inner.fired(*args, **kwargs))

    def published(self, *args: Any, **kwargs: Any) -> None:
        """Pass it on."""
        self._try("published", lambda: self._inner.published(*args, **kwargs))

    def traceparent(self, *args: Any, **kwargs: Any) -> str:
        """Pass it on; a message without a trace is a message all the same."""
        found = [""]
        self._try("traceparent", lambda: found.append(self._inner.traceparent(*args, **kwargs)))
        return found[-1]

    def _try(self, what: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # whatever is wrong with a figure, the money goes first
            kind = (what, type(error).__name__)
            if kind not in self._said:
                self._said.add(kind)
                log.exception("measuring_failed", what=what)
