"""
The laws of the ghost's book.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.worlds import OVER, ghost, order
from xarb_runtime.domain.orders import OrderStatus

STATUSES = list(OrderStatus)
changes = st.builds(
    ghost.Change,
    status=st.sampled_from(STATUSES),
    filled=st.none() | st.integers(-10, 120).map(Decimal),
    final=st.booleans(),
)
ENDED = {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REFUSED, OrderStatus.REVERSED}


def book_with(client_id: str = "x-1:1:0") -> Any:
    book = ghost.GhostBook()
    book.take(order(client_id), nth=0, odds=Decimal("2.1"), now_ms=5)
    return book


def filled(book: Any, amount: int, status: str = "open") -> bool:
    change = ghost.Change(status=OrderStatus(status), filled=Decimal(amount))
    return book.change("x-1:1:0", change, 6)


@given(st.lists(changes, max_size=8))
def test_whatever_is_asked_of_it_the_book_keeps_its_laws(asked: list[Any]) -> None:
    book = book_with()
    for moment, change in enumerate(asked, 10):
        before = book.orders["x-1:1:0"]
        changed = book.change("x-1:1:0", change, moment)
        after = book.orders["x-1:1:0"]

        assert book.problems() == []
        assert changed == (before != after)
        assert after.sequence == before.sequence + changed
        assert not (before.status in ENDED and after.status is OrderStatus.OPEN)
        assert not (before.final and changed)
        assert after.filled >= before.filled or after.status is OrderStatus.REVERSED


@given(st.lists(changes, max_size=6))
def test_the_history_tells_the_whole_book(asked: list[Any]) -> None:
    book = book_with()
    book.called("x-1:1:0", 4)
    book.turn_away("x-9:1:0", "EXPIRED", 4)
    for moment, change in enumerate(asked, 10):
        book.change("x-1:1:0", change, moment)

    assert book.to_json() == ghost.GhostBook.from_lines(book.history).to_json()
    assert book.to_json() == ghost.GhostBook.from_json(book.to_json()).to_json()


def test_a_second_order_with_the_same_client_id_is_the_first_one() -> None:
    book = book_with()
    again = book.take(order(stake=Decimal(7)), nth=1, odds=Decimal(3), now_ms=9)

    assert again is book.orders["x-1:1:0"]
    assert Decimal(100) == again.stake


@pytest.mark.parametrize(("late", "taken"), [(-1, True), (0, True), (1, False)])
def test_an_order_that_comes_after_it_expired_is_turned_away(late: int, taken: bool) -> None:
    book = ghost.GhostBook()
    book.take(order(expires_ms=1_000), nth=0, odds=Decimal(2), now_ms=1_000 + late)

    assert taken == ("x-1:1:0" in book.orders)
    assert ({} if taken else {"x-1:1:0": "EXPIRED"}) == book.turned_away


def test_what_was_turned_away_is_never_taken() -> None:
    book = ghost.GhostBook()
    book.turn_away("x-1:1:0", "ABSENT", 1)

    assert book.take(order(), nth=0, odds=Decimal(2), now_ms=2) is None
    assert book.orders == {}


def test_what_is_taken_cannot_be_turned_away() -> None:
    book = book_with()
    book.turn_away("x-1:1:0", "ABSENT", 9)

    assert book.turned_away == {}


def test_calls_are_counted_whether_the_order_is_taken_or_not() -> None:
    book = ghost.GhostBook()
    book.called("a", 1)
    book.called("a", 2)
    book.called("b", 3)

    assert book.calls == {"a": 2, "b": 1}
    assert book.orders == {}


def test_a_reversal_leaves_what_remains() -> None:
    book = book_with()
    filled(book, 100, "filled")

    assert filled(book, 30, "reversed")
    assert {"ou25/over": Decimal(30)} == book.positions()


@pytest.mark.parametrize("amount", [100, 101])
def test_a_reversal_takes_something_back(amount: int) -> None:
    book = book_with()
    filled(book, 100, "filled")

    assert not filled(book, amount, "reversed")


def test_an_order_cannot_be_refused_once_something_is_filled() -> None:
    book = book_with()
    filled(book, 10)

    assert not filled(book, 10, "refused")
    assert not filled(book, 0, "refused")


def test_positions_add_up_what_is_filled() -> None:
    book = book_with()
    book.take(order("x-1:2:0", stake=Decimal(50)), nth=1, odds=Decimal(2), now_ms=5)
    book.take(order("x-2:1:0"), nth=2, odds=Decimal(2), now_ms=5)
    filled(book, 100, "filled")
    book.change("x-1:2:0", ghost.Change(status=OrderStatus.OPEN, filled=Decimal(20)), 7)

    assert {"ou25/over": Decimal(120)} == book.positions()
    assert [it.client_id for it in book.of("x-1")] == ["x-1:1:0", "x-1:2:0"]
    assert [it.client_id for it in book.open_orders()] == ["x-1:2:0", "x-2:1:0"]


def test_exposure_is_told_by_all_books_together() -> None:
    first, second = book_with(), ghost.GhostBook()
    filled(first, 100, "filled")
    under = order("x-1:3:0", selection=OVER.__class__("az", "ou25", "under", ("under",)))
    second.take(under, nth=0, odds=Decimal("2.1"), now_ms=5)

    assert Decimal(-100) == ghost.exposure([first, second], "x-1", ["over", "under"])
    second.change("x-1:3:0", ghost.Change(status=OrderStatus.FILLED, filled=Decimal(100)), 6)
    assert Decimal(10) == ghost.exposure([first, second], "x-1", ["over", "under"])
    assert Decimal(0) == ghost.exposure([first, second], "x-2", ["over", "under"])


def test_a_book_on_disk_survives_and_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "var" / "book.jsonl"
    with ghost.file.kept_book(file) as book:
        book.take(order(), nth=0, odds=Decimal("2.1"), now_ms=5)
        filled(book, 40)
        assert book.to_json() == ghost.read_book(file).to_json()
    with ghost.file.kept_book(file) as again:
        filled(again, 100, "filled")

    assert again.to_json() == ghost.read_book(file).to_json()
    assert len(again.history) == 3


def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    file = tmp_path / "book.jsonl"
    with ghost.file.kept_book(file) as book:
        book.take(order(), nth=0, odds=Decimal("2.1"), now_ms=5)
        filled(book, 40)
    file.write_bytes(file.read_bytes()[:-9])

    assert Decimal(0) == ghost.read_book(file).orders["x-1:1:0"].filled
    with ghost.file.kept_book(file) as again:
        filled(again, 50)
    assert Decimal(50) == ghost.read_book(file).orders["x-1:1:0"].filled


def test_a_file_that_is_no_book_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "book.jsonl"
    file.write_text('{"time_ms":1,"what":"call","client_id":"a"}\n{"oh":"no"}\n')

    with pytest.raises(ValueError, match=r"book\.jsonl:2: expected an entry of a book"):
        ghost.read_book(file)


def test_no_file_is_an_empty_book(tmp_path: Path) -> None:
    assert ghost.read_book(tmp_path / "none").orders == {}
