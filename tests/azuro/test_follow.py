"""Following: there is no stream of orders, so each is looked at, soon and then less often."""

import asyncio

import pytest

from tests.azuro.inside import FOOTBALL, hear, in_virtual_time, listening, part, world
from xarb_runtime.domain.orders import Accepted, OrderReport, OrderStatus, Unknown

fates, faults = part("fake.fates"), part("fake.faults")


def facts(heard: list[OrderReport]) -> list[tuple[str, int, bool]]:
    return [(it.status.value, int(it.filled), it.final) for it in heard]


def test_an_order_of_an_earlier_process_is_reported_to_the_one_that_watches_it() -> None:
    async def scenario() -> None:
        async with world() as here:
            order = here.order()
            async with here.connect() as venue:
                await venue.place(order)
            async with here.connect() as venue:
                venue.watch(order)
                heard = await hear(venue, lambda report: report.final)
                assert isinstance(await venue.place(order), Accepted)

            assert facts(heard)[-1] == ("filled", 10, True)
            assert here.posts() == 1

    in_virtual_time(scenario())


def test_an_order_whose_answer_was_lost_is_reported() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.next_order(fates.OrderFate(lost=True))
            assert isinstance(await venue.place(here.order()), Unknown)
            heard = await hear(venue, lambda report: report.filled > 0)

        assert facts(heard)[-1] == ("filled", 10, False)

    in_virtual_time(scenario())


def test_looks_become_less_frequent() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(poll="1s", poll_slowest="5s") as venue:
            here.control.next_order(fates.OrderFate(rests_at="Placed"))
            order = here.order(expires_ms=here.clock.now_ms() + 600_000)
            await venue.place(order)
            reports = venue.reports()
            assert (await anext(reports)).status is OrderStatus.OPEN

            await reports.aclose()
            async with listening(venue):
                await here.clock.sleep_ms(5_000)
                early = here.control.count("GET bet/orders/0x")
                await here.clock.sleep_ms(95_000)
                late = here.control.count("GET bet/orders/0x")

        assert 2 <= early <= 4
        assert 15 <= late - early <= 21

    in_virtual_time(scenario())


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        (fates.OrderFate(reversed_after_ms=30_000), ("reversed", 0, True)),
        (fates.OrderFate(cancel="before_chain"), ("refused", 0, True)),
        (fates.OrderFate(cancel="pending"), ("reversed", 0, True)),
    ],
)
def test_what_is_taken_back_is_told(fate: object, expected: tuple[str, int, bool]) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.next_order(fate)
            await venue.place(here.order())
            heard = await hear(venue, lambda report: report.final)

        assert facts(heard)[-1] == expected

    in_virtual_time(scenario())


def test_a_cancellation_that_failed_leaves_a_bet_that_is_not_final() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.next_order(fates.OrderFate(cancel="failed"))
            await venue.place(here.order())
            await here.clock.sleep_ms(300_000)
            found = await venue.find(here.order())

        assert facts([found.report]) == [("filled", 10, False)]

    in_virtual_time(scenario())


def test_a_bet_that_is_voided_long_after_it_was_final_is_told() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(reconcile="20s") as venue:
            await venue.place(here.order())
            reports = venue.reports()
            async for report in reports:
                if report.final:
                    break
            here.control.void(FOOTBALL)
            last = await anext(reports)
            await reports.aclose()

        assert facts([last]) == [("reversed", 0, True)]

    in_virtual_time(scenario())


def test_a_bet_that_is_settled_is_not_looked_at_any_more() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(reconcile="20s") as venue:
            await venue.place(here.order())
            async with listening(venue):
                await here.clock.sleep_ms(100_000)
                assert venue.figures()["orders_followed"] == 1
                here.control.settle(FOOTBALL, 29)
                await here.clock.sleep_ms(60_000)
                assert venue.figures()["orders_followed"] == 0
                looks = here.control.count("GET bet/orders")
                await here.clock.sleep_ms(600_000)

            assert here.control.count("GET bet/orders") == looks

    in_virtual_time(scenario())


