"""Finding: by an id that any process computes, and absent only when the signature has expired."""

from decimal import Decimal
from typing import Any

import pytest

from tests.azuro.inside import in_virtual_time, part, world
from xarb_runtime.domain.orders import Absent, Accepted, Found, OrderStatus, Unknown

fates, faults = part("fake.fates"), part("fake.faults")
LOOK = "GET bet/orders/0x*"
LIST = "GET bet/orders/bettor/*"


def test_a_process_that_never_placed_an_order_finds_it() -> None:
    async def scenario() -> None:
        async with world() as here:
            order = here.order()
            async with here.connect() as venue:
                await venue.place(order)
            await here.clock.sleep_ms(5_000)
            async with here.connect() as venue:
                found = await venue.find(order)

        assert isinstance(found, Found)
        assert found.report.status is OrderStatus.FILLED
        assert (found.report.filled, found.report.odds) == (10, Decimal("1.56"))

    in_virtual_time(scenario())


def test_two_processes_tell_the_same() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as one, here.connect() as other:
            order = here.order()
            await one.place(order)
            await here.clock.sleep_ms(5_000)

            assert await one.find(order) == await other.find(order)

    in_virtual_time(scenario())


def test_an_order_that_never_arrived_is_absent_only_after_its_signature_has_expired() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(expiry="30s", absence_margin="10s") as venue:
            order = here.order(expires_ms=here.clock.now_ms() + 2_500)
            here.control.disturb(faults.WireFault(route="POST bet/orders/*"))
            assert isinstance(await venue.place(order), Unknown)

            bound_ms = (-(-order.expires_ms // 1000) + 30 + 10) * 1000
            await here.clock.sleep_ms(bound_ms - 1 - here.clock.now_ms())
            assert isinstance(await venue.find(order), Unknown)
            await here.clock.sleep_ms(1)
            assert isinstance(await venue.find(order), Absent)
            assert here.posts() == 1

    in_virtual_time(scenario())


def test_an_order_that_only_the_list_knows_is_found() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.next_order(fates.OrderFate(unseen=10**6, unlisted=False))
            order = here.order()
            await venue.place(order)
            await here.clock.sleep_ms(200_000)

            assert isinstance(await venue.find(order), Found)

    in_virtual_time(scenario())


def test_an_order_whose_nonce_the_contract_has_used_is_not_absent() -> None:
    async def scenario() -> None:
        async with world() as here:
            here.control.next_order(fates.OrderFate(unseen=10**6))
            order = here.order()
            async with here.connect() as venue:
                await venue.place(order)
                await here.clock.sleep_ms(200_000)
                assert isinstance(await venue.find(order), Unknown)

    in_virtual_time(scenario())


def test_a_clock_that_is_ahead_makes_nothing_absent_before_its_time() -> None:
    async def scenario() -> None:
        ahead_ms = 120_000
        async with world() as here, here.connect(ahead_ms=ahead_ms) as venue:
            order = here.order(expires_ms=here.clock.now_ms() + ahead_ms + 2_500)
            here.control.disturb(faults.WireFault(route="POST bet/orders/*"))
            await venue.place(order)
            await here.clock.sleep_ms(60_000)
            found = await venue.find(order)
            assert isinstance(found, Unknown)
            assert "chain's time" in found.reason
            await here.clock.sleep_ms(ahead_ms)
            assert isinstance(await venue.find(order), Absent)

    in_virtual_time(scenario())


@pytest.mark.parametrize("fresh", [False, True])
def test_without_a_node_it_is_the_venues_time_that_counts(fresh: bool) -> None:
    async def scenario() -> None:
        ahead_ms = 60_000
        async with world() as here, here.connect(ahead_ms=ahead_ms, rpc_url="") as venue:
            order = here.order(expires_ms=here.clock.now_ms() + ahead_ms + 2_500)
            here.control.disturb(faults.WireFault(route="POST bet/orders/*"))
            await venue.place(order)
            await here.clock.sleep_ms(50_000)
            async with here.connect(ahead_ms=ahead_ms, rpc_url="") as other:
                found = await (other if fresh else venue).find(order)
            assert isinstance(found, Unknown)
            assert "the venue's time" in found.reason
            await here.clock.sleep_ms(ahead_ms)
            assert isinstance(await venue.find(order), Absent)

    in_virtual_time(scenario())


@pytest.mark.parametrize("route", [LOOK, LIST, "POST rpc"])
@pytest.mark.parametrize(
    "fault",
    [
        {"what": "reset"},
        {"what": "answer", "status": 502},
        {"what": "answer", "status": 500, "body": "{}", "content_type": "application/json"},
        {"what": "answer", "status": 200},
        {"what": "answer", "status": 200, "body": "{}", "content_type": "application/json"},
        {"what": "hang"},
    ],
)
def test_as_long_as_one_of_them_does_not_say_nothing_is_absent(route: str, fault: Any) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            order = here.order()
            await here.clock.sleep_ms(200_000)
            assert isinstance(await venue.find(order), Absent)
            here.control.disturb(faults.WireFault(route=route, times=0, **fault))
            async with here.connect() as fresh:
                assert isinstance(await fresh.find(order), Unknown)

    in_virtual_time(scenario())


def test_another_order_under_our_number_is_not_ours() -> None:
    async def scenario() -> None:
        def other(body: Any) -> Any:
            body["conditions"][0]["outcomeId"] = 30
            return body

        async with world() as here, here.connect() as venue:
            order = here.order()
            await venue.place(order)
            fault = faults.WireFault(route=LOOK, what="none", handled=True, rewrite=other, times=0)
            here.control.disturb(fault)

            assert isinstance(await venue.find(order), Unknown)

    in_virtual_time(scenario())


def test_a_list_that_does_not_end_proves_nothing() -> None:
    async def scenario() -> None:
        def endless(body: Any) -> Any:
            row = {"id": "0xab_1", "state": "Created"}
            return {"orders": [row] * 100}

        async with world() as here, here.connect() as venue:
            fault = faults.WireFault(
                route=LIST, what="none", handled=True, rewrite=endless, times=0
            )
            here.control.disturb(fault)
            order = here.order()
            await here.clock.sleep_ms(200_000)

            found = await venue.find(order)
            figures = venue.figures()

        assert isinstance(found, Unknown)
        assert "expected fewer than 1000" in found.reason
        assert figures["lists_too_long"] == 1

    in_virtual_time(scenario())


def test_a_list_of_several_pages_is_read_to_its_end() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(rate=10_000) as venue:
            ids = [f"x-{number}:1:0" for number in range(101)]
            here.control.next_order(fates.OrderFate(unseen=10**6, unlisted=False))
            for client_id in ids:
                assert isinstance(await venue.place(here.order(client_id)), Accepted)
            last = here.order(ids[0])
            await here.clock.sleep_ms(200_000)

            assert isinstance(await venue.find(last), Found)
            assert here.control.count("GET bet/orders/bettor") == 2

    in_virtual_time(scenario())


def endless_after(first: int) -> Any:
    """Change lists of bets: behind so many rows of the true one there are more and more others."""
    strange = {"id": "0xab_1", "state": "Accepted"}

    def changed(body: Any) -> Any:
        rows = body["orders"][:first]
        return {"orders": [*rows, *[strange] * (100 - len(rows))]}

    return changed


def test_what_is_found_at_the_beginning_of_an_endless_list_is_found() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.next_order(fates.OrderFate(unseen=10**6, unlisted=False))
            order = here.order()
            await venue.place(order)
            endless = faults.WireFault(
                route=LIST, what="none", handled=True, rewrite=endless_after(1), times=0
            )
            here.control.disturb(endless)

            assert isinstance(await venue.find(order), Found)
            assert here.control.count(LIST.removesuffix("*")) == 1
            assert venue.figures()["lists_too_long"] == 0

    in_virtual_time(scenario())
