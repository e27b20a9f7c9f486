"""
What the oracle makes of conditions in the end: winners, voids, and what bets are worth then.
"""

from collections.abc import Iterable, Sequence

from .ledger import ChainBet, ChainError, Receipt
from .orders import STANDING, BetOrder
from .world import World


class Oracle:
    """Decides conditions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def settle(
        self,
        condition: str,
        winners: Iterable[int],
        *,
        voided: Iterable[int] = (),
        decided_ms: int | None = None,
    ) -> None:
        """
        Say which outcomes have won; the others have lost, but for those that are void.

        A bet that was mined at `decided_ms` or later came too late: its stake goes back.
        """
        world = self._world
        found = world.market.conditions[condition]
        won, void = set(winners), set(voided)
        found.settled_ms = world.now_ms if decided_ms is None else decided_ms
        for outcome in found.outcomes.values():
            outcome.state = "Canceled" if outcome.id in void else "Lost"
            if outcome.id in won:
                outcome.state = "Won"
        world.market.turn(condition, "Resolved")
        for bet in world.ledger.bets.values():
            for leg in bet.legs:
                if leg.condition_id == int(condition) and leg.result is None:
                    late = decided_ms is not None and bet.mined_ms >= decided_ms
                    leg.result = "Canceled" if late else found.outcomes[leg.outcome_id].state
        self._conclude(condition, state="Settled")

    def void(self, condition: str) -> None:
        """Cancel a condition: all stakes go back."""
        world = self._world
        found = world.market.conditions[condition]
        found.settled_ms = world.now_ms
        for outcome in found.outcomes.values():
            outcome.state = "Canceled"
        world.market.turn(condition, "Canceled")
        for bet in world.ledger.bets.values():
            for leg in bet.legs:
                if leg.condition_id == int(condition):
                    leg.result = "Canceled"
        self._conclude(condition, state="Canceled")

    def withdraw(self, sender: str, tokens: Sequence[int]) -> Receipt:
        """
        Pay bets to their owners, as a transaction of `sender`.

        Raises:
            ChainError: one of them cannot be paid.
        """
        world = self._world
        world.ledger.withdraw(tokens)
        for order in world.orders.values():
            if order.bet_id in tokens:
                order.redeemed_ms = world.now_ms
        receipt = Receipt(
            tx_hash=world.ledger.new_hash(),
            block=world.block,
            succeeded=True,
            sender=sender,
            to=world.chain.lp,
        )
        world.ledger.receipts[receipt.tx_hash] = receipt
        return receipt

    def _conclude(self, condition: str, *, state: str) -> None:
        for order in self._world.orders.values():
            bet = self._world.ledger.bets.get(order.bet_id or 0)
            if bet is None or order.state not in STANDING:
                continue
            if any(leg.condition == condition for leg in order.legs):
                self._take_over(order, bet, state)

    def _take_over(self, order: BetOrder, bet: ChainBet, state: str) -> None:
        """Tell an order what became of its bet, if that is known by now."""
        for leg, mined in zip(order.legs, bet.legs, strict=True):
            leg.result = mined.result
        try:
            order.payout = self._world.ledger.view_payout(bet.token_id)
        except ChainError:
            return  # a combo with open legs, or one that was cashed out
        results = {leg.result for leg in order.legs}
        order.result = "Won" if "Won" in results else "Canceled"
        if "Lost" in results:
            order.result = "Lost"
        order.settled_ms = self._world.now_ms
        self._world.expose(order, -1)
        order.turn(state if order.result == "Canceled" else "Settled", self._world.now_ms)
