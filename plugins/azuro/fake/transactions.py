"""
Transactions that a bettor sends: approvals, and withdrawals of what was won.
"""

from collections.abc import Callable
from typing import Any, cast

import rlp  # pyright: ignore[reportMissingTypeStubs]
from eth_abi.abi import decode
from eth_account import Account
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException  # pyright: ignore[reportMissingTypeStubs]

from .contracts import arguments_of
from .ledger import ChainError, Receipt
from .settlement import Oracle
from .world import World

_TYPED = 2
#: Where recipient and data are in a transaction with dynamic fees, and in one of the first kind.
_FIELDS_TYPED, _FIELDS_FIRST = (5, 7), (3, 5)
_GAS_COST = 10**15


class Transactions:
    """Mines transactions at once."""

    def __init__(self, world: World, oracle: Oracle) -> None:
        self._world, self._oracle = world, oracle
        self._counts: dict[str, int] = {}
        chain = world.chain
        table: list[tuple[str, str, Callable[..., None]]] = [
            (chain.stakes_in, "approve(address,uint256)", self._approve),
            (chain.nft, "setApprovalForAll(address,bool)", self._approve_all),
            (chain.lp, "withdrawPayout(address,uint256)", self._withdraw),
            (chain.lp, "withdrawPayouts(address,uint256[])", self._withdraw),
        ]
        self._acts = {
            (contract.lower(), keccak(text=name)[:4]): (arguments_of(name), method)
            for contract, name, method in table
        }

    def count(self, sender: str) -> int:
        """Return how many transactions a wallet has sent."""
        return self._counts.get(sender, 0)

    def send(self, raw: bytes) -> str:
        """
        Mine a signed transaction; return its hash. One that reverts has a receipt too.

        Raises:
            ValueError: it is none, or the wallet cannot pay for it.
        """
        try:
            sender = str(Account.recover_transaction(raw)).lower()
            to, data = _recipient_and_data(raw)
        except (RLPException, BadSignature, ValidationError, LookupError) as error:
            message = f"not a signed transaction: {type(error).__name__}"
            raise ValueError(message) from error
        if self._world.ledger.native.get(sender, 0) < _GAS_COST:
            message = "insufficient funds for gas * price + value"
            raise ValueError(message)
        self._world.ledger.native[sender] -= _GAS_COST
        self._counts[sender] = self.count(sender) + 1
        try:
            self._act(sender, to, data)
        except ChainError:
            succeeded = False
        else:
            succeeded = True
        tx_hash = "0x" + keccak(raw).hex()
        self._world.ledger.receipts[tx_hash] = Receipt(
            tx_hash=tx_hash,
            block=self._world.block,
            succeeded=succeeded,
            sender=sender,
            to=to,
        )
        return tx_hash

    def _act(self, sender: str, to: str, data: bytes) -> None:
        act = self._acts.get((to, data[:4]))
        if act is None:
            raise ChainError
        types, method = act
        method(sender, *decode(types, data[4:]))

    def _approve(self, sender: str, spender: str, amount: int) -> None:
        if spender == self._world.chain.relayer.lower():
            self._world.ledger.allowances[sender] = amount

    def _approve_all(self, sender: str, operator: str, approved: object) -> None:
        approvals = self._world.ledger.approvals
        if operator == self._world.chain.cashout.lower():
            (approvals.add if approved else approvals.discard)(sender)

    def _withdraw(self, sender: str, _: str, tokens: int | tuple[int, ...]) -> None:
        self._oracle.withdraw(sender, (tokens,) if isinstance(tokens, int) else tokens)


def _recipient_and_data(raw: bytes) -> tuple[str, bytes]:
    typed = raw[0] == _TYPED
    decode_fields = cast("Callable[[bytes], list[Any]]", rlp.decode)  # pyright: ignore[reportUnknownMemberType]
    fields = decode_fields(raw[1:] if typed else raw)
    to, data = _FIELDS_TYPED if typed else _FIELDS_FIRST
    return "0x" + fields[to].hex(), fields[data]
