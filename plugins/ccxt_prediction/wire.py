"""
The exchange object of ccxt, made to live by our rules: our clock, our connections, our pace.

All requests of a ccxt exchange go through its `fetch`. Here is noted whether a request that may
carry an order has left, which is half of the proof of a refusal.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from xarb_runtime.plugins.contracts import Clock
from xarb_runtime.plugins.pacing import Pace

from .amounts import TermsError
from .dialects import Dialect
from .refusals import Sending

_SENDING: ContextVar[Sending | None] = ContextVar("sending", default=None)
_URGENT: ContextVar[bool] = ContextVar("urgent", default=False)

HOLD_MS = 1_000
_LONGEST_TEXT = 60


class Wire:
    """
    What stands between a ccxt exchange and the network.

    Args:
        exchange: the exchange, not used yet.
        dialect: what is special about it.
        clock, pace: the time, and how often it may be asked.
    """

    def __init__(self, exchange: Any, dialect: Dialect, clock: Clock, pace: Pace) -> None:
        self._exchange, self._dialect, self._clock, self._pace = exchange, dialect, clock, pace
        self._fetch, self._heard = exchange.fetch, exchange.on_rest_response
        exchange.fetch = self.fetch
        exchange.on_rest_response = self.heard
        exchange.milliseconds = clock.now_ms
        exchange.seconds = lambda: clock.now_ms() // 1000
        exchange.sleep = self.sleep
        exchange.enableRateLimit = False  # ccxt's own pace knows another clock
        exchange.enableLastResponseHeaders = True
        exchange.timeout_on_exit = 0

    async def fetch(
        self, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        """Send a request when its turn has come, and note what left."""
        sending = _SENDING.get()
        await self._pace.turn(urgent=_URGENT.get())
        if sending is not None and method != "GET" and not self._is_harmless(url):
            if sending.until_ms is not None and self._clock.now_ms() >= sending.until_ms:
                message = "its time was over before its turn came"
                raise TermsError(message)
            if sending.url == url:
                message = "it has left already, and is not sent again"
                raise TermsError(message)
            sending.sent, sending.status, sending.url = True, 0, url
        try:
            answer = await self._fetch(url, method, headers, body)
        except Exception as error:
            if type(error).__name__ in {"RateLimitExceeded", "DDoSProtection"}:
                self._pace.hold(self._asked_to_wait_ms())
            raise
        if isinstance(answer, str) and answer:
            _check_json(answer)
        return answer

    def heard(self, code: int, *rest: Any) -> Any:
        """Note the status of an answer; the signature is ccxt's."""
        sending = _SENDING.get()
        if sending is not None and sending.sent:
            sending.status = code
        return self._heard(code, *rest)

    async def sleep(self, milliseconds: float) -> None:
        """Wait on our clock."""
        if milliseconds > 0:
            await self._clock.sleep_ms(int(milliseconds))

    def _is_harmless(self, url: str) -> bool:
        return any(path in url for path in self._dialect.harmless)

    def _asked_to_wait_ms(self) -> int:
        headers: dict[str, str] = self._exchange.last_response_headers or {}
        text = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
        return int(text) * 1000 if text.isdecimal() else HOLD_MS


def _check_json(text: str) -> None:
    # ccxt hands on what is no JSON, and falls over it later with whatever Python raises.
    try:
        json.loads(text)
    except ValueError:
        message = f"expected JSON, found {text[:_LONGEST_TEXT]!r}"
        raise import_module("ccxt.base.errors").BadResponse(message) from None


@contextmanager
def placing(until_ms: int | None = None) -> Generator[Sending]:
    """Watch what leaves on behalf of an order, and let nothing leave too late."""
    sending = Sending(until_ms=until_ms)
    token = _SENDING.set(sending)
    try:
        with urgent():
            yield sending
    finally:
        _SENDING.reset(token)


@contextmanager
def listening() -> Generator[Sending]:
    """Note the status of what is answered, where nothing is placed."""
    heard = Sending(sent=True)
    token = _SENDING.set(heard)
    try:
        yield heard
    finally:
        _SENDING.reset(token)


@contextmanager
def urgent() -> Generator[None]:
    """Let requests use the share of the rate limit that is kept for what money waits for."""
    token = _URGENT.set(True)
    try:
        yield
    finally:
        _URGENT.reset(token)
