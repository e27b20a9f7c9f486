"""
News about orders: told by the venue, or looked for until an order is settled.
"""

from typing import Any

from tests.plugins.toll import ORDER, Toll, opened, report, says
from xarb_runtime.domain.orders import OrderReport, OrderStatus
from xarb_runtime.plugins.following import LONGEST, Following
from xarb_runtime.plugins.http_protocol import Ask, Changes


async def test_an_order_is_looked_for_until_it_is_final() -> None:
    seen = [report(), report(), report(sequence=2), report(sequence=3, final=True)]
    async with opened(*map(says, seen)) as (venue, house, clock):
        venue.watch(ORDER)
        told = []
        async for each in venue.reports():
            told.append(each.sequence)
            if each.final:
                break

        assert told == [1, 2, 3]
        assert len(house.asked) == 4
        assert clock.now_ms() == 1_000 + 3 * 1_000


async def test_a_venue_that_tells_of_changes_is_asked_on_but_not_all_the_time() -> None:
    class Telling(Toll):
        async def changes(self, after: Any, ask: Ask) -> Changes | None:
            answer = await ask("GET", "changes", query={"after": after or 0})
            return (
                Changes(answer.read(list[OrderReport]), after=7) if answer.status == 200 else None
            )

    answers = [says([report()]), says([]), says(status=500), says("torn"), says([report("y:2")])]
    async with opened(*answers, protocol=Telling) as (venue, house, clock):
        told = []
        async for each in venue.reports():
            told.append(each.client_id)
            if len(told) == 2:
                break

        assert told == ["x:1", "y:2"]
        assert house.lines() == ["GET /v1/changes?after=0", *["GET /v1/changes?after=7"] * 4]
        assert clock.now_ms() == 1_000 + 3 * 1_000


def stated(sequence: int, *, final: bool = False) -> OrderReport:
    return OrderReport(
        client_id="x:1", sequence=sequence, time_ms=1, status=OrderStatus.OPEN, final=final
    )


def rounds(following: Following, number: int, now_ms: int) -> int:
    """How often the order is looked for, when nothing is heard."""
    looks = 0
    for _ in range(number):
        for order in following.due():
            looks += 1
            following.silent(order, now_ms)
    return looks


def test_an_order_that_has_expired_is_looked_for_less_and_less_often() -> None:
    following = Following()
    following.add(ORDER)

    assert rounds(following, 100, ORDER.expires_ms) == 100
    assert rounds(following, 63, ORDER.expires_ms + 1) == 6
    assert rounds(following, 10 * LONGEST, ORDER.expires_ms + 1) == 10

    following.told(stated(1))

    assert [order.client_id for order in following.due()] == ["x:1"]


def test_who_listens_anew_is_told_everything_anew() -> None:
    following = Following()
    following.add(ORDER)
    following.told(stated(2))
    before = [following.is_news(stated(sequence)) for sequence in (1, 2, 3)]
    following.begin()
    after = following.is_news(stated(1))
    following.told(stated(4, final=True))

    assert (before, after) == ([False, False, True], True)
    assert following.due() == []
    assert not following.is_news(stated(5))
