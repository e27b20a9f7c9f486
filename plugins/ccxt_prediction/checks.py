"""
What must be so before one can trade at a prediction exchange, for `xarb check`.
"""

from decimal import Decimal
from typing import Any

from xarb_runtime.domain.money import ZERO
from xarb_runtime.plugins.contracts import VenueCheck

from .amounts import exact
from .dialects import Dialect
from .draft import Row, part
from .reading import errors
from .settings import CcxtSettings


async def checks(
    exchange: Any, dialect: Dialect, settings: CcxtSettings, *, trades: bool
) -> tuple[VenueCheck, ...]:
    """
    Look at everything: whether the exchange answers, takes the key, and holds money.

    Raises:
        BaseError: ccxt's; the exchange cannot be asked.
    """
    await getattr(exchange, dialect.pulse)()
    found = [VenueCheck(what="exchange", ok=True, found=f"{settings.exchange} answers")]
    if trades and exchange.has.get("fetchBalance"):
        found.append(await _balance(exchange, settings))
    return tuple(found)


async def _balance(exchange: Any, settings: CcxtSettings) -> VenueCheck:
    try:
        balance: Row = await exchange.fetch_balance()
    except (errors().AuthenticationError, errors().ArgumentsRequired) as error:
        return VenueCheck(
            what="API key",
            ok=False,
            found=f"the exchange does not take it ({type(error).__name__})",
            hint="see the credentials in the venue's section of the settings",
        )
    free = {name: exact(amount) for name, amount in part(balance, "free").items()}
    most: Decimal = max(free.values(), default=ZERO)
    told = [f"{amount.normalize():f} {name}" for name, amount in sorted(free.items())]
    return VenueCheck(
        what="balance",
        ok=most >= settings.min_stake,
        found=", ".join(told) or "nothing",
        hint=f"pay in at least min_stake, which is {settings.min_stake}",
    )
