"""
A bettor who knows the imitation only from outside: by its addresses, and by a clock that it shares.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import ClientSession
from eth_account import Account

from xarb_runtime.plugins.candidates import load_file
from xarb_runtime.plugins.contracts import Simulated, SimulatorOpening

ROOT = Path(__file__).parents[2]
azuro = load_file("azuro", (ROOT / "plugins" / "azuro" / "__init__.py").resolve())

from xarb_plugins.azuro.fake import open_simulator  # noqa: E402 -- there once it is loaded
from xarb_plugins.azuro.fake.chains import CHAINS  # noqa: E402
from xarb_plugins.azuro.fake.settings import (  # noqa: E402
    THROW_AWAY_ADDRESS,
    THROW_AWAY_KEY,
    FakeSettings,
)
from xarb_plugins.azuro.fake.typed import combo_bet, single_bet  # noqa: E402

#: A live 1X2, its game, and a live condition of another game.
FOOTBALL = "300610060000000000847934050000000000002435769680"
FOOTBALL_GAME = "1006000000000091146911"
TENNIS = "300610060000000000306992750000000000009084689496"
PREMATCH = "300610060000000000900000170000000000001500000001"
#: Longer than any way to the chain.
WAY_MS = 30_000
START_MS = 1_790_000_000_000


class HandClock:
    """
    Time that stands still until a test moves it.

    Attributes:
        someone_sleeps: set once somebody does.
    """

    def __init__(self, now_ms: int = START_MS) -> None:
        self._now_ms = now_ms
        self._moved = asyncio.Event()
        self.someone_sleeps = asyncio.Event()

    def now_ms(self) -> int:
        return self._now_ms

    async def sleep_ms(self, milliseconds: int) -> None:
        due_ms = self._now_ms + milliseconds
        self.someone_sleeps.set()
        while self._now_ms < due_ms:
            await self._moved.wait()

    def move(self, milliseconds: int) -> None:
        self._now_ms += milliseconds
        self._moved.set()
        self._moved = asyncio.Event()


class Bettor:
    """
    Sends what a client sends.

    Attributes:
        control: the hand on the imitation.
        clock: its time.
    """

    def __init__(self, simulated: Simulated, clock: HandClock) -> None:
        self.url, self.section = simulated.url, simulated.section
        self.control, self.environ, self.clock = simulated.control, simulated.environ, clock
        self.rest = self.section["url"]
        self._nonce = clock.now_ms()
        self._session = ClientSession()

    async def close(self) -> None:
        await self._session.close()

    async def get(self, path: str, *query: tuple[str, str]) -> tuple[int, Any]:
        async with self._session.get(f"{self.rest}/{path}", params=list(query)) as answer:
            return answer.status, decoded(await answer.read())

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        async with self._session.post(f"{self.rest}/{path}", json=body) as answer:
            return answer.status, decoded(await answer.read())

    async def rpc(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        async with self._session.post(self.section["rpc_url"], json=body) as answer:
            return decoded(await answer.read())

    def listen(self) -> Any:
        return self._session.ws_connect(f"{self.section['ws_url']}/feed")

    async def bet(self, **changes: Any) -> tuple[int, Any]:
        return await self.post("bet/orders/ordinar", self.single(**changes))

    async def order(self, order_id: str) -> Any:
        return (await self.get(f"bet/orders/{order_id}"))[1]

    async def state(self, order_id: str) -> str:
        return (await self.order(order_id))["state"]

    def client_data(self, **changes: Any) -> dict[str, Any]:
        chain = CHAINS[self.section["environment"]]
        facts = {
            "attention": "I agree",
            "affiliate": "0x" + "00" * 20,
            "core": chain.core,
            "expiresAt": self.clock.now_ms() // 1000 + 300,
            "chainId": chain.chain_id,
            "relayerFeeAmount": "0",
            "isFeeSponsored": False,
            "isBetSponsored": False,
            "isSponsoredBetReturnable": False,
        }
        return facts | {name: changes[name] for name in facts if name in changes}

    def single(self, key: str = THROW_AWAY_KEY, **changes: Any) -> dict[str, Any]:
        """A signed body; changes are facts of the client data, or of the bet."""
        self._nonce += 1
        bet = {
            "conditionId": FOOTBALL,
            "outcomeId": 29,
            "minOdds": "1500000000000",
            "amount": "10000000",
            "nonce": str(self._nonce),
        }
        bet |= {name: changes[name] for name in bet if name in changes}
        client = self.client_data(**changes)
        signed = Account.sign_message(single_bet(client, bet), key).signature.hex()
        return self._body({"clientData": client, "bet": bet}, signed, **changes)

    def combo(self, legs: list[tuple[str, int]], **changes: Any) -> dict[str, Any]:
        self._nonce += 1
        data = {
            "minOdds": changes.get("minOdds", "1000000000000"),
            "amount": changes.get("amount", "5000000"),
            "nonce": str(self._nonce),
            "bets": [{"conditionId": one, "outcomeId": other} for one, other in legs],
        }
        client = self.client_data(**changes)
        signed = Account.sign_message(combo_bet(client, data), THROW_AWAY_KEY).signature.hex()
        return self._body({"clientData": client, **data}, signed, **changes)

    def _body(self, data: dict[str, Any], signed: str, **changes: Any) -> dict[str, Any]:
        facts = {
            "environment": self.section["environment"],
            "bettor": THROW_AWAY_ADDRESS,
            "betOwner": THROW_AWAY_ADDRESS,
        }
        facts |= {name: changes[name] for name in facts if name in changes}
        return {**facts, "clientBetData": data, "bettorSignature": f"0x{signed.removeprefix('0x')}"}


async def followed(bettor: Bettor, order_id: str) -> Any:
    """An order, when its way to the chain is over."""
    bettor.clock.move(WAY_MS)
    return await bettor.order(order_id)


def decoded(body: bytes) -> Any:
    """JSON whose numbers with a point stay exact; text where it is none."""
    try:
        return msgspec.json.decode(body, type=Any, strict=True)
    except msgspec.DecodeError:
        return body.decode()


@asynccontextmanager
async def imitation(**settings: Any) -> AsyncIterator[Bettor]:
    clock = HandClock()
    read = msgspec.convert(settings, FakeSettings, strict=False)
    async with open_simulator(SimulatorOpening(settings=read, clock=clock)) as simulated:
        bettor = Bettor(simulated, clock)
        try:
            yield bettor
        finally:
            await bettor.close()


def odds(text: str) -> str:
    """Raw odds."""
    return str(int(Decimal(text) * 10**12))
