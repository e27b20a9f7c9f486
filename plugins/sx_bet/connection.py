"""
Opening SX Bet: key, connections, and what goes on in the background while it is open.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import aiohttp

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.contracts import VenueOpening
from xarb_runtime.plugins.keys import KeyProblemError, read_key

from .rest import Rest
from .settings import SxBetSettings
from .signing import Signer
from .stream import Stream
from .venue import SxBetVenue

_AGAIN_MS = 5_000
#: For what has no deadline of its own: the websocket's handshake.
_HANDSHAKE = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=10)


@asynccontextmanager
async def open_venue(opening: VenueOpening) -> AsyncGenerator[SxBetVenue, None]:
    """
    Open a connection; nothing is waited for.

    Raises:
        KeyProblemError: there is no key, or it is not the account's.
    """
    own: SxBetSettings = opening.settings
    api_key = _api_key(opening)
    signer = await asyncio.to_thread(_signer, opening) if opening.trades else None
    # Without cookies: nobody asks for them, and looking for some takes a moment for every order.
    no_cookies = aiohttp.DummyCookieJar()
    async with opening.http(timeout=_HANDSHAKE, cookie_jar=no_cookies) as session:
        rest = Rest(
            session,
            opening.clock,
            url=own.url,
            api_key=api_key,
            timeout_ms=parse_duration_ms(own.request_timeout),
            limit=own.rate_limit,
            kept=own.rate_kept,
            fills_limit=own.rate_fills,
        )
        venue = SxBetVenue(opening, rest, signer)
        duties = [venue.keep]
        if signer is not None:
            duties.append(venue.follow)
        if own.realtime_url and api_key:
            stream = Stream(
                session,
                rest,
                opening.clock,
                url=own.realtime_url,
                on_data=venue.ears.hear,
                on_live=venue.ears.hear_gap,
            )
            venue.ears.attach(stream)
            duties.append(stream.run)
        async with _going_on(opening, duties):
            yield venue


@asynccontextmanager
async def _going_on(
    opening: VenueOpening, duties: Sequence[Callable[[], Awaitable[None]]]
) -> AsyncGenerator[None, None]:
    """Keep duties going for as long as the context lasts, and leave nothing behind."""

    async def keep(duty: Callable[[], Awaitable[None]]) -> None:
        while True:
            # Whatever is wrong with one word of the exchange must not end the venue.
            try:
                await duty()
            except Exception:  # noqa: BLE001  said by `heartbeat` and `figures`, where it matters
                await opening.clock.sleep_ms(_AGAIN_MS)

    tasks = [asyncio.create_task(keep(duty), name=f"sx_bet {opening.name}") for duty in duties]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _api_key(opening: VenueOpening) -> str:
    """Return the API key; who only looks on may have none."""
    own: SxBetSettings = opening.settings
    key = own.api_key or opening.environ.get(own.api_key_env, "")
    if key:
        opening.hide(key)
    elif opening.trades and own.api_key_env:
        expected = f"the variable {own.api_key_env} in the environment"
        raise KeyProblemError(f"api_key_env: expected {expected}, found none")
    elif opening.trades:
        expected = "the account's API key in .secrets.yaml, or api_key_env"
        raise KeyProblemError(f"api_key: expected {expected}, found none")
    return key


def _signer(opening: VenueOpening) -> Signer:
    own: SxBetSettings = opening.settings
    signer = Signer(read_key(own.key_place, opening.environ, opening.hide))
    if own.address and own.address.lower() != signer.address.lower():
        expected = f"the key of {own.address}"
        raise KeyProblemError(f"address: expected {expected}, found that of {signer.address}")
    return signer
