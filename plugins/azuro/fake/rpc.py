"""
A chain that is large enough: JSON-RPC with the calls that a bettor's program makes.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

from aiohttp import web
from eth_utils.crypto import keccak

from .bodies import part
from .contracts import Contracts
from .ledger import ChainError, Receipt
from .logs import logs_of
from .replies import json_of, reply
from .settlement import Oracle
from .transactions import Transactions
from .world import BLOCK_MS, World

_NO_METHOD, _BAD_PARAMS, _REVERT = -32601, -32602, 3
_GAS_PRICE = 30_000_000_000


class Rpc:
    """Answers JSON-RPC requests, single ones and batches."""

    def __init__(self, world: World, oracle: Oracle) -> None:
        self._world = world
        self._contracts = Contracts(world)
        self._transactions = Transactions(world, oracle)
        self._methods: dict[str, Callable[[Sequence[Any]], Any]] = {
            "eth_chainId": lambda _: hex(world.chain.chain_id),
            "net_version": lambda _: str(world.chain.chain_id),
            "eth_blockNumber": lambda _: hex(world.block),
            "eth_gasPrice": lambda _: hex(_GAS_PRICE),
            "eth_maxPriorityFeePerGas": lambda _: hex(_GAS_PRICE),
            "eth_estimateGas": lambda _: hex(200_000),
            "eth_getCode": lambda _: "0x",
            "eth_getBalance": self._balance,
            "eth_getTransactionCount": self._count,
            "eth_getBlockByNumber": self._block,
            "eth_call": self._call,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getLogs": self._logs,
            "eth_sendRawTransaction": self._send,
        }

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a request, or a batch of them."""
        body = await json_of(request)
        if isinstance(body, list):
            return reply([self._answer(one) for one in cast("list[Any]", body)])
        return reply(self._answer(body))

    def _answer(self, request: Any) -> dict[str, Any]:
        call = part(request)
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call.get("id")}
        method = self._methods.get(str(call.get("method")))
        if method is None:
            message = f"the method {call.get('method')} does not exist/is not available"
            return answer | {"error": {"code": _NO_METHOD, "message": message}}
        try:
            return answer | {"result": method(call.get("params") or [])}
        except ChainError as error:
            return answer | {"error": _reverted(error)}
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            message = f"invalid argument: {type(error).__name__}"
            return answer | {"error": {"code": _BAD_PARAMS, "message": message}}

    def _balance(self, params: Sequence[Any]) -> str:
        return hex(self._world.ledger.native.get(params[0].lower(), 0))

    def _count(self, params: Sequence[Any]) -> str:
        return hex(self._transactions.count(params[0].lower()))

    def _block(self, params: Sequence[Any]) -> dict[str, Any] | None:
        world = self._world
        wanted = str(params[0])
        number = int(wanted, 16) if wanted.startswith("0x") else world.block
        if number > world.block:
            return None
        time_ms = world.now_ms - (world.block - number) * BLOCK_MS
        return {
            "number": hex(number),
            "hash": block_hash(number),
            "parentHash": block_hash(number - 1),
            "timestamp": hex(time_ms // 1000),
            "baseFeePerGas": hex(_GAS_PRICE),
            "gasLimit": hex(30_000_000),
            "gasUsed": hex(715_097),
            "transactions": [],
        }

    def _call(self, params: Sequence[Any]) -> str:
        call = params[0]
        data = call.get("data") or call.get("input") or "0x"
        answer = self._contracts.call(str(call["to"]).lower(), bytes.fromhex(data[2:]))
        return "0x" + answer.hex()

    def _receipt(self, params: Sequence[Any]) -> dict[str, Any] | None:
        receipt = self._world.ledger.receipts.get(str(params[0]).lower())
        return None if receipt is None else _shown(receipt, logs_of(self._world.chain, receipt))

    def _logs(self, params: Sequence[Any]) -> list[dict[str, Any]]:
        wanted = params[0]
        first = self._number(wanted.get("fromBlock", "latest"))
        last = self._number(wanted.get("toBlock", "latest"))
        return [
            log
            for receipt in self._world.ledger.receipts.values()
            if first <= receipt.block <= last
            for log in logs_of(self._world.chain, receipt)
            if _fits(log, wanted)
        ]

    def _number(self, block: str) -> int:
        names = {"earliest": 0, "latest": self._world.block, "pending": self._world.block}
        return names[block] if block in names else int(block, 16)

    def _send(self, params: Sequence[Any]) -> str:
        return self._transactions.send(bytes.fromhex(str(params[0])[2:]))


def block_hash(number: int) -> str:
    """Return the hash of a block."""
    return "0x" + keccak(text=f"block {number}").hex()


def _reverted(error: ChainError) -> dict[str, Any]:
    data = "0x" + keccak(text=f"{error.name}()")[:4].hex() if error.name else "0x"
    return {"code": _REVERT, "message": "execution reverted", "data": data}


def _fits(log: dict[str, Any], wanted: dict[str, Any]) -> bool:
    addresses: Any = wanted.get("address") or log["address"]
    if isinstance(addresses, str):
        addresses = [addresses]
    if log["address"] not in [one.lower() for one in addresses]:
        return False
    asked: list[Any] = wanted.get("topics") or []
    for topic, choice in zip(log["topics"], asked, strict=False):
        choices: Any = [choice] if isinstance(choice, str) else choice or [topic]
        if topic not in [one.lower() for one in choices]:
            return False
    return True


def _shown(receipt: Receipt, logs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "transactionHash": receipt.tx_hash,
        "transactionIndex": "0x0",
        "blockNumber": hex(receipt.block),
        "blockHash": block_hash(receipt.block),
        "from": receipt.sender.lower(),
        "to": receipt.to.lower(),
        "status": "0x1" if receipt.succeeded else "0x0",
        "type": "0x2",
        "contractAddress": None,
        "cumulativeGasUsed": hex(715_097),
        "gasUsed": hex(715_097),
        "effectiveGasPrice": hex(_GAS_PRICE),
        "logsBloom": "0x" + "00" * 256,
        "logs": logs,
    }
