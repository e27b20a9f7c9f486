"""
Looking an order up: by the exchange's id, by ours, and by its fills.

Only the exchange's own *not found*, asked for by the account that signs, and after the signature
has expired, proves that an order is not there and never will be.
"""

from datetime import UTC, datetime

from xarb_runtime.domain.orders import Absent, FindAnswer, Found, Order, OrderReport, Unknown
from xarb_runtime.plugins.clock import Clock

from . import wire
from .account import Standing
from .draft import Draft, UnsendableError, draft
from .evidence import Evidence
from .orders import Known, Orders
from .rest import NOT_FOUND, OK, Answer, NoAnswerError, Rest

_PER_PAGE = "100"
_MOST_PAGES = 10
#: An order cannot be older than this before its expiry.
_OLDEST_MS = 86_400_000


class Inquiry:
    """
    Finds out what became of orders.

    Args:
        rest: how.
        clock: the clock.
        standing: the terms that orders are said in.
        orders: the orders that are followed; told of what is found.
        maker: the account that signs.
        expiry_margin_ms, absence_margin_ms: as in the settings.
    """

    def __init__(
        self,
        rest: Rest,
        clock: Clock,
        standing: Standing,
        orders: Orders,
        *,
        maker: str,
        expiry_margin_ms: int,
        absence_margin_ms: int,
    ) -> None:
        self._rest, self._clock, self._standing, self._orders = rest, clock, standing, orders
        self._maker = maker
        self._expiry_margin_ms, self._absence_margin_ms = expiry_margin_ms, absence_margin_ms

    def draft(self, order: Order) -> Draft:
        """
        Return an order in the exchange's terms.

        Raises:
            UnsendableError: it cannot be said in them.
        """
        terms = self._standing.terms
        if terms is None:
            raise UnsendableError("NOT_READY", self._standing.problem)
        return draft(order, terms, self._maker, self._expiry_margin_ms)

    async def look(self, order: Order, *, urgent: bool = False) -> FindAnswer:
        """Look an order up, and tell whoever listens what is new about it."""
        told = self._orders.told(order)
        if told is not None and told.final:
            return Found(told)
        known = self._orders.follow(order)
        try:
            self._prepare(known)
            found = await self._ask(known.evidence, urgent=urgent)
        except UnsendableError as error:
            if error.code == "NOT_READY":
                return Unknown(str(error))
            self._orders.forget(order)
            return Absent(f"it was never sent: {error}")
        except (NoAnswerError, wire.WireError) as error:
            return self._as_known(known.evidence) or Unknown(str(error))
        report = self._orders.tell(known.evidence)
        if report is not None:
            return Found(report)
        if known.evidence.heard:
            return Unknown("the order has ended, and its fills cannot be read yet")
        return self._absent(known) if not found else Unknown("the exchange says nothing about it")

    def _prepare(self, known: Known) -> None:
        if known.evidence.draft is None:
            known.evidence.draft = self.draft(known.order)
            self._orders.name(known)

    def _as_known(self, evidence: Evidence) -> Found | None:
        """What was heard before still holds when asking fails."""
        report = self._orders.told(evidence.order)
        return Found(report) if report is not None else None

    async def _ask(self, evidence: Evidence, *, urgent: bool) -> bool:
        """Ask for the row, then for the fills: in this order a fill cannot be missed."""
        name = evidence.draft
        assert name is not None  # noqa: S101 -- given by _prepare
        row = await self._row(f"orders-v3/{name.id}", urgent=urgent)
        if row is None:
            row = await self._row(f"orders-v3/client/{name.client_order_id}", urgent=urgent)
        if row is not None:
            evidence.hear_row(row)
        order_id = row.key if row is not None and row.key else name.id
        fills = await self._fills(order_id, evidence, urgent=urgent)
        evidence.hear_fills(fills, complete=row is not None)
        return row is not None or bool(fills)

    async def is_there(self, known: Known) -> bool:
        """Return whether the exchange says that it has an order; asked once, by the order's id."""
        name = known.evidence.draft
        if name is None or known.evidence.heard:
            return known.evidence.heard
        try:
            return await self._row(f"orders-v3/{name.id}", urgent=True) is not None
        except (NoAnswerError, wire.WireError):
            return False

    async def _row(self, path: str, *, urgent: bool) -> wire.OrderRow | None:
        answer = await self._rest.get(path, private=True, urgent=urgent)
        if answer.status == OK:
            return wire.read_order(answer.body)
        if answer.status == NOT_FOUND and _is_absence(answer):
            return None
        raise NoAnswerError(f"looking the order up: {answer.said}")

    async def _fills(
        self, order_id: str, evidence: Evidence, *, urgent: bool
    ) -> list[wire.FillRow]:
        """By the order's id; where the exchange does not know that filter, by time."""
        try:
            fills = await self._pages({"orderId": order_id}, urgent=urgent)
        except NoAnswerError:
            fills = None
        if fills is None or any(fill.order_id.lower() != order_id for fill in fills):
            since = datetime.fromtimestamp(
                max(0, evidence.order.expires_ms - _OLDEST_MS) / 1000, tz=UTC
            )
            text = since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            fills = await self._pages({"startDate": text}, urgent=urgent)
        return [fill for fill in fills if fill.order_id.lower() == order_id]

    async def _pages(self, asked: dict[str, str], *, urgent: bool) -> list[wire.FillRow]:
        fills: list[wire.FillRow] = []
        params = {**asked, "perPage": _PER_PAGE}
        for _ in range(_MOST_PAGES):
            page = await self._rest.read(
                "fills-v3", wire.FillPage, params, private=True, urgent=urgent
            )
            fills += page.fills
            wanted = asked.get("orderId")
            is_ignored = any(wanted not in {None, it.order_id.lower()} for it in page.fills)
            if is_ignored or not page.next_key:
                return fills  # of a filter that is ignored the rest is of no use
            params["nextKey"] = page.next_key
        raise wire.WireError(f"more than {_MOST_PAGES} pages of fills")

    def _absent(self, known: Known) -> FindAnswer:
        name = known.evidence.draft
        assert name is not None  # noqa: S101 -- given by _prepare
        until_ms = name.expires_ms + self._absence_margin_ms
        # Our clock may be ahead; what counts is the exchange's, where it tells the time.
        if min(self._clock.now_ms(), self._rest.date_ms or until_ms) < until_ms:
            return Unknown("not found; it may still be on its way until its signature expires")
        if not self._standing.is_ours:
            return Unknown("not found, but the API key is not known to be of the account")
        self._orders.forget(known.order)
        return Absent("not found, and its signature has expired")

    async def reread(self, order: Order) -> OrderReport | None:
        """Look again, as far as it helps; None when nothing can be said."""
        answer = await self.look(order, urgent=True)
        return answer.report if isinstance(answer, Found) else None


def _is_absence(answer: Answer) -> bool:
    """A path that is not there, or a page in between, is *not found* too, and proves nothing."""
    problem = answer.problem
    return problem is not None and "NOT_FOUND" in problem.code.upper().replace(" ", "_")
