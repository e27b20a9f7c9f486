"""
The desk for one's own account: wallet, balance, fees, heartbeats, tokens.
"""

from decimal import Decimal
from typing import Any

from aiohttp import web

from .desk import Floor, body_of, success
from .model import Account
from .reading import fields_of
from .refusals import malformed
from .rows import balance_row, iso
from .signing import invented_address

_LONGEST_HEARTBEAT_S = 3600


class AccountDesk:
    """Answers about the account of the key."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/user/proxy", self.proxy),
            web.post("/user/deploy-proxy", self.deploy),
            web.get("/user/balance-v3", self.balance),
            web.get("/user/fees-v3", self.fees),
            web.get("/user/realtime-token-v3/api-key", self.token),
            web.post("/heartbeat/v3", self.heartbeat),
        ]

    async def proxy(self, request: web.Request) -> Any:
        """The wallet that stakes come from."""
        account = self._floor.account_of(request)
        return success(
            {
                "obv3ProxyWalletAddress": account.proxy,
                "deployed": account.deployed,
                "multisigSafeAddress": invented_address(account.address, "safe"),
            }
        )

    async def deploy(self, request: web.Request) -> Any:
        """Begin to make the wallet; it is there a while later."""
        account = self._floor.account_of(request)
        self._floor.work.spawn(self._deploy(account), f"{account.proxy} is made")
        return success({"obv3ProxyWalletAddress": account.proxy})

    async def _deploy(self, account: Account) -> None:
        await self._floor.work.pause(self._floor.settings.deploy)
        account.deployed = True

    async def balance(self, request: web.Request) -> Any:
        """The money in the wallet and in escrow."""
        settings = self._floor.settings
        row = balance_row(self._floor.account_of(request), settings.base_token, settings.escrow)
        return success({"balances": [row]})

    async def fees(self, request: web.Request) -> Any:
        """What is charged on profits; null is nothing."""
        account = self._floor.account_of(request)
        return success(
            {
                "takerPayoutFee": _share(account.taker_fee),
                "makerPayoutFee": _share(account.maker_fee),
                "takerParlayPayoutFee": None,
                "makerParlayPayoutFee": None,
                "refundFee": None,
            }
        )

    async def token(self, request: web.Request) -> Any:
        """A token for the websocket. This one answer has no envelope."""
        address = self._floor.account_of(request).address
        return {"token": self._floor.tokens.make(address, self._floor.work.now_ms)}

    async def heartbeat(self, request: web.Request) -> Any:
        """Cancel open orders unless the next heartbeat is in time."""
        seconds = fields_of(await body_of(request)).get("timeoutSeconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int):
            raise malformed("timeoutSeconds must be an integer number")
        if not 0 <= seconds <= _LONGEST_HEARTBEAT_S:
            raise malformed(f"timeoutSeconds must be from 0 to {_LONGEST_HEARTBEAT_S}")
        account = self._floor.account_of(request)
        self._floor.exchange.beat(account, seconds)
        until_ms = account.heartbeat_until_ms
        return success({"expiresAt": None if until_ms is None else iso(until_ms)})


def _share(rate: Decimal | None) -> str | None:
    return None if rate is None else str(rate)
