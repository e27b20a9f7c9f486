"""What another process did with an order: it makes nothing refused, and nothing lost."""

import asyncio
import importlib
from typing import Any

import msgspec
import pytest

from tests.sx_bet.client_scene import Scene, play
from tests.sx_bet.test_client_evidence import ID, STAKE, fill, known
from xarb_runtime.domain.orders import Accepted, Found, OrderStatus, Refused

inquiry = importlib.import_module("xarb_plugins.sx_bet.inquiry")
wire = importlib.import_module("xarb_plugins.sx_bet.wire")


@pytest.mark.parametrize("stakes", [10, 0])
def test_a_copy_that_is_refused_is_looked_up_first(stakes: int) -> None:
    async def scene(stage: Scene) -> None:
        order = stage.order()
        if stakes:
            async with stage.venue() as venue:
                await venue.place(order)
        stage.control.halt()
        async with stage.venue() as venue:
            await venue.heartbeat()
            answer = await venue.place(order)

            assert isinstance(answer, Accepted if stakes else Refused)
            assert sum(it.filled for it in stage.control.truth()) == stakes

    play(scene)


def test_an_order_is_cancelled_by_the_id_that_the_exchange_has_for_it() -> None:
    async def scene(stage: Scene) -> None:
        order = stage.order()
        async with stage.venue(time_in_force="GTC") as venue:
            stage.fate(holds=True)
            await venue.place(order)
        async with stage.venue(time_in_force="GTC", expiry_margin="25s") as venue:
            assert isinstance(await venue.find(order), Found)
            answer = await venue.cancel(order)

            assert isinstance(answer, Accepted)
            assert answer.report.status is OrderStatus.CANCELLED
            assert not stage.control.truth()[0].open

    play(scene)


class Busy:
    """An account with more fills than one reads, on an exchange that ignores the order's id."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    async def read(self, path: str, shape: Any, params: Any, **how: Any) -> Any:
        self.asked.append(dict(params))
        if "startDate" in params:
            return wire.FillPage(fills=[fill(1, STAKE, "LOCKED")])
        stranger = msgspec.structs.replace(fill(2, STAKE, "LOCKED"), order_id="0x" + "99" * 32)
        return wire.FillPage(fills=[stranger], next_key="more")


def test_fills_are_found_among_thousands_where_their_filter_is_ignored() -> None:
    rest = Busy()
    look: Any = inquiry.Inquiry(
        rest, None, None, None, maker="", expiry_margin_ms=1, absence_margin_ms=1
    )

    found = asyncio.run(look._fills(ID, known(), urgent=True))

    assert [it.fill_amount for it in found] == [STAKE]
    assert len(rest.asked) == 2
