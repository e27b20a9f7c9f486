"""
Opening a connection: what it is made of is put together; nothing is waited for.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp

from xarb_runtime.plugins.contracts import VenueOpening
from xarb_runtime.plugins.keys import read_key
from xarb_runtime.plugins.pacing import Pace

from .chain import Chain, keys_in
from .environments import ENVIRONMENTS, Environment
from .expiry import Expiry
from .feed import Feed
from .follow import Follower
from .gas import Gas
from .market import Market
from .orders import Orders
from .parts import Parts, Trade
from .purse import Purse
from .settings import AzuroSettings
from .signing import Wallet
from .venue import AzuroVenue
from .wire import Wire

#: Connections stay open: a new one would cost more than an answer.
KEPT_ALIVE_S = 75
CONNECTIONS = 20


@asynccontextmanager
async def open_venue(opening: VenueOpening) -> AsyncGenerator[AzuroVenue, None]:
    """
    Open a connection; nothing is sent yet.

    Raises:
        KeyProblemError: it is to trade, and there is no key.
    """
    settings: AzuroSettings = opening.settings
    for key in keys_in(settings.rpc_url):
        opening.hide(key)
    wallet = None
    if opening.trades:
        wallet = Wallet(read_key(settings, opening.environ, opening.hide))
    connector = aiohttp.TCPConnector(keepalive_timeout=KEPT_ALIVE_S, limit=CONNECTIONS)
    async with opening.http(connector=connector) as session:
        parts = assemble(opening, session, wallet)
        listening = asyncio.create_task(parts.feed.run()) if parts.feed else None
        try:
            yield AzuroVenue(parts)
        finally:
            if listening is not None:
                listening.cancel()
                # Whatever ended it: without the stream, prices are asked for one by one.
                await asyncio.gather(listening, return_exceptions=True)


def assemble(opening: VenueOpening, session: aiohttp.ClientSession, wallet: Wallet | None) -> Parts:
    """Return the parts of a connection; without a wallet, of one that only watches."""
    settings: AzuroSettings = opening.settings
    clock, bettor = opening.clock, wallet.bettor if wallet else ""
    environment = ENVIRONMENTS[settings.environment]
    timeout_ms = settings.milliseconds("timeout")
    window_ms = settings.milliseconds("rate_window")
    pace = Pace(clock, settings.rate, window_ms)
    wire = Wire(session, settings.url or environment.url, timeout_ms, pace)
    chain = None
    if settings.rpc_url:
        chain = Chain(session, settings.rpc_url, environment, timeout_ms)
    feed = _feed(opening, session, environment) if settings.stream else None
    trade = None
    if wallet is not None:
        orders = Orders(wire, environment, settings, wallet)
        expiry = Expiry(orders, chain, settings, clock)
        trade = Trade(orders, Follower(orders, expiry, settings, clock))
    return Parts(
        name=opening.name,
        settings=settings,
        environment=environment,
        clock=clock,
        wire=wire,
        gas=Gas(wire, environment, settings.max_relayer_fee, clock),
        feed=feed,
        market=Market(wire, feed, settings, clock, bettor),
        chain=chain,
        purse=Purse(chain, bettor, environment, settings.min_stake, clock),
        trade=trade,
    )


def _feed(opening: VenueOpening, session: aiohttp.ClientSession, environment: Environment) -> Feed:
    settings: AzuroSettings = opening.settings
    url = settings.ws_url or environment.ws_url
    good_for_ms = settings.milliseconds("prices_for")
    return Feed(session, url, environment.name, opening.clock, good_for_ms)
