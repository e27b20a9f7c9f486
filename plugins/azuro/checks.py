"""
What `xarb check` looks at: everything that must be so before one can bet here.
"""

from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp

from xarb_runtime.plugins.contracts import VenueCheck

from .chain import ChainError
from .feed import Feed
from .parts import Parts
from .purse import WITHOUT_LIMIT, plain
from .wire import NOT_FOUND, words_of

#: Our clock and the chain's may be so far apart.
MOST_APART_S = 15

_FAILURES = (aiohttp.ClientError, TimeoutError)


async def checks(parts: Parts) -> AsyncIterator[VenueCheck]:
    """
    Yield what was looked at. Nothing is placed, nothing is signed.

    Raises:
        GasError: the venue does not say what an order costs.
        aiohttp.ClientError, TimeoutError: the venue cannot be asked.
    """
    yield await _fee(parts)
    if parts.trade is not None:
        yield VenueCheck(what="wallet", ok=True, found=parts.trade.orders.wallet.address)
        async for check in _money(parts):
            yield check
        if parts.settings.cashout:
            yield await _cashout(parts)
    if parts.feed is not None:
        yield await _stream(parts.feed)


async def _fee(parts: Parts) -> VenueCheck:
    await parts.gas.ask()
    return VenueCheck(
        what="relayer fee",
        ok=not parts.gas.problem,
        found=f"{plain(parts.gas.tokens)} {parts.environment.symbol} an order",
        hint="accept it with max_relayer_fee, or wait" if parts.gas.problem else "",
    )


async def _money(parts: Parts) -> AsyncIterator[VenueCheck]:
    if parts.chain is None:
        yield VenueCheck(what="balance", ok=True, found="not looked at: rpc_url is empty")
        return
    try:
        await parts.purse.look(anew=True)
        same = await parts.chain.signs_as_we_do()
        ahead_s = parts.clock.now_ms() // 1000 - await parts.chain.time_s()
    except (*_FAILURES, ChainError) as error:
        yield VenueCheck(
            what="node", ok=False, found=words_of(error), hint="set rpc_url to another node"
        )
        return
    found = "as we sign it" if same else "another type than we sign"
    hint = "" if same else "do not trade: this plugin is older than the contract"
    yield VenueCheck(what="signature type", ok=same, found=found, hint=hint)
    yield _clock(ahead_s)
    wealth = parts.purse.wealth
    if wealth is not None:
        fund = f"send {parts.environment.symbol} to the wallet"
        yield _enough(parts, "balance", wealth.balance, fund)
        approve = f"approve {parts.environment.relayer} (the relayer) for {parts.environment.token}"
        yield _enough(parts, "allowance", wealth.allowance, approve)


def _clock(ahead_s: int) -> VenueCheck:
    """Blocks are some seconds old. Signatures that expire by a wrong clock prove less."""
    ok = abs(ahead_s) <= MOST_APART_S
    hint = "" if ok else "let this machine's clock be set by NTP, or set rpc_url to another node"
    found = f"{ahead_s} s ahead of the newest block"
    return VenueCheck(what="clock", ok=ok, found=found, hint=hint)


def _enough(parts: Parts, what: str, raw: int, hint: str) -> VenueCheck:
    found = parts.purse.in_tokens(raw)
    ok = found >= parts.settings.min_stake + parts.gas.tokens
    shown = "without limit" if found == Decimal(WITHOUT_LIMIT) else plain(found)
    return VenueCheck(
        what=what,
        ok=ok,
        found=f"{shown} {parts.environment.symbol}",
        hint="" if ok else hint,
    )


async def _cashout(parts: Parts) -> VenueCheck:
    answer = await parts.wire.post("cashout/get-available", {"conditionIds": []})
    gone = answer.status == NOT_FOUND
    return VenueCheck(
        what="cashout",
        ok=not gone,
        found=answer.said(),
        hint="the venue has none at present: set cashout: false" if gone else "",
    )


async def _stream(feed: Feed) -> VenueCheck:
    try:
        await feed.reach()
    except (*_FAILURES, OSError) as error:
        hint = "quotes are asked for one by one meanwhile; stream: false makes that permanent"
        return VenueCheck(what="stream", ok=False, found=words_of(error), hint=hint)
    return VenueCheck(what="stream", ok=True, found="connects")