def test_a_word_that_was_never_heard_before_does_not_take_a_fill_back() -> None:
    async def scenario() -> None:
        def strange(body: dict[str, object]) -> dict[str, object]:
            moment = "2030-03-17T18:00:00.000Z"
            return body | {"state": "Frozen", "betId": None, "updatedAt": moment}

        async with world() as here, here.connect() as venue:
            await venue.place(here.order())
            await hear(venue, lambda report: report.filled > 0)
            fault = faults.WireFault(
                route="GET bet/orders/0x*", what="none", handled=True, rewrite=strange, times=0
            )
            here.control.disturb(fault)
            found = await venue.find(here.order())

        assert facts([found.report]) == [("filled", 10, False)]

    in_virtual_time(scenario())


def test_what_was_final_stays_final_when_the_venue_touches_it_again() -> None:
    async def scenario() -> None:
        def touched(body: dict[str, object]) -> dict[str, object]:
            return body | {"updatedAt": "2036-03-17T18:00:00.000Z"}

        async with world() as here, here.connect() as venue:
            await venue.place(here.order())
            heard = await hear(venue, lambda report: report.final)
            fault = faults.WireFault(
                route="GET bet/orders/0x*", what="none", handled=True, rewrite=touched
            )
            here.control.disturb(fault)
            found = await venue.find(here.order())

        assert facts([found.report]) == [("filled", 10, True)]
        assert found.report.sequence > heard[-1].sequence

    in_virtual_time(scenario())


def test_whoever_listens_again_hears_the_newest_again() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            await venue.place(here.order())
            first = await hear(venue, lambda report: report.final)
            again = await hear(venue, lambda report: report.final)

        assert again == first[-1:]

    in_virtual_time(scenario())


def test_an_order_that_never_arrived_is_dropped_when_it_cannot_any_more() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.disturb(faults.WireFault(route="POST bet/orders/*"))
            await venue.place(here.order())
            async with listening(venue):
                assert venue.figures()["orders_followed"] == 1
                await here.clock.sleep_ms(100_000)

            assert venue.figures()["orders_followed"] == 0

    in_virtual_time(scenario())


@pytest.mark.parametrize("ahead_ms", [120_000, 0, -120_000])
def test_an_acceptance_is_final_once_it_has_stood_by_both_clocks(ahead_ms: int) -> None:
    async def scenario() -> None:
        own = {"ahead_ms": ahead_ms, "rpc_url": ""}
        async with world() as here, here.connect(**own) as venue:
            order = here.order(expires_ms=here.clock.now_ms() + max(0, ahead_ms) + 2_500)
            await venue.place(order)
            filled = await hear(venue, lambda report: report.filled > 0)
            stood_ms = filled[-1].time_ms + 60_000 + max(0, -ahead_ms)
            await here.clock.sleep_ms(stood_ms - 1_000 - here.clock.now_ms())
            early = await venue.find(order)
            await here.clock.sleep_ms(2_000)
            late = await venue.find(order)

        assert not filled[-1].final
        assert facts([early.report, late.report]) == [("filled", 10, False), ("filled", 10, True)]

    in_virtual_time(scenario())


def test_a_late_void_is_told_although_the_list_of_bets_does_not_end() -> None:
    async def scenario() -> None:
        def endless(body: dict[str, object]) -> dict[str, object]:
            return body | {"orders": [{"id": "0xab_1", "state": "Accepted"}] * 100}

        async with world() as here, here.connect(reconcile="20s") as venue:
            fault = faults.WireFault(
                route="GET bet/orders/bettor/*", what="none", handled=True, rewrite=endless, times=0
            )
            here.control.disturb(fault)
            await venue.place(here.order())
            reports = venue.reports()
            async for report in reports:
                if report.final:
                    break
            here.control.void(FOOTBALL)
            last = await asyncio.wait_for(anext(reports), 3_600)
            await reports.aclose()

            assert venue.figures()["lists_too_long"] > 0

        assert facts([last]) == [("reversed", 0, True)]

    in_virtual_time(scenario())
