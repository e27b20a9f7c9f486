"""
What the tests of the stand-in stand on: the exchange in time that costs nothing, and traders who
speak to it over real HTTP and sign with type definitions of their own.
"""

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import aiohttp
import msgspec
from eth_account import Account

from tests.plugins.worlds import REGISTRY
from xarb_runtime.plugins.contracts import Simulated, SimulatorOpening
from xarb_runtime.testing.clock import KitClock, KitLoop

assert REGISTRY.venue("sx_bet").name == "sx_bet"  # the import below needs the plugins found

fake = importlib.import_module("xarb_plugins.sx_bet.fake")
model = importlib.import_module("xarb_plugins.sx_bet.fake.model")
FakeSettings = fake.FakeSettings
OrderFate = model.OrderFate

MARKET = "0x" + "7a" * 32
USDC = 10**6
ONE = 10**20
PERCENT = 10**18
KEY = "0x" + "11" * 32
OTHER_KEY = "0x" + "22" * 32
OTHER = {"api_key": "another-simulator-key", "address": Account.from_key(OTHER_KEY).address}

_TYPES = {
    "Order": [
        {"name": "marketHash", "type": "bytes32"},
        {"name": "baseToken", "type": "address"},
        {"name": "totalBetSize", "type": "uint256"},
        {"name": "percentageOdds", "type": "uint256"},
        {"name": "salt", "type": "uint256"},
        {"name": "expiry", "type": "uint256"},
        {"name": "maker", "type": "address"},
        {"name": "isMakerBettingOutcomeOne", "type": "bool"},
    ]
}

#: Somebody bets on both outcomes; a taker gets outcome one at 50 %, then at 51 %.
BOOK = {
    "hash": MARKET,
    "one": [{"percent": "45", "size": "300"}],
    "two": [{"percent": "50", "size": "100"}, {"percent": "49", "size": "98"}],
}


