"""
SX Bet as a venue.
"""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import (
    Accepted,
    CancelAnswer,
    CancelRefused,
    FindAnswer,
    Found,
    Order,
    OrderReport,
    PlaceAnswer,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.contracts import Venue, VenueCheck, VenueOpening

from . import wire
from .account import Lease, Standing
from .checks import checks
from .draft import Draft, UnsendableError, market_of
from .ears import Ears
from .inquiry import Inquiry
from .odds import from_units
from .orders import Known, Orders
from .placing import answer_of, cancel_word, is_duplicate
from .prices import Prices
from .rest import HeldError, NoAnswerError, Rest, TooLateError
from .settings import SxBetSettings
from .signing import Signer
from .silence import NEEDED_TO_TRADE, Group

_REREADS = 3
_REREAD_MS = 150
_RATE_LIMITED = "RATE_LIMITED"
_SIMULATED = "orders are only simulated here"


class SxBetVenue(Venue):
    """
    A connection to SX Bet.

    Args:
        opening: what it is opened with.
        rest: the REST service.
        signer: the account; None when nothing may be placed.

    Attributes:
        ears: told what the stream says.
    """

    def __init__(self, opening: VenueOpening, rest: Rest, signer: Signer | None) -> None:
        own: SxBetSettings = opening.settings
        self._settings, self._clock, self._rest, self._signer = own, opening.clock, rest, signer
        self._maker = signer.address if signer else ""
        absence_ms = parse_duration_ms(own.absence_margin)
        self._orders = Orders(
            opening.clock, patience_ms=absence_ms, pause_ms=parse_duration_ms(own.poll_pause)
        )
        self._standing = Standing(rest, opening.clock, chain_id=own.chain_id, maker=self._maker)
        self._inquiry = Inquiry(
            rest,
            opening.clock,
            self._standing,
            self._orders,
            maker=self._maker,
            expiry_margin_ms=parse_duration_ms(own.expiry_margin),
            absence_margin_ms=absence_ms,
        )
        self._lease = Lease(rest, opening.clock, parse_duration_ms(own.heartbeat_timeout))
        self._prices = Prices(rest, opening.clock, self._standing, own)
        self.ears = Ears(self._orders, self._prices, self._maker)

    # -- Orders ----------------------------------------------------------------------------------

    async def place(self, order: Order) -> PlaceAnswer:
        """
        Send the order, once: the second time it is only looked up.

        What cannot be sent is refused here. Everything that the exchange does not refuse in so many
        words is unknown.
        """
        known = self._orders.known(order)
        told = self._orders.told(order)
        if (known is not None and known.sent) or told is not None:
            return _as_placed(await self._inquiry.look(order, urgent=True))
        if self._signer is None:
            return Refused("NOT_TRADING", f"{_SIMULATED}; nothing was sent")
        await self._standing.tried()
        try:
            draft = self._sendable(order)
        except UnsendableError as error:
            return Refused(error.code, f"{error}; nothing was sent")
        known = self._orders.follow(order)
        if known.sent:  # by another call, while this one waited
            return Unknown("the order is on its way")
        known.sent, known.evidence.draft = True, draft
        self._orders.name(known)
        return await self._send(known, draft, self._signer)

    def _sendable(self, order: Order) -> Draft:
        """Return the order in the exchange's terms, or raise UnsendableError."""
        obstacle = self._standing.obstacle
        if obstacle is not None:
            raise UnsendableError(*obstacle)
        draft = self._inquiry.draft(order)
        terms = self._standing.terms
        least = from_units(terms.minimum, terms.decimals) if terms else Decimal(0)
        least = max(least, self._settings.min_stake)
        if order.stake < least:
            raise UnsendableError("STAKE_TOO_LOW", f"expected at least {least}")
        if order.stake > self._settings.max_stake:
            raise UnsendableError("STAKE_TOO_HIGH", f"expected at most {self._settings.max_stake}")
        now_ms = self._clock.now_ms()
        if now_ms >= order.expires_ms:
            raise UnsendableError("EXPIRED", "the order has expired")
        if silence := self._rest.silences.words(Group.ORDERS):
            raise UnsendableError(_RATE_LIMITED, silence)
        if now_ms + self._rest.wait_ms(Group.ORDERS, urgent=True) >= order.expires_ms:
            raise UnsendableError(_RATE_LIMITED, "no request is left before the order expires")
        return draft

    async def _send(self, known: Known, draft: Draft, signer: Signer) -> PlaceAnswer:
        own = self._settings
        signature = signer.sign(bytes.fromhex(draft.id[2:]))
        body: dict[str, Any] = {"orders": [draft.row(signature, own.time_in_force)]}
        longer_ms = 0
        if own.wait_for_outcome:
            longer_ms = parse_duration_ms(own.max_wait)
            body |= {"waitForOutcome": True, "maxWaitTime": longer_ms}
        try:
            until_ms = known.order.expires_ms
            answer = await self._rest.send(
                "POST", "orders-v3", body, longer_ms=longer_ms, until_ms=until_ms
            )
            outcome = answer_of(answer, draft.id, known.evidence, self._clock.now_ms())
        except TooLateError:
            reason = "no request was left before the order's time was over"
            return await self._refused(known, Refused("EXPIRED", reason))
        except HeldError as error:
            refused = Refused(_RATE_LIMITED, f"{error}; nothing was sent")
            return await self._refused(known, refused)
        except (NoAnswerError, wire.WireError) as error:
            return Unknown(str(error))
        if isinstance(outcome, Refused):
            return await self._refused(known, outcome)
        report = self._orders.tell(known.evidence)
        return Accepted(report or outcome)

    async def _refused(self, known: Known, refused: Refused) -> PlaceAnswer:
        # A second copy may be refused for any reason: what counts is whether there is a first.
        if is_duplicate(refused) or await self._inquiry.is_there(known):
            return _as_placed(await self._inquiry.look(known.order, urgent=True))
        self._orders.forget(known.order)
        return refused

    async def cancel(self, order: Order) -> CancelAnswer:
        """Ask to cancel; the answer is believed only after the order and its fills were read."""
        if self._signer is None:
            return Unknown(_SIMULATED)
        told = self._orders.told(order)
        if told is not None and told.final:
            return Accepted(told)
        await self._standing.tried()
        known = self._orders.follow(order)
        try:
            draft = known.evidence.draft or self._inquiry.draft(order)
        except UnsendableError as error:
            return Unknown(str(error))
        name = known.evidence.found_as or draft.id
        try:
            answer = await self._rest.send("DELETE", "orders-v3", {"orders": [{"orderId": name}]})
            word, reason = cancel_word(answer, name)
        except (NoAnswerError, wire.WireError) as error:
            return Unknown(str(error))
        report = await self._after_cancel(order, patient=word == "cancelled")
        if report is not None and report.status != "open":
            return Accepted(report)
        if word == "refused" and report is not None:
            return CancelRefused(reason)
        return Unknown(f"the cancel is {word}; {reason or 'the order was not seen to end'}")

    async def _after_cancel(self, order: Order, *, patient: bool) -> OrderReport | None:
        """Look at the order; again, if it is said to be cancelled and does not read so yet."""
        report = None
        for number in range(_REREADS if patient else 1):
            if number:
                await self._clock.sleep_ms(_REREAD_MS)
            report = await self._inquiry.reread(order)
            if report is not None and report.status != "open":
                break
        return report

    async def find(self, order: Order) -> FindAnswer:
        """
        Look an order up.

        *Not found* is absent only when the order's signature has expired; until then it may come.
        """
        if self._signer is None:
            return Unknown(_SIMULATED)
        await self._standing.tried()
        return await self._inquiry.look(order, urgent=True)

    def watch(self, order: Order) -> None:
        """Follow an order of an earlier process; it is never sent again."""
        if self._signer is not None:
            self._orders.follow(order).sent = True

    def account(self) -> str:
        """Return chain and address of the account: an order's id is made of both."""
        return f"{self._settings.chain_id}:{self._maker.lower()}" if self._maker else ""

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield what the exchange says about our orders, by stream and by looking."""
        async for report in self._orders.reports():
            yield report

    # -- Prices, and being alive -----------------------------------------------------------------

    async def quote(self, selection: Selection) -> Quote:
        """
        Return the best price, and what can be staked at it.

        Raises:
            LookupError: there is none.
            ConnectionError: the exchange cannot be asked.
        """
        try:
            market_of(selection)
        except UnsendableError as error:
            raise LookupError(str(error)) from None
        await self._standing.tried()
        return await self._prices.quote(selection)

    async def heartbeat(self) -> None:
        """
        Tell the exchange that we are alive, when it is time.

        Raises:
            ConnectionError: it did not confirm, or nothing can be traded at present.
        """
        await self._standing.tried()
        complaint = self._standing.complaint() or self._rest.silence(*NEEDED_TO_TRADE)
        if self._signer is not None:
            await self._lease.renew()
        if complaint:
            raise ConnectionError(complaint)

    async def check(self) -> tuple[VenueCheck, ...]:
        """Look at metadata, wallet, balance, fees, key and clock."""
        return await checks(
            self._standing, self._rest, self._clock, self._settings, maker=self._maker
        )

    def figures(self) -> Mapping[str, Decimal | int]:
        """Return what there is to measure."""
        funds, terms = self._standing.funds, self._standing.terms
        figures: dict[str, Decimal | int] = {
            "requests_left": self._rest.pace.left(),
            "groups_held": self._rest.silences.count(),
            "orders_followed": len(self._orders),
            "books": self._prices.count,
            "stream_up": int(self.ears.up),
        }
        if self._signer is not None:
            figures["heartbeat_left_ms"] = self._lease.left_ms()
        if funds is not None and terms is not None:
            figures["available_usdc"] = from_units(funds.available, terms.decimals)
            figures["escrowed_usdc"] = from_units(funds.escrowed, terms.decimals)
        return figures

    # -- In the background -----------------------------------------------------------------------

    async def keep(self) -> None:
        """Keep terms and account up to date."""
        await self._standing.run()

    async def follow(self) -> None:
        """Look at orders that are not settled."""
        await self._orders.run(self._inquiry.look, lambda: self.ears.account_is_live)


def _as_placed(found: FindAnswer) -> PlaceAnswer:
    if isinstance(found, Found):
        return Accepted(found.report)
    return Unknown(f"it was sent before; {found.reason}")
