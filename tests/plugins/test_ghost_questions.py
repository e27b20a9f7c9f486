"""
What a ghost answers when an order is cancelled or looked for, and to a quote.
"""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.stage import ID, OPEN, at, heard, play, shape
from tests.plugins.worlds import OVER, order
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelRefused,
    Found,
    OrderReport,
    Refused,
    Unknown,
)


def cancelling(how: dict[str, Any], **raw: Any) -> tuple[Any, Any, list[OrderReport]]:
    async def scene(venue: Any) -> Any:
        await venue.place(order())
        await at(1_000)
        answer = await venue.cancel(order(ID))
        return answer, venue.book.orders[ID], await heard(venue, 20_000)

    return play(scene, orders=[{"reports": OPEN, "cancel": how}], **raw)


def test_a_cancelled_order_does_not_fill_any_more() -> None:
    answer, entry, reports = cancelling({"code": "USER"})

    assert shape([answer.report]) == [("cancelled", "20.00")]
    assert shape(reports) == [("open", "20.00"), ("cancelled", "20.00")]
    assert (entry.code, entry.final) == ("USER", True)


def test_a_fill_can_come_before_the_cancel() -> None:
    answer, _, reports = cancelling({"filled_first": "0.7"})

    assert shape([answer.report]) == [("cancelled", "70.00")]
    assert shape(reports) == [("open", "20.00"), ("open", "70.00"), ("cancelled", "70.00")]


@pytest.mark.parametrize("answer", ["cancelled", "refused"])
def test_a_cancel_can_lose_against_a_complete_fill(answer: str) -> None:
    said, entry, _ = cancelling({"answer": answer, "filled_first": "1", "reason": "gone"})

    assert entry.status.value == "filled"
    assert said == (CancelRefused("gone") if answer == "refused" else Accepted(entry.report()))


def test_a_refused_cancel_leaves_the_order_alone() -> None:
    answer, entry, reports = cancelling({"answer": "refused", "reason": "no"})

    assert (CancelRefused("no"), "open") == (answer, entry.status.value)
    assert shape(reports)[-1] == ("filled", "100")


@pytest.mark.parametrize(("takes", "status"), [(True, "cancelled"), (False, "open")])
def test_a_cancel_whose_answer_says_nothing_may_have_worked(takes: bool, status: str) -> None:
    answer, entry, _ = cancelling({"answer": "unknown", "takes": takes})

    assert isinstance(answer, Unknown)
    assert status == entry.status.value


def test_a_cancel_that_is_not_answered_may_have_worked() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await venue.cancel(order(ID))
        assert venue.book.orders[ID].status.value == "cancelled"
        assert await heard(venue, 1_000) == []

    cancel = {"answer": "silence", "takes": True, "lost": True}
    play(scene, orders=[{"reports": [], "cancel": cancel}])


def test_cancelling_what_has_ended_tells_how_it_ended() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        answer = await venue.cancel(order(ID))
        assert shape([answer.report]) == [("filled", "100")]

    play(scene)


@pytest.mark.parametrize("raw", [{}, {"capabilities": {"cancel": False}}])
def test_what_cannot_be_cancelled_is_refused(raw: dict[str, Any]) -> None:
    async def scene(venue: Any) -> None:
        if raw:
            await venue.place(order())
        assert isinstance(await venue.cancel(order(ID)), CancelRefused)

    play(scene, default={"reports": []}, **raw)


def test_find_tells_the_truth_even_if_no_report_does() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        answer = await venue.find(order(ID))
        assert isinstance(answer, Found)
        assert shape([answer.report]) == [("filled", "100")]

    play(scene, orders=[{"reports": [{"lost": True}]}])


def test_an_order_is_found_only_after_a_while() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        await at(1_999)
        assert isinstance(await venue.find(order(ID)), Unknown)
        assert isinstance(await venue.find(order(ID)), Found)

    play(scene, orders=[{"find": {"found_after": "2s", "after": "1ms"}}])


def test_absence_is_proved_only_after_a_while() -> None:
    async def scene(venue: Any) -> None:
        assert isinstance(await venue.place(order()), Unknown)
        await at(1_999)
        assert isinstance(await venue.find(order(ID)), Unknown)
        assert isinstance(await venue.find(order(ID)), Absent)

    find = {"answer": "absent", "absent_after": "2s", "after": "1ms"}
    play(scene, orders=[{"answer": "unknown", "find": find}])


def test_what_is_absent_stays_absent() -> None:
    async def scene(venue: Any) -> None:
        assert isinstance(await venue.find(order(ID)), Absent)
        assert Refused("ABSENT") == await venue.place(order())
        assert venue.book.orders == {}

    play(scene)


def test_nobody_can_say_what_is_still_on_its_way() -> None:
    async def scene(venue: Any) -> None:
        with pytest.raises(ConnectionError):
            await venue.place(order())
        assert isinstance(await venue.find(order(ID)), Unknown)
        await at(3_000)
        assert isinstance(await venue.find(order(ID)), Found)

    play(scene, orders=[{"answer": "error", "takes": True, "takes_after": "2s"}])


def test_find_can_say_nothing_at_all() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        await venue.place(order("x-2:1:0"))
        assert isinstance(await venue.find(order(ID)), Unknown)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100):
                await venue.find(order("x-2:1:0"))

    play(scene, orders=[{"find": {"answer": "unknown"}}, {"find": {"answer": "silence"}}])


def test_quotes_follow_the_script_and_then_the_prices() -> None:
    async def scene(venue: Any) -> None:
        first, second = await venue.quote(OVER), await venue.quote(OVER)
        with pytest.raises(LookupError, match="sx has no price for ou25/over"):
            await venue.quote(OVER)
        third = await venue.quote(OVER)

        assert [str(it.odds) for it in (first, second, third)] == ["2.2", "1.9", "2"]
        assert (Decimal(5), Decimal(60)) == (first.min_stake, first.max_stake)
        assert (Decimal(1), Decimal(0)) == (second.min_stake, second.max_stake)
        assert (first.selection, first.time_ms) == (OVER, 30)

    quotes = [
        {"odds": "2.2", "after": "30ms", "min_stake": "5", "max_stake": "60"},
        {"odds": "1.9", "max_stake": "0"},
        {"fail": True},
    ]
    play(scene, quotes=quotes, prices={"ou25/over": "2"})


def test_a_quote_can_be_for_one_selection_only() -> None:
    async def scene(venue: Any) -> None:
        assert [str((await venue.quote(OVER)).odds) for _ in range(2)] == ["2", "3"]

    quotes = [
        {"odds": "9", "only": "ou25/under"},
        {"odds": "2"},
        {"odds": "3", "only": "ou25/over"},
    ]
    play(scene, quotes=quotes)


def test_a_quote_can_stay_away() -> None:
    async def scene(venue: Any) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await venue.quote(OVER)

    play(scene, quotes=[{"silence": True}])


def test_prices_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"ou25/over": "1.83", "ou25/under": 2.47}')

    async def scene(venue: Any) -> str:
        return str((await venue.quote(OVER)).odds)

    assert play(scene, price_file=str(file)) == "1.83"
    assert play(scene, price_file=str(file), prices={"ou25/over": "1.9"}) == "1.9"


@pytest.mark.parametrize("content", ["[]", '{"a/b": "x"}', '{"a/b": "0.9"}', "{"])
def test_a_price_file_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "prices.json"
    file.write_text(content)

    async def scene(_: Any) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match=r"price_file .*prices\.json: "):
        play(scene, price_file=str(file))