class Trader:
    """Somebody with a key, at the exchange."""

    def __init__(
        self, world: "World", *, api_key: str, address: str, private_key: str = KEY
    ) -> None:
        self.world, self.api_key, self.address, self.key = world, api_key, address, private_key
        self._salts = 0

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Ask for something; return status and body."""
        headers = {"x-sx-api-key": self.api_key} if self.api_key else {}
        url = self.world.simulated.url + path
        async with self.world.http.request(method, url, headers=headers, **options) as answer:
            return answer.status, msgspec.json.decode(await answer.read())

    async def get(self, path: str, **params: Any) -> Any:
        """Return the data of an answer that must be a good one."""
        status, body = await self.ask("GET", path, params=params)
        assert status == 200, body
        return body["data"]

    def order(self, **changes: Any) -> dict[str, Any]:
        """Return a signed order: 10 USDC on outcome one at 50 %, all or what there is."""
        self._salts += 1
        row: dict[str, Any] = {
            "marketHash": MARKET,
            "maker": self.address,
            "baseToken": "0x6629Ce1Cf35Cc1329ebB4F63202F3f197b3F050B",
            "totalBetSize": str(10 * USDC),
            "percentageOdds": str(50 * PERCENT),
            "salt": f"0x{self._salts:064x}",
            "expiry": self.world.clock.now_ms() // 1000 + 60,
            "isMakerBettingOutcomeOne": True,
            "timeInForce": "IOC",
        } | changes
        if "orderSignature" not in row:
            row["orderSignature"] = self.sign(row)
        return row

    def sign(self, row: dict[str, Any]) -> str:
        """Return the signature of an order."""
        message = {
            field["name"]: int(str(row[field["name"]]), 0)
            if field["type"] == "uint256"
            else row[field["name"]]
            for field in _TYPES["Order"]
        }
        domain = {
            "name": "OBv3 Escrow",
            "version": "1",
            "chainId": 4162,
            "verifyingContract": "0x890482680C3a0116aBB003B17e7D694D13a6c1eB",
        }
        signed = Account.sign_typed_data(self.key, domain, _TYPES, message)
        return "0x" + signed.signature.hex()

    async def post(self, *orders: dict[str, Any], **top: Any) -> tuple[int, Any]:
        """Send orders; return status and body."""
        body = {"orders": list(orders), "waitForOutcome": True, **top}
        return await self.ask("POST", "/orders-v3", json=body)

    async def place(self, **changes: Any) -> dict[str, Any]:
        """Send an order that must be answered; return its entry."""
        status, body = await self.post(self.order(**changes))
        assert status == 200, body
        return body["data"]["orders"][0]

    async def cancel(self, *ids: str) -> Any:
        """Cancel orders; return what became of that."""
        body = {"orders": [{"orderId": order_id} for order_id in ids]}
        status, answer = await self.ask("DELETE", "/orders-v3", json=body)
        assert status == 200, answer
        return answer["data"]

    async def read(self, order_id: str) -> Any:
        """Return an order as it reads."""
        return await self.get(f"/orders-v3/{order_id}")

    async def fills(self, **params: Any) -> Any:
        """Return fills."""
        return (await self.get("/fills-v3", **params))["fills"]

    async def balance(self) -> tuple[int, int, int]:
        """Return what is available, what is matched, what is escrowed."""
        row = (await self.get("/user/balance-v3"))["balances"][0]
        assert int(row["pendingAvailableAmount"]) == -int(row["pendingEscrowAmount"])
        names = ("availableAmount", "pendingEscrowAmount", "escrowedAmount")
        return tuple(int(row[name]) for name in names)  # type: ignore[return-value]


class World:
    """
    The exchange, its time, and those who trade there.

    Attributes:
        me, other: two accounts; nobody: somebody without a key.
    """

    def __init__(self, simulated: Simulated, http: aiohttp.ClientSession, clock: KitClock) -> None:
        self.simulated, self.http, self.clock = simulated, http, clock
        self.control = simulated.control
        section = simulated.section
        api_key = simulated.environ[section["api_key_env"]]
        self.me = Trader(self, api_key=api_key, address=section["address"])
        self.other = Trader(self, private_key=OTHER_KEY, **OTHER)
        self.nobody = Trader(self, api_key="", address="")

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await self.clock.sleep_ms(round(seconds * 1000))

    async def book(self, **params: Any) -> Any:
        """Return the book."""
        return await self.nobody.get("/orderbook-v3/snapshot", marketHash=MARKET, **params)


def settings(**changes: Any) -> Any:
    """Settings of the exchange, read as a user's are; two accounts and one book."""
    mine = {"balance": "1000"}
    raw = {"accounts": [mine, mine | OTHER], "markets": [BOOK]} | changes
    return msgspec.convert(raw, FakeSettings, strict=False)


def played(**changes: Any) -> Callable[[Callable[[World], Awaitable[None]]], Callable[[], None]]:
    """Make a test of a scenario: it is played at an exchange with these settings."""

    def decorate(scenario: Callable[[World], Awaitable[None]]) -> Callable[[], None]:
        def test() -> None:
            with asyncio.Runner(loop_factory=KitLoop) as runner:
                runner.run(play(scenario, settings(**changes)))

        test.__name__, test.__module__ = scenario.__name__, scenario.__module__
        return test

    return decorate


class _Complaints(logging.Handler):
    """Hears what the web server says of handlers that raise."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


@contextmanager
def nothing_raised() -> Iterator[None]:
    """Make sure that no handler of the exchange raises something it should not."""
    complaints = _Complaints()
    logger = logging.getLogger("aiohttp.server")
    logger.addHandler(complaints)
    try:
        yield
    finally:
        logger.removeHandler(complaints)
    assert complaints.heard == []


async def play(scenario: Callable[[World], Awaitable[None]], chosen: Any) -> None:
    """Play a scenario in the running loop; money must be neither made nor lost by it."""
    clock = KitClock()
    async with AsyncExitStack() as stack:
        stack.enter_context(nothing_raised())
        opening = SimulatorOpening(settings=chosen, clock=clock)
        simulated = await stack.enter_async_context(fake.open_simulator(opening))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        money = simulated.control.money()
        await scenario(World(simulated, http, clock))
        assert simulated.control.money() == money
