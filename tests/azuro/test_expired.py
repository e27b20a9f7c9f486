"""
An order that somebody has heard of, and that never became a bet: it ends once that is certain.
"""

from typing import Any

import pytest

from tests.azuro.inside import BETTOR, World, hear, in_virtual_time, listening, part, world
from xarb_runtime.domain.orders import Absent, Accepted, Found, Order, OrderStatus, Unknown

fates, faults = part("fake.fates"), part("fake.faults")
LOOK, LIST = "GET bet/orders/0x*", "GET bet/orders/bettor/*"
OWN = {"expiry": "30s", "absence_margin": "10s"}
WAYS = ["lose", "stick"]


async def placed(here: World, venue: Any, number: int = 1) -> tuple[Order, str]:
    """An order that was acknowledged, and that the relayer does not send; and the venue's id."""
    here.control.next_order(fates.OrderFate(rests_at="Created"))
    order = here.order(f"x-{number}:1:0", expires_ms=here.clock.now_ms() + 2_500)
    assert isinstance(await venue.place(order), Accepted)
    return order, here.control.orders[-1].id


def bound_ms(order: Order) -> int:
    return (-(-order.expires_ms // 1000) + 40) * 1000


def is_expired(answer: Any) -> bool:
    if not isinstance(answer, Found):
        return False
    report = answer.report
    ended = (report.status, report.final, report.code)
    return ended == (OrderStatus.CANCELLED, True, "EXPIRED") and report.filled == 0


@pytest.mark.parametrize("way", WAYS)
def test_what_was_acknowledged_ends_when_it_can_be_no_bet_and_not_before(way: str) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(**OWN) as venue:
            order, name = await placed(here, venue)
            getattr(here.control, way)(name)
            await here.clock.sleep_ms(bound_ms(order) - 1 - here.clock.now_ms())
            before = await venue.find(order)
            assert isinstance(before, Unknown) or before.report.status is OrderStatus.OPEN
            # Blocks are some seconds old.
            await here.clock.sleep_ms(5_000)

            assert is_expired(await venue.find(order))
            assert is_expired(await venue.find(order))

    in_virtual_time(scenario())


@pytest.mark.parametrize("way", WAYS)
def test_whoever_listens_hears_of_the_end_without_asking(way: str) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(**OWN) as venue:
            order, name = await placed(here, venue)
            getattr(here.control, way)(name)
            heard = await hear(venue, lambda report: report.final)
            sequences = [report.sequence for report in heard]

            assert heard[-1].code == "EXPIRED"
            assert sequences == sorted(set(sequences))
            assert here.clock.now_ms() < bound_ms(order) + 120_000
            assert venue.figures()["orders_followed"] == 0

    in_virtual_time(scenario())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("asks", [True, False])
def test_the_next_process_ends_what_an_earlier_one_may_have_heard_of(way: str, asks: bool) -> None:
    async def scenario() -> None:
        async with world() as here:
            async with here.connect(**OWN) as venue:
                order, name = await placed(here, venue)
                told = await venue.find(order)
            getattr(here.control, way)(name)
            await here.clock.sleep_ms(100_000)
            async with here.connect(**OWN) as later:
                later.watch(order)
                if asks:
                    answer = await later.find(order)
                    assert is_expired(answer)
                    report = answer.report
                else:
                    report = (await hear(later, lambda report: report.final))[-1]

            assert report.code == "EXPIRED"
            assert report.sequence > told.report.sequence

    in_virtual_time(scenario())


def test_what_nobody_has_heard_of_is_absent_also_to_the_next_process() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(**OWN) as venue:
            order, name = await placed(here, venue)
            here.control.lose(name)
            await here.clock.sleep_ms(100_000)
            async with here.connect(**OWN) as later:
                assert isinstance(await later.find(order), Absent)

    in_virtual_time(scenario())


def test_without_a_node_the_venues_word_counts_and_so_does_its_silence() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(rpc_url="", **OWN) as venue:
            lost, name = await placed(here, venue)
            here.control.lose(name)
            stuck, name = await placed(here, venue, 2)
            here.control.stick(name)
            async with listening(venue):
                await here.clock.sleep_ms(3_600_000)
            found = await venue.find(stuck)

            assert is_expired(await venue.find(lost))
            assert found.report.status is OrderStatus.OPEN

    in_virtual_time(scenario())


@pytest.mark.parametrize(
    "fate",
    [
        fates.OrderFate(unseen=10**6),
        fates.OrderFate(strange_state="Created", strange_looks=10**6),
        fates.OrderFate(strange_state="Created", strange_looks=10**6, nulls=("betId",)),
    ],
    ids=["unseen", "stuck with a bet", "stuck"],
)
def test_an_order_whose_nonce_is_used_never_ends_so(fate: Any) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(**OWN) as venue:
            here.control.next_order(fate)
            order = here.order()
            assert isinstance(await venue.place(order), Accepted)
            async with listening(venue):
                await here.clock.sleep_ms(600_000)
            assert [bet.bettor for bet in here.control.ledger.bets.values()] == [BETTOR]

            found = await venue.find(order)
            assert isinstance(found, Unknown) or found.report.status is OrderStatus.OPEN

    in_virtual_time(scenario())


@pytest.mark.parametrize("way", WAYS)
def test_a_clock_that_is_ahead_ends_nothing_before_its_time(way: str) -> None:
    async def scenario() -> None:
        ahead_ms = 120_000
        async with world() as here, here.connect(ahead_ms=ahead_ms, **OWN) as venue:
            here.control.next_order(fates.OrderFate(rests_at="Created"))
            order = here.order(expires_ms=here.clock.now_ms() + ahead_ms + 2_500)
            await venue.place(order)
            getattr(here.control, way)(here.control.orders[-1].id)
            await here.clock.sleep_ms(60_000)
            assert not is_expired(await venue.find(order))
            await here.clock.sleep_ms(ahead_ms)
            assert is_expired(await venue.find(order))

    in_virtual_time(scenario())


@pytest.mark.parametrize("fault", [{"what": "reset"}, {"what": "answer", "status": 502}])
@pytest.mark.parametrize("way", WAYS)
def test_a_node_that_does_not_answer_proves_nothing(way: str, fault: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(**OWN) as venue:
            order, name = await placed(here, venue)
            getattr(here.control, way)(name)
            here.control.disturb(faults.WireFault(route="POST rpc", times=0, **fault))
            await here.clock.sleep_ms(200_000)
            assert isinstance(await venue.find(order), Unknown)
            here.control.calm()
            assert is_expired(await venue.find(order))

    in_virtual_time(scenario())


def test_both_questions_to_the_node_are_about_one_block() -> None:
    """Behind one address there may be nodes of which one is behind: its nonces prove nothing."""

    async def scenario() -> None:
        asked: list[Any] = []

        async with world() as here, here.connect(**OWN) as venue:
            order, name = await placed(here, venue)
            here.control.lose(name)
            await here.clock.sleep_ms(200_000)
            chain = venue._parts.chain
            call = chain._call

            async def noted(method: str, params: list[Any]) -> Any:
                answer = await call(method, params)
                asked.append((method, params[-1] if method == "eth_call" else answer))
                return answer

            chain._call = noted
            assert is_expired(await venue.find(order))

        blocks = dict(asked)
        assert blocks["eth_call"] == blocks["eth_getBlockByNumber"]["number"]

    in_virtual_time(scenario())


def gone() -> list[Any]:
    nothing = {"status": 404, "body": "{}", "content_type": "application/json"}
    return [faults.WireFault(route=it, what="answer", times=0, **nothing) for it in (LOOK, LIST)]


def test_a_bet_that_the_venue_does_not_know_any_more_is_in_doubt() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(rpc_url="", **OWN) as venue:
            order = here.order()
            await venue.place(order)
            await hear(venue, lambda report: report.filled > 0)
            here.control.disturb(*gone())
            await here.clock.sleep_ms(200_000)

            assert isinstance(await venue.find(order), Unknown)

    in_virtual_time(scenario())


def test_a_refusal_that_the_venue_does_not_know_any_more_stays_one() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(**OWN) as venue:
            here.control.next_order(fates.OrderFate(cancel="before_chain"))
            order = here.order()
            await venue.place(order)
            refused = (await hear(venue, lambda report: report.final))[-1]
            here.control.disturb(*gone())
            await here.clock.sleep_ms(200_000)

            assert refused.status is OrderStatus.REFUSED
            assert await venue.find(order) == Found(refused)

    in_virtual_time(scenario())


def test_a_bet_that_shows_after_all_is_newer_than_the_end() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(rpc_url="", **OWN) as venue:
            order = here.order()
            await venue.place(order)
            here.control.disturb(*gone())
            await here.clock.sleep_ms(200_000)
            ended = await venue.find(order)
            assert is_expired(ended)
            here.control.calm()
            found = await venue.find(order)

            assert found.report.filled == order.stake
            assert found.report.sequence > ended.report.sequence
            assert venue.figures()["orders_followed"] == 1

    in_virtual_time(scenario())


def test_what_has_ended_is_not_looked_at_any_more() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(**OWN) as venue:
            for number, way in enumerate(WAYS):
                _, name = await placed(here, venue, number)
                getattr(here.control, way)(name)
            async with listening(venue):
                await here.clock.sleep_ms(200_000)
                looks = here.control.count("GET bet/orders")
                await here.clock.sleep_ms(600_000)

            assert here.control.count("GET bet/orders") == looks

    in_virtual_time(scenario())
