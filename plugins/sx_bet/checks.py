"""
What must be so before one can trade at SX Bet, for `xarb check`.
"""

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.plugins.contracts import VenueCheck

from . import wire
from .account import Funds, Standing
from .odds import from_units
from .rest import NoAnswerError, Rest
from .settings import SxBetSettings
from .terms import Terms

MOST_SKEW_MS = 5_000


async def checks(
    standing: Standing, rest: Rest, clock: Clock, settings: SxBetSettings, *, maker: str
) -> tuple[VenueCheck, ...]:
    """
    Look at everything.

    Raises:
        ConnectionError: the exchange cannot be asked.
    """
    await standing.refresh(all_of_it=True)
    terms = standing.terms
    if terms is None:
        if rest.date_ms is not None:
            hint = "do not trade until it is known why"
            return (VenueCheck(what="metadata", ok=False, found=standing.problem, hint=hint),)
        raise NoAnswerError(standing.problem)
    found = [_metadata(terms), _delay(terms, settings), _clock(rest, clock)]
    if maker and standing.funds is not None and not standing.funds_problem:
        funds = standing.funds
        found += [_key(standing, funds, maker), _wallet(funds), _balance(funds, terms)]
        found.append(await _fees(standing))
    elif maker:
        found += _unread(standing)
    return tuple(found)


def _metadata(terms: Terms) -> VenueCheck:
    domain = terms.domain
    found = f"chain {domain.chain_id}, escrow {domain.verifying_contract}, {terms.symbol}"
    return VenueCheck(what="metadata", ok=True, found=found)


def _delay(terms: Terms, settings: SxBetSettings) -> VenueCheck:
    return VenueCheck(
        what="betting delay",
        ok=terms.longest_delay_ms < parse_duration_ms(settings.expiry_margin),
        found=f"at most {terms.longest_delay_ms} ms, expiry_margin is {settings.expiry_margin}",
        hint="set expiry_margin to more than the delay, or orders in play are refused",
    )


def _clock(rest: Rest, clock: Clock) -> VenueCheck:
    if rest.date_ms is None:
        return VenueCheck(what="clock", ok=True, found="the exchange does not tell the time")
    skew_ms = clock.now_ms() - rest.date_ms
    return VenueCheck(
        what="clock",
        ok=abs(skew_ms) <= MOST_SKEW_MS,
        found=f"{skew_ms} ms ahead of the exchange's, give or take a second",
        hint="set this machine's clock: expiries are told by it",
    )


def _unread(standing: Standing) -> list[VenueCheck]:
    """The account cannot be read: whether anything about it is as it must be is not known."""
    hint = "make a V3 key at sx.bet, and set api_key in .secrets.yaml, or api_key_env"
    if not standing.key_refused:
        hint = "nothing is known of the account before it can be read; try again later"
    key = VenueCheck(what="API key", ok=False, found=standing.funds_problem, hint=hint)
    hint = "see API key: it is told once the account can be read"
    return [key] + [
        VenueCheck(what=what, ok=False, found="not known", hint=hint)
        for what in ("proxy wallet", "balance", "fees")
    ]


def _key(standing: Standing, funds: Funds, maker: str) -> VenueCheck:
    owner = funds.owner or "an account that is not named"
    return VenueCheck(
        what="API key",
        ok=standing.is_ours,
        found=f"of {owner}; orders are signed by {maker}",
        hint="API key and private key must be of the same account",
    )


def _wallet(funds: Funds) -> VenueCheck:
    found = funds.wallet or "none"
    hint = "log in at sx.bet once and make the proxy wallet there"
    return VenueCheck(what="proxy wallet", ok=funds.deployed, found=found, hint=hint)


def _balance(funds: Funds, terms: Terms) -> VenueCheck:
    return VenueCheck(
        what="balance",
        ok=funds.available >= terms.minimum,
        found=f"{from_units(funds.available, terms.decimals)} {terms.symbol} can be staked",
        hint="deposit at sx.bet: what is not in the proxy wallet cannot be staked",
    )


async def _fees(standing: Standing) -> VenueCheck:
    try:
        fees = await standing.fees()
    except (NoAnswerError, wire.WireError) as error:
        hint = "find out at sx.bet before you enter a fee, or none, in opportunities"
        return VenueCheck(what="fees", ok=False, found=f"not known: {error}", hint=hint)
    rate = fees.taker_payout_fee
    found = "none for takers" if not rate else f"{rate} of a taker's profit"
    return VenueCheck(what="fees", ok=True, found=found)
