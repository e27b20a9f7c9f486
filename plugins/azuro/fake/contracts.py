"""
What the contracts answer when they are read.
"""

from collections.abc import Callable
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from .ledger import ChainError
from .world import World

_STORED_SHARE = (99, 100)
_SINGLE_TYPE = "ClientBetData(ClientData clientData,SubBet[] bets)"
_CLIENT_TYPE = (
    "ClientData(string attention,address affiliate,address core,uint256 expiresAt,uint256 chainId,"
    "uint256 relayerFeeAmount,bool isFeeSponsored,bool isBetSponsored,"
    "bool isSponsoredBetReturnable)"
)
_SUB_BET_TYPE = (
    "SubBet(uint256 conditionId,uint128 outcomeId,uint64 minOdds,uint128 amount,uint256 nonce)"
)
_PART_TYPE = "ComboPart(uint256 conditionId,uint128 outcomeId)"

Answer = tuple[list[str], list[Any]]
Method = Callable[..., Answer]


def _uint(value: int) -> Answer:
    return ["uint256"], [value]


def _bool(value: object) -> Answer:
    return ["bool"], [bool(value)]


def _hash(*types: str) -> Method:
    return lambda: (["bytes32"], [keccak(text="".join(types))])


class Contracts:
    """Token, core, pool, relayer, and the token of bets."""

    def __init__(self, world: World) -> None:
        self._world = world
        chain = world.chain
        tables: dict[str, dict[str, Method]] = {
            chain.stakes_in: {
                "allowance(address,address)": self._allowance,
                "balanceOf(address)": self._balance,
                "decimals()": lambda: _uint(chain.decimals),
                "symbol()": lambda: (["string"], [chain.symbol]),
            },
            chain.core: {
                "nonces(address,uint256)": self._nonce,
                "bets(uint256)": self._bet,
                "isOutcomeWinning(uint256,uint128)": self._is_winning,
                "isConditionCanceled(uint256)": self._is_canceled,
            },
            chain.lp: {
                "viewPayout(address,uint256)": self._payout,
                "cores(address)": self._core,
            },
            chain.nft: {
                "ownerOf(uint256)": self._owner,
                "isApprovedForAll(address,address)": self._is_approved,
                "balanceOf(address)": self._count,
            },
            chain.relayer: {
                "_CLIENTBETDATA_TYPEHASH()": _hash(_SINGLE_TYPE, _CLIENT_TYPE, _SUB_BET_TYPE),
                "_CLIENTDATA_TYPEHASH()": _hash(_CLIENT_TYPE),
                "_SUBBET_TYPEHASH()": _hash(_SUB_BET_TYPE),
                "_COMBOPART_TYPE_TYPEHASH()": _hash(_PART_TYPE),
            },
        }
        self._methods = {
            (address.lower(), keccak(text=name)[:4]): (arguments_of(name), method)
            for address, table in tables.items()
            for name, method in table.items()
        }

    def call(self, address: str, data: bytes) -> bytes:
        """
        Return what a contract answers.

        Raises:
            ChainError: it reverts, or there is no such method.
        """
        known = self._methods.get((address, data[:4]))
        if known is None:
            raise ChainError
        types, method = known
        try:
            arguments = decode(types, data[4:])
        except DecodingError:
            raise ChainError from None
        answer_types, values = method(*arguments)
        return encode(answer_types, values)

    def _allowance(self, owner: str, spender: str) -> Answer:
        if spender.lower() != self._world.chain.relayer.lower():
            return _uint(0)
        return _uint(self._world.ledger.allowances.get(owner, 0))

    def _balance(self, owner: str) -> Answer:
        return _uint(self._world.ledger.balances.get(owner, 0))

    def _nonce(self, bettor: str, nonce: int) -> Answer:
        return _bool((bettor, nonce) in self._world.ledger.nonces)

    def _payout(self, _: str, token: int) -> Answer:
        return _uint(self._world.ledger.view_payout(token))

    def _count(self, owner: str) -> Answer:
        return _uint(sum(bet.owner == owner for bet in self._world.ledger.bets.values()))

    def _bet(self, token: int) -> Answer:
        types = ["uint256", "uint128", "uint128", "uint128", "uint64", "bool", "uint64"]
        bet = self._world.ledger.bets.get(token)
        if bet is None:
            return types, [0, 0, 0, 0, 0, False, 0]
        leg = bet.legs[0]
        stored = bet.amount * _STORED_SHARE[0] // _STORED_SHARE[1]
        payout = bet.amount if bet.rejected else bet.payout
        mined = bet.mined_ms // 1000
        return types, [leg.condition_id, stored, payout, leg.outcome_id, mined, bet.paid, 0]

    def _is_winning(self, condition: int, outcome: int) -> Answer:
        found = self._world.market.conditions.get(str(condition))
        return _bool(found and outcome in found.won)

    def _is_canceled(self, condition: int) -> Answer:
        found = self._world.market.conditions.get(str(condition))
        return _bool(found and found.state == "Canceled")

    def _core(self, core: str) -> Answer:
        types = ["uint8", "uint64", "uint64", "uint128", "uint128", "uint128"]
        known = core.lower() == self._world.chain.core.lower()
        return types, [int(known), 0, 0, self._world.min_bet if known else 0, 0, 0]

    def _owner(self, token: int) -> Answer:
        bet = self._world.ledger.bets.get(token)
        if bet is None:
            raise ChainError
        return ["address"], [bet.owner]

    def _is_approved(self, owner: str, operator: str) -> Answer:
        right = operator.lower() == self._world.chain.cashout.lower()
        return _bool(right and owner in self._world.ledger.approvals)


def arguments_of(name: str) -> list[str]:
    """Return the types of a method's arguments, as its name states them."""
    inside = name.partition("(")[2].removesuffix(")")
    return inside.split(",") if inside else []
