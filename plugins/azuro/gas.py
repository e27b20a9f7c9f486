"""
What the relayer asks for an order, and whether the environment is the one that was meant.
"""

from decimal import Decimal

from xarb_runtime.plugins.contracts import Clock

from .environments import Environment
from .haste import Haste
from .sharing import Shared
from .terms import tokens
from .wire import Wire, fields_of, list_of, number_of, text_of

#: An older fee is asked for again before an order is signed with it.
FRESH_MS = 30_000


class GasError(ConnectionError):
    """The relayer's fee cannot be had, or is not that of our environment."""


class Gas:
    """
    The relayer's fee.

    Args:
        wire: the REST API.
        environment: the deployment.
        most: the most that may be asked for, in tokens.
        clock: the clock.

    Attributes:
        fee: in the token's smallest unit; None before it is known.
    """

    def __init__(self, wire: Wire, environment: Environment, most: Decimal, clock: Clock) -> None:
        self._wire, self._environment, self._most, self._clock = wire, environment, most, clock
        self._asked_ms = 0
        self._asking: Shared[int] = Shared(clock)
        self.fee: int | None = None

    @property
    def tokens(self) -> Decimal:
        """The fee in tokens; 0 before it is known."""
        return tokens(self.fee or 0, self._environment.decimals)

    @property
    def problem(self) -> str:
        """Why nothing is sent at this fee; empty when it may be."""
        if self.tokens <= self._most:
            return ""
        return (
            f"expected a relayer's fee of at most {self._most} {self._environment.symbol}"
            f" (max_relayer_fee), found {self.tokens}"
        )

    async def fresh(self) -> int:
        """
        Return the fee; it is asked for when what is known is old.

        Raises:
            GasError: the answer is not a fee of this environment.
            aiohttp.ClientError, TimeoutError: there was none.
        """
        now_ms = self._clock.now_ms()
        if self.fee is None or now_ms - self._asked_ms >= FRESH_MS:
            return await self.ask()
        return self.fee

    async def ask(self) -> int:
        """
        Ask for the fee.

        Raises:
            GasError: the answer is not a fee of this environment.
            aiohttp.ClientError, TimeoutError: there was none.
        """
        return await self._asking.ask(self._ask)

    async def _ask(self) -> int:
        asked = [("environment", self._environment.name)]
        answer = await self._wire.get("bet/gas-info", asked, haste=Haste.FIRST)
        # Described as a list with one object, seen as the object itself.
        listed = list_of(answer.body)
        given = fields_of(listed[0]) if listed else answer.fields()
        fee = number_of(given.get("relayerFeeAmount"))
        if not answer.ok or fee is None or fee < 0 or fee != fee.to_integral_value():
            raise GasError(f"the relayer's fee cannot be had: {answer.said()}")
        self._check_token(text_of(given.get("symbol")), number_of(given.get("decimals")))
        self.fee, self._asked_ms = int(fee), self._clock.now_ms()
        return self.fee

    def _check_token(self, symbol: str, decimals: Decimal | None) -> None:
        expected = self._environment
        if symbol not in {"", expected.symbol} or decimals not in {None, expected.decimals}:
            raise GasError(
                f"expected {expected.symbol} with {expected.decimals} digits"
                f" in {expected.name}, found {symbol} with {decimals}"
            )
