"""
The logs of transactions, encoded as the contracts encode them.
"""

from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from .chains import ChainFacts
from .ledger import ChainBet, Receipt

_LEG = "(uint256,uint256,uint8,uint128,uint64)"
NEW_LIVE_BET = keccak(
    text=f"NewLiveBet(uint256,address,address,uint8,uint256,uint128,{_LEG}[],uint128)"
)
BET_CASHED_OUT = keccak(text="BetCashedOut(address,address,uint256,uint64,uint256)")
_COMBO, _SINGLE, _LIVE, _PREMATCH = 1, 0, 1, 0


def logs_of(chain: ChainFacts, receipt: Receipt) -> list[dict[str, Any]]:
    """Return the logs of a transaction, as JSON-RPC shows them."""
    found = [_new_bet(chain, bet) for bet in receipt.bets]
    if receipt.cashed_out is not None:
        sold = receipt.cashed_out
        data = encode(["uint256", "uint64", "uint256"], [sold.token, sold.raw, sold.payout])
        topics = [BET_CASHED_OUT, _word(int(chain.core, 16)), _word(int(sold.owner, 16))]
        found.append((chain.cashout, topics, data))
    return [
        {
            "address": address.lower(),
            "topics": ["0x" + topic.hex() for topic in topics],
            "data": "0x" + data.hex(),
            "blockNumber": hex(receipt.block),
            "transactionHash": receipt.tx_hash,
            "transactionIndex": "0x0",
            "blockHash": "0x" + keccak(text=f"block {receipt.block}").hex(),
            "logIndex": hex(index),
            "removed": False,
        }
        for index, (address, topics, data) in enumerate(found)
    ]


def _new_bet(chain: ChainFacts, bet: ChainBet) -> tuple[str, list[bytes], bytes]:
    legs = [
        (
            leg.game_id,
            leg.condition_id,
            _LIVE if leg.live else _PREMATCH,
            leg.outcome_id,
            leg.odds,
        )
        for leg in bet.legs
    ]
    data = encode(
        ["uint8", "uint256", "uint128", f"{_LEG}[]", "uint128"],
        [_COMBO if bet.combo else _SINGLE, bet.nonce, bet.amount, legs, 2**100],
    )
    topics = [
        NEW_LIVE_BET,
        _word(bet.token_id),
        _word(int(bet.bettor, 16)),
        _word(int(bet.affiliate, 16)),
    ]
    return chain.core, topics, data


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
