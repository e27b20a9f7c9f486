"""Placing: sent once, acknowledged, refused only when that is proven."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.azuro.inside import BETTOR, FOOTBALL, HOME, hear, in_virtual_time, part, world
from xarb_runtime.domain.orders import (
    Accepted,
    CancelRefused,
    Found,
    OrderStatus,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.pacing import NoTurnError

fates, faults = part("fake.fates"), part("fake.faults")
POST = "POST bet/orders/ordinar"


def test_an_order_is_acknowledged_then_filled_then_final() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            answer = await venue.place(here.order())
            heard = await hear(venue, lambda report: report.final)

        assert isinstance(answer, Accepted)
        assert (answer.report.status, answer.report.filled) == (OrderStatus.OPEN, 0)
        facts = [(it.status.value, it.filled, it.odds, it.final) for it in heard]
        assert facts == [
            ("open", 0, 0, False),
            ("filled", 10, Decimal("1.56"), False),
            ("filled", 10, Decimal("1.56"), True),
        ]
        assert here.posts() == 1

    in_virtual_time(scenario())


def test_what_was_ordered_is_what_is_signed() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(expiry="40s") as venue:
            order = here.order(stake=Decimal("12.349"), min_odds=Decimal("1.545"))
            await venue.place(order)
            (held,) = here.control.orders

        assert held.id == f"{BETTOR}_{part('terms').nonce_of(order.client_id)}"
        assert (held.amount, held.min_odds) == (12_340_000, 1_550_000_000_000)
        assert held.expires == -(-order.expires_ms // 1000) + 40
        assert held.signer.lower() == held.owner == BETTOR

    in_virtual_time(scenario())


def test_an_order_is_filled_at_the_venues_odds_not_at_ours() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.next_order(fates.OrderFate(odds=Decimal("1.61")))
            await venue.place(here.order())
            heard = await hear(venue, lambda report: report.filled > 0)

        assert heard[-1].odds == Decimal("1.61")

    in_virtual_time(scenario())


@pytest.mark.parametrize("repeats", ["existing", "conflict", "invalid_nonce"])
@pytest.mark.parametrize("later", [False, True])
def test_placing_again_is_harmless_in_this_process_and_in_the_next(
    repeats: str, later: bool
) -> None:
    async def scenario() -> None:
        async with world(repeats=repeats) as here:
            order = here.order()
            async with here.connect() as venue:
                await venue.place(order)
                again = None if later else await venue.place(order)
                posts = here.posts()
            if later:
                async with here.connect() as venue:
                    again = await venue.place(order)

            assert isinstance(again, Accepted)
            assert posts == 1
            assert len(here.control.orders) == 1

    in_virtual_time(scenario())


def test_a_second_order_that_is_refused_says_nothing_of_the_first() -> None:
    """The venue may check the market before it notices that it has the order already."""

    async def scenario() -> None:
        refusal = '{"id": "%s", "state": "Rejected", "error": "BadData"}'
        async with world() as here:
            order = here.order()
            async with here.connect() as venue:
                await venue.place(order)
            name = here.control.orders[0].id
            here.control.disturb(
                faults.WireFault(
                    route=POST,
                    what="answer",
                    status=400,
                    body=refusal % name,
                    content_type="application/json",
                )
            )
            async with here.connect() as venue:
                assert isinstance(await venue.place(order), Accepted)

    in_virtual_time(scenario())


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("status", [201, 400, 409])
def test_a_definite_refusal_is_one_and_is_remembered(keeps: bool, status: int) -> None:
    async def scenario() -> None:
        async with world(keeps_refused=keeps, refusal_status=status) as here:
            async with here.connect() as venue:
                here.control.suspend(FOOTBALL)
                answer = await venue.place(here.order())
                again = await venue.place(here.order())

            assert answer == again == Refused("BadData", "Condition is not active")
            assert here.posts() == 1

    in_virtual_time(scenario())


def test_a_rejection_on_the_way_to_the_chain_is_reported() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.next_order(fates.OrderFate(reverts=True))
            answer = await venue.place(here.order())
            heard = await hear(venue, lambda report: report.final)

        assert isinstance(answer, Accepted)
        assert (heard[-1].status, heard[-1].filled) == (OrderStatus.REFUSED, 0)
        assert heard[-1].code == "TransactionFailed"

    in_virtual_time(scenario())


@pytest.mark.parametrize(
    "fault",
    [
        {"what": "reset", "handled": True},
        {"what": "reset"},
        {"what": "cut", "handled": True},
        {"what": "answer", "handled": True},
        {"what": "answer", "status": 500, "body": "{}", "content_type": "application/json"},
        {"what": "answer", "status": 200, "body": "<html>", "handled": True},
        {"what": "hang"},
    ],
)
def test_an_answer_that_proves_nothing_is_unknown_or_what_a_look_tells(fault: Any) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.disturb(faults.WireFault(route=POST, **fault))
            answer = await venue.place(here.order())
            arrived = bool(here.control.orders)

            if not arrived:
                assert isinstance(answer, Unknown)
            else:
                assert isinstance(answer, Unknown | Accepted)
                assert isinstance(await venue.find(here.order()), Found)
            assert here.posts() == 1

    in_virtual_time(scenario())


def test_an_order_to_a_venue_that_is_away_is_not_sent() -> None:
    async def scenario() -> None:
        async with world() as here:
            gone = {"url": "http://127.0.0.1:1/api", "stream": False}
            async with here.connect(**gone) as venue:
                answer = await venue.place(here.order())

        assert isinstance(answer, Refused)
        assert answer.code == "NOT_READY"

    in_virtual_time(scenario())


def test_two_calls_at_the_same_time_send_one_order() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            order = here.order()
            answers = await asyncio.gather(*(venue.place(order) for _ in range(5)))

            assert here.posts() == 1
            assert any(isinstance(answer, Accepted) for answer in answers)
            assert not any(isinstance(answer, Refused) for answer in answers)

    in_virtual_time(scenario())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stake": Decimal("0.5")}, "BAD_STAKE"),
        ({"stake": Decimal(1001)}, "BAD_STAKE"),
        ({"selection": Selection("azuro", "ou25", "over", ())}, "BAD_ORDER"),
        ({"selection": Selection("azuro", FOOTBALL, "cashout:29", ())}, "NO_CASHOUT"),
    ],
)
def test_what_cannot_be_an_order_is_not_sent(changes: dict[str, Any], code: str) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            answer = await venue.place(here.order(**changes))

            assert isinstance(answer, Refused)
            assert answer.code == code
            assert here.posts() == 0

    in_virtual_time(scenario())


def test_a_fee_that_was_not_agreed_to_is_not_paid() -> None:
    async def scenario() -> None:
        async with world(relayer_fee="0.2") as here:
            async with here.connect() as venue:
                answer = await venue.place(here.order())
            async with here.connect(max_relayer_fee="0.2") as venue:
                agreed = await venue.place(here.order("x-2:1:0"))
            (held,) = here.control.orders

        assert isinstance(answer, Refused)
        assert answer.code == "FEE_TOO_HIGH"
        assert isinstance(agreed, Accepted)
        assert held.fee == 200_000

    in_virtual_time(scenario())


def test_there_is_no_cancel() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            await venue.place(here.order())
            sent = len(here.control.requests)

            assert isinstance(await venue.cancel(here.order()), CancelRefused)
            assert len(here.control.requests) == sent

    in_virtual_time(scenario())


def test_an_order_is_not_sent_to_where_an_answer_points() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            there = f"{here.section['url']}/bet/orders/ordinar"
            redirect = faults.WireFault(
                route=POST, what="answer", handled=True, status=307, headers={"Location": there}
            )
            here.control.disturb(redirect)
            await venue.place(here.order())

            assert here.posts() == 1

    in_virtual_time(scenario())


def test_orders_do_not_wait_behind_quotes() -> None:
    async def scenario() -> None:
        slow = {"rate": 10, "stream": False, "limits_for": "1ms"}
        async with world() as here, here.connect(**slow) as venue:
            await venue.heartbeat()
            several = [Selection("azuro", str(3_000 + number), "29", ()) for number in range(10)]
            asking = [asyncio.ensure_future(venue.quote(one)) for one in several]
            await here.clock.sleep_ms(1_000)
            before_ms = here.clock.now_ms()
            await venue.place(here.order())

            assert here.clock.now_ms() == before_ms
            failed = await asyncio.gather(*asking, return_exceptions=True)
            assert any(isinstance(one, NoTurnError) for one in failed)

    in_virtual_time(scenario())


def test_a_price_that_would_come_too_late_is_none_at_once() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(rate=5, stream=False, limits_for="1ms") as venue:
            for _ in range(2):
                await venue.quote(HOME)
                await here.clock.sleep_ms(1)
            before_ms = here.clock.now_ms()
            with pytest.raises(NoTurnError):
                await venue.quote(HOME)
            assert here.clock.now_ms() - before_ms <= 300
            await here.clock.sleep_ms(10_000)
            assert (await venue.quote(HOME)).odds == Decimal("1.56")

    in_virtual_time(scenario())


def test_when_the_venue_asks_for_silence_nothing_is_sent() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            await venue.heartbeat()
            here.control.disturb(faults.too_many_requests(POST, after_seconds=7))
            placed_ms = here.clock.now_ms()
            # What is behind a 429 is looked up, once one may ask.
            answer = await venue.place(here.order())

            assert here.clock.now_ms() == placed_ms + 7_000
            assert isinstance(answer, Unknown)
            assert here.posts() == 1

    in_virtual_time(scenario())


def test_an_order_whose_time_is_over_when_the_fee_is_known_is_not_sent() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            slow = faults.WireFault(
                route="GET bet/gas-info*", what="none", handled=True, delay_ms=3_000
            )
            here.control.disturb(slow)
            answer = await venue.place(here.order(expires_ms=here.clock.now_ms() + 2_000))

            assert isinstance(answer, Refused)
            assert answer.code == "EXPIRED"
            assert here.posts() == 0

    in_virtual_time(scenario())


def test_only_so_many_orders_are_remembered_and_none_is_sent_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            monkeypatch.setattr(part("placing"), "MOST_SENT", 2)
            orders = [here.order(f"x-{number}:1:0") for number in range(4)]
            for order in orders:
                assert isinstance(await venue.place(order), Accepted)
            await here.clock.sleep_ms(10_000)

            assert len(venue._placing._sent) == 2
            assert isinstance(await venue.place(orders[0]), Accepted)
            assert here.posts() == 4

    in_virtual_time(scenario())
