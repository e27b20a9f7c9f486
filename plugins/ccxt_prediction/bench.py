"""
The bench of prediction markets: ccxt's own client for SX Bet, at our stand-in for SX Bet.

Neither of the two knows of the other: what they agree on is the exchange's protocol.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from xarb_runtime.domain.orders import Selection
from xarb_runtime.plugins.candidates import load_file
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.plugins.contracts import SimulatorOpening
from xarb_runtime.testing.bench import Bench, Fate, Held, NoSuchFateError

from . import xarb_venues

_MARKET = "0x" + "7a" * 32
_NO_MARKET = "0x" + "00" * 32
_BOOKS = {
    "hash": _MARKET,
    "one": [{"percent": "48.5", "size": "1000000"}],
    "two": [{"percent": "50", "size": "1000000"}, {"percent": "49.25", "size": "1000000"}],
    "refill": "0ms",
}
#: As the stand-in calls them.
_FATES: dict[Fate, dict[str, Any]] = {
    Fate.FILL: {},
    Fate.PARTIAL: {"most_percent": 50},
    Fate.REST: {"holds": True},
    Fate.REFUSE: {"reject": "INSUFFICIENT_BALANCE"},
    Fate.WORSE_PRICE: {"cancelled": "NO_LIQUIDITY"},
    Fate.REVERSE: {"fails": True},
    Fate.LATE_INDEX: {"hidden_looks": 3},
    Fate.CANCEL_UNCONFIRMED: {"holds": True, "on_cancel": "unconfirmed"},
    Fate.FILL_DURING_CANCEL: {"holds": True, "on_cancel": "filled"},
}


class SxbetBench(Bench):
    """Orders take what is there and drop the rest; one that rests waits for its betting delay."""

    spec = next(iter(xarb_venues()))
    # ccxt's names of the two outcomes: the market's hash, and the same with `-2`.
    selection = Selection("sx", _MARKET, _MARKET, ("one",))
    unknown = Selection("sx", _NO_MARKET, _NO_MARKET, ("one",))
    odds = Decimal(2)
    stake = Decimal(100)
    settles_ms = 10_000
    rate = 500  # what ccxt allows itself, a request each 120 ms

    @asynccontextmanager
    async def running(self, clock: Clock) -> AsyncGenerator[None, None]:
        """Run the exchange."""
        sx_bet, self._model = _stand_in()
        settings = msgspec.convert({"markets": [_BOOKS]}, sx_bet.simulator_settings, strict=False)
        async with sx_bet.simulator(SimulatorOpening(settings=settings, clock=clock)) as simulated:
            theirs = simulated.section
            self.control = simulated.control
            self.environ = dict(simulated.environ)
            keys = list(self.environ.values())
            self.secrets = (*keys, *(key.removeprefix("0x") for key in keys))
            self.section = {
                "exchange": "sxbet",
                "urls": {"sxbet": simulated.url},
                "api_key_env": theirs["api_key_env"],
                "wallet_address": theirs["address"],
                "key_env": theirs["key_env"],
            }
            yield

    async def destine(self, fate: Fate) -> None:
        """Say what becomes of the next order."""
        self.control.next_order(self._model.OrderFate(**_FATES[fate]))

    async def held(self) -> list[Held]:
        """Return the exchange's truth."""
        return [
            Held(id=it.id, stake=it.stake, filled=it.filled, odds=it.odds, open=it.open)
            for it in self.control.truth()
        ]

    async def fill(self, order_id: str) -> None:
        """Fill an order that is open."""
        self.control.fill(order_id)

    async def drop_streams(self) -> None:
        """There are none to break: orders are looked at again and again."""
        message = "nothing is heard from a stream"
        raise NoSuchFateError(message)


def _stand_in() -> tuple[Any, Any]:
    """Return the other plugin's kind of venue, found as the runtime finds it, and its model."""
    package = load_file("sx_bet", Path(__file__).resolve().parents[1] / "sx_bet" / "__init__.py")
    return next(iter(package.xarb_venues())), import_module(f"{package.__name__}.fake.model")
