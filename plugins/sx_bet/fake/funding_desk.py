"""
The desk that moves money from an account into its proxy wallet, and as much of a chain as is needed
to sign for that: the token's name, and how many permits an account has given.
"""

from typing import Any

from aiohttp import web

from .desk import Floor, body_of, success
from .model import Account, Row
from .reading import fields_of
from .refusals import Refusal, malformed
from .signing import TOKEN_NAME, invented, is_permitted

_FIELDS = ("owner", "spender", "tokenAddress", "value", "deadline", "signature")
_NAME, _NONCES = "0x06fdde03", "0x7ecebe00"
_WORD = 32


class FundingDesk:
    """Moves money of the account of the key."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._transfers: dict[str, Row] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/user/transfer-to-proxy", self.transfer),
            web.get("/user/transfer-to-proxy/pending", self.pending),
            web.get("/user/transfer-to-proxy/status", self.status),
            web.post("/rpc", self.call),
        ]

    async def transfer(self, request: web.Request) -> Any:
        """Begin to move money, with a permit for the exchange's executor."""
        account = self._floor.account_of(request)
        body = fields_of(await body_of(request))
        wrong = [name for name in _FIELDS if not isinstance(body.get(name), str)]
        if wrong or not (body["value"].isdecimal() and body["deadline"].isdecimal()):
            raise malformed(*(f"{name} must be a string" for name in wrong or ("value",)))
        if problem := self._problem(account, body):
            raise Refusal(400, problem)
        amount = int(body["value"])
        account.permits += 1
        session = invented("transfer", account.address, account.permits)
        self._transfers[session] = {"sessionId": session, "status": "PENDING", "value": str(amount)}
        self._floor.work.spawn(self._arrive(session, account, amount), f"{session} arrives")
        return success({"sessionId": session})

    def _problem(self, account: Account, body: Row) -> str:
        settings = self._floor.settings
        value, deadline = int(body["value"]), int(body["deadline"])
        permit = {
            "owner": account.address,
            "spender": settings.executor,
            "value": value,
            "nonce": account.permits,
            "deadline": deadline,
        }
        problems: dict[str, bool] = {
            "BAD_BASE_TOKEN": body["tokenAddress"].lower() != settings.base_token.lower(),
            "ERC20_PERMIT_BAD_SPENDER": body["spender"].lower() != settings.executor.lower(),
            "PROXY_NOT_DEPLOYED": not account.deployed,
            "Insufficient available balance": value > account.wallet,
            "ERC20_PERMIT_EXPIRED": deadline * 1000 <= self._floor.work.now_ms,
            "ERC20_PERMIT_BAD_SIGNATURE": not is_permitted(
                settings.chain_id, settings.base_token, permit, body["signature"]
            ),
        }
        return next((code for code, is_so in problems.items() if is_so), "")

    async def _arrive(self, session: str, account: Account, amount: int) -> None:
        await self._floor.work.pause(self._floor.settings.deploy)
        # Permits for more than there is may have been given meanwhile.
        arrives = amount <= account.wallet
        if arrives:
            account.wallet -= amount
            account.available += amount
        self._transfers[session]["status"] = "COMPLETED" if arrives else "FAILED"

    async def pending(self, _: web.Request) -> Any:
        """Transfers that are under way."""
        return success([it for it in self._transfers.values() if it["status"] == "PENDING"])

    async def status(self, request: web.Request) -> Any:
        """Where a transfer is."""
        found = self._transfers.get(request.query.get("sessionId", ""))
        if found is None:
            raise Refusal(404, "Session not found")
        return success(found)

    async def call(self, request: web.Request) -> Any:
        """Answer what one asks a chain before a permit is signed."""
        body = fields_of(await body_of(request))
        match body.get("method"), body.get("params"):
            case "eth_chainId", _:
                result = hex(self._floor.settings.chain_id)
            case "eth_call", [{"data": str(data)}, *_]:
                result = self._read(data)
            case _:
                raise malformed("method must be one of eth_call, eth_chainId")
        return {"jsonrpc": "2.0", "id": body.get("id"), "result": result}

    def _read(self, data: str) -> str:
        if data.startswith(_NONCES):
            owner = "0x" + data[-40:]
            accounts = self._floor.exchange.ledger.accounts
            permits = [it.permits for it in accounts if it.address.lower() == owner.lower()]
            return "0x" + _word(permits[0] if permits else 0).hex()
        if data != _NAME:
            raise malformed("data must be a call of name() or nonces(address)")
        name = TOKEN_NAME.encode()
        return "0x" + (_word(_WORD) + _word(len(name)) + name.ljust(_WORD, b"\0")).hex()


def _word(number: int) -> bytes:
    return number.to_bytes(_WORD, "big")
