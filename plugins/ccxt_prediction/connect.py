"""
Opening an exchange: ccxt, credentials, connections.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.contracts import Clock, VenueOpening
from xarb_runtime.plugins.keys import KeyProblemError, read_key
from xarb_runtime.plugins.pacing import Pace

from .dialects import DIALECTS, Dialect
from .settings import CcxtSettings
from .venue import CcxtVenue
from .wire import Wire


class CcxtMissingError(ImportError):
    """ccxt is not installed."""


@asynccontextmanager
async def open_venue(opening: VenueOpening) -> AsyncGenerator[CcxtVenue, None]:
    """
    Open an exchange; nothing is sent yet.

    Raises:
        CcxtMissingError: ccxt is not installed.
        KeyProblemError: a credential that the settings name is not there.
    """
    settings: CcxtSettings = opening.settings
    kinds = _ccxt()
    async with opening.http() as session:
        exchange: Any = getattr(kinds, settings.exchange)(_config(opening, session))
        # At level debug ccxt logs every request with its headers, and these hold the key.
        exchange.logger = _silent()
        if settings.sandbox:
            exchange.set_sandbox_mode(True)
        if settings.urls:
            exchange.urls["api"] = {**exchange.urls["api"], **settings.urls}
        dialect = DIALECTS[settings.exchange]
        teach(exchange, dialect)
        if dialect.prepare is not None:
            dialect.prepare(exchange)
        pace = pace_of(settings, opening.clock, exchange.rateLimit)
        Wire(exchange, dialect, opening.clock, pace)
        try:
            yield CcxtVenue(opening, exchange, dialect, pace)
        finally:
            await exchange.close()


def teach(exchange: Any, dialect: Dialect) -> None:
    """Tell ccxt which errors some words stand for that it does not know."""
    errors = import_module("ccxt.base.errors")
    for how, words in dialect.says.items():
        known = {word: getattr(errors, name) for word, name in words.items()}
        exchange.exceptions[how] = {**known, **exchange.exceptions.get(how, {})}


def pace_of(settings: CcxtSettings, clock: Clock, rate_limit_ms: float) -> Pace:
    """Return the pace; ccxt says how many milliseconds should lie between two requests."""
    window_ms = parse_duration_ms(settings.rate_window)
    rate = settings.rate or max(1, int(window_ms / max(1, rate_limit_ms)))
    return Pace(clock, rate, window_ms, kept=rate // 3)


def _silent() -> logging.Logger:
    logger = logging.getLogger("xarb.ccxt.silent")
    logger.setLevel(logging.CRITICAL)
    return logger


def _ccxt() -> Any:
    try:
        return import_module("ccxt.prediction")
    except ImportError as error:
        message = "prediction markets need the extra ccxt: pip install 'xarb[ccxt]'"
        raise CcxtMissingError(message) from error


def _config(opening: VenueOpening, session: Any) -> dict[str, Any]:
    settings: CcxtSettings = opening.settings
    config: dict[str, Any] = {
        "session": session,
        "timeout": parse_duration_ms(settings.deadline),
        "options": dict(settings.options),
    }
    if settings.wallet_address:
        config["walletAddress"] = settings.wallet_address
    if opening.trades:
        if DIALECTS[settings.exchange].wallet and not settings.wallet_address:
            message = f"{settings.exchange} needs wallet_address, which holds the money; found none"
            raise KeyProblemError(message)
        config.update(_credentials(opening))
    return config


def _credentials(opening: VenueOpening) -> dict[str, Any]:
    settings: CcxtSettings = opening.settings
    named = {
        "apiKey": settings.api_key_env,
        "secret": settings.api_secret_env,
        "password": settings.passphrase_env,
    }
    found = {what: _variable(opening, name) for what, name in named.items() if name}
    if settings.pem_file:
        found["privateKey"] = _pem(opening, Path(settings.pem_file))
    elif settings.key_env or settings.keystore_file:
        key = read_key(settings.key_place, opening.environ, opening.hide)
        found["privateKey"] = "0x" + key.secret.hex()
        opening.hide(key.secret.hex())
    return found


def _variable(opening: VenueOpening, name: str) -> str:
    value = opening.environ.get(name, "")
    if not value:
        message = f"expected the variable {name} in the environment, found none"
        raise KeyProblemError(message)
    opening.hide(value)
    return value


def _pem(opening: VenueOpening, file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        message = f"expected a private key at {file}, found {error.strerror}"
        raise KeyProblemError(message) from error
    if "PRIVATE KEY" not in text:
        message = f"expected a private key in PEM at {file}, found something else"
        raise KeyProblemError(message)
    opening.hide(text)
    return text
