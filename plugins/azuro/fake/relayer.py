"""
What becomes of orders after they were taken: the relayer, the chain, and the oracle's second word.
"""

from .checks import AT_SENDING, Name, first_refusal, legs_of, prices_of
from .fates import REVERTED, Refusal
from .ledger import ChainBet, ChainError, Leg, Receipt
from .orders import UNDER_WAY, BetOrder
from .units import combo_odds, paid_odds, payout_of, to_raw
from .world import World

#: Shares of the way to the chain, in per cent, after which an order is placed, and sent.
_PLACED_SHARE, _SENT_SHARE = 5, 35
_CANCELS_MS = 3_000
_EXPIRED = Refusal("ChecksFailed", "Order expired")
_LOST = Refusal("Other", "Order lost")
_RELAYS_FROM = "0x52616c617965720000000000000000000000a11c"


class Relayer:
    """Takes orders to the chain."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._held: dict[str, str] = {}

    def hand_over(self, order: BetOrder, late_checks: tuple[Name, ...]) -> None:
        """Take over an order that was created: everything that becomes of it is on the agenda."""
        delay_ms = self._world.acceptance_delay(order)
        at = self._world.agenda.at
        if order.fate.rests_at is not None:
            self._held[order.id] = order.fate.rests_at
        at(
            order.created_ms + delay_ms * _PLACED_SHARE // 100,
            lambda: self._place(order, late_checks),
        )
        at(order.created_ms + delay_ms * _SENT_SHARE // 100, lambda: self._send(order))
        at(order.created_ms + delay_ms, lambda: self._mine(order))
        if order.expires * 1000 > order.created_ms:  # or a check will find it
            at(order.expires * 1000, lambda: self._expire(order))

    def release(self, order: BetOrder) -> None:
        """Let an order that rests go all the way, now."""
        self._held.pop(order.id, None)
        order.stuck = False
        self._place(order, ())
        self._send(order)
        self._mine(order)

    def stick(self, order: BetOrder) -> None:
        """Let an order stay in its state for ever: neither sent nor ended."""
        self._held[order.id], order.stuck = order.state, True

    def lose(self, order: BetOrder) -> None:
        """Let the backend lose an order that was taken: nobody knows of it, nothing is sent."""
        if order.bet_id is not None:
            raise ValueError(f"expected an order without a bet, found {order.id} {order.state}")
        order.reject(_LOST, self._world.now_ms)
        del self._world.orders[order.id]

    def reverse(self, order: BetOrder) -> None:
        """Let the oracle take back a bet: its stake can be had back at once. Sold, it is paid."""
        bet = self._world.ledger.bets.get(order.bet_id or 0)
        if bet is None or bet.paid or order.result is not None:
            return
        bet.rejected = True
        self._world.expose(order, -1)
        order.result, order.settled_ms = "Canceled", self._world.now_ms
        order.payout = self._world.ledger.view_payout(bet.token_id)
        order.turn("Canceled", self._world.now_ms)

    def _place(self, order: BetOrder, late_checks: tuple[Name, ...]) -> None:
        if order.state != "Created" or self._held.get(order.id) == "Created":
            return
        refusal = first_refusal(self._world, order, late_checks)
        if refusal is not None:
            order.reject(refusal, self._world.now_ms)
        else:
            order.turn("Placed", self._world.now_ms)

    def _send(self, order: BetOrder) -> None:
        if order.state != "Placed" or self._held.get(order.id) == "Placed":
            return
        world = self._world
        if order.fate.cancel == "before_chain":
            order.turn("Canceled", world.now_ms)
            return
        refusal = order.fate.rejection or first_refusal(world, order, AT_SENDING)
        if refusal is not None:
            order.reject(refusal, world.now_ms)
            return
        # From here on the odds are those that the oracle has signed.
        for leg, price in zip(order.legs, prices_of(world, order), strict=True):
            leg.price = price
        prices = [leg.price for leg in order.legs]
        order.odds = combo_odds(prices)[0] if order.combo else prices[0]
        order.tx_hash = world.ledger.new_hash()
        order.turn("Sent", world.now_ms)

    def _mine(self, order: BetOrder) -> None:
        if order.state != "Sent" or self._held.get(order.id) == "Sent":
            return
        world, ledger = self._world, self._world.ledger
        try:
            self._check_on_chain(order)
            ledger.take(order.owner, order.amount, order.fee)
        except ChainError as error:
            self._enter(order, None)
            reason = f"{REVERTED.message}: {error.name}" if error.name else REVERTED.message
            order.reject(Refusal(REVERTED.error, reason), world.now_ms)
            return
        bet = self._bet(order)
        ledger.mint(bet)
        self._enter(order, bet)
        world.expose(order, 1)
        order.bet_id = bet.token_id
        order.turn("Accepted", world.now_ms)
        self._afterwards(order)

    def _check_on_chain(self, order: BetOrder) -> None:
        if order.fate.reverts:
            raise ChainError
        if not self._world.ledger.affords(order.owner, order.amount + order.fee):
            raise ChainError
        if order.expires * 1000 <= self._world.now_ms:
            raise ChainError("SignatureExpired")
        if (order.bettor, order.nonce) in self._world.ledger.nonces:
            raise ChainError("InvalidNonce")
        for condition, _ in legs_of(self._world, order):
            if condition.settled_ms is not None:
                raise ChainError("ConditionNotRunning")

    def _bet(self, order: BetOrder) -> ChainBet:
        world = self._world
        legs = [
            Leg(
                game_id=int(leg.game),
                condition_id=int(leg.condition),
                outcome_id=leg.outcome,
                live=leg.game_state == "Live",
                odds=to_raw(leg.price),
            )
            for leg in order.legs
        ]
        return ChainBet(
            token_id=world.ledger.next_token(),
            owner=order.owner,
            bettor=order.bettor,
            affiliate=order.affiliate.lower(),
            nonce=order.nonce,
            amount=order.amount,
            payout=payout_of(order.amount, paid_odds([leg.odds for leg in legs])),
            combo=order.combo,
            legs=legs,
            mined_ms=world.now_ms,
        )

    def _enter(self, order: BetOrder, bet: ChainBet | None) -> None:
        if order.tx_hash is None:
            return
        self._world.ledger.receipts[order.tx_hash] = Receipt(
            tx_hash=order.tx_hash,
            block=self._world.block,
            succeeded=bet is not None,
            sender=_RELAYS_FROM,
            to=self._world.chain.relayer,
            bets=[] if bet is None else [bet],
        )

    def _afterwards(self, order: BetOrder) -> None:
        world, fate = self._world, order.fate
        now_ms = world.now_ms
        if fate.reversed_after_ms is not None:
            due_ms = now_ms + world.scaled(fate.reversed_after_ms)
            world.agenda.at(due_ms, lambda: self.reverse(order))
        if fate.cancel in ("pending", "failed"):
            due_ms = now_ms + world.scaled(_CANCELS_MS)
            world.agenda.at(due_ms, lambda: self._pend(order))

    def _pend(self, order: BetOrder) -> None:
        world = self._world
        if order.state != "Accepted":
            return
        order.turn("PendingCancel", world.now_ms)
        due_ms = world.now_ms + world.scaled(_CANCELS_MS)
        world.agenda.at(due_ms, lambda: self._end_cancel(order))

    def _end_cancel(self, order: BetOrder) -> None:
        if order.state != "PendingCancel":
            return
        if order.fate.cancel == "failed":
            order.turn("CancelFailed", self._world.now_ms)
        else:
            self.reverse(order)

    def _expire(self, order: BetOrder) -> None:
        if order.state in UNDER_WAY and not order.stuck:
            if order.state == "Sent":
                self._held.pop(order.id, None)
                self._mine(order)  # which the chain reverts
            else:
                order.reject(_EXPIRED, self._world.now_ms)
