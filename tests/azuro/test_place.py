"""Placing: sent once, acknowledged, refused only when that is proven."""

from decimal import Decimal

from tests.azuro.inside import hear, in_virtual_time, world
from xarb_runtime.domain.orders import Accepted


def test_an_order_is_acknowledged_then_filled_then_final() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            order = here.order()
            answer = await venue.place(order)
            heard = await hear(venue, lambda report: report.final)

        assert isinstance(answer, Accepted)
        assert (answer.report.status.value, answer.report.filled) == ("open", 0)
        facts = [(it.status.value, it.filled, it.odds, it.final) for it in heard]
        assert facts == [
            ("open", 0, 0, False),
            ("filled", 10, Decimal("1.56"), False),
            ("filled", 10, Decimal("1.56"), True),
        ]
        assert here.posts() == 1

    in_virtual_time(scenario())
