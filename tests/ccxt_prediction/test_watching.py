"""
What becomes of orders is told once each, until nothing can happen any more; and the rest.
"""

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from tests.ccxt_prediction.stage import (
    YES,
    Clock,
    connect,
    dialects,
    errors,
    opened,
    order,
    part,
    plugin,
    stage,
)
from tests.plugins.worlds import REGISTRY
from xarb_runtime.domain.orders import OrderStatus, Refused, Selection
from xarb_runtime.plugins.keys import KeyProblemError

KEY = "11" * 32
WALLET = "0x" + "ab" * 20


def trade(amount: float, status: str) -> dict[str, Any]:
    return {"order": "o1", "price": 0.4, "amount": amount, "info": {"status": status}}


async def test_fills_become_final_when_the_exchange_says_so() -> None:
    scene = stage("polymarket")
    scene.exchange.answer = scene.exchange.keep
    scene.exchange.fills = [trade(20.0, "MATCHED")]
    await scene.venue.place(order())
    stream = scene.venue.reports()

    matched = await anext(stream)
    scene.exchange.fills = [trade(20.0, "CONFIRMED")]
    confirmed = await anext(stream)

    assert [it.status for it in (matched, confirmed)] == [OrderStatus.FILLED] * 2
    assert [it.final for it in (matched, confirmed)] == [False, True]
    assert matched.filled == confirmed.filled == 10
    assert matched.sequence < confirmed.sequence
    assert scene.venue.figures()["orders_watched"] == 0


async def test_a_fill_that_fails_is_taken_back() -> None:
    scene = stage("polymarket")
    scene.exchange.answer = scene.exchange.keep
    scene.exchange.fills = [trade(20.0, "MATCHED")]
    await scene.venue.place(order())
    stream = scene.venue.reports()
    await anext(stream)
    scene.exchange.fills = [trade(20.0, "FAILED")]

    report = await anext(stream)

    assert (report.status, report.filled, report.final) == (OrderStatus.REVERSED, 0, True)


async def test_where_nobody_says_that_a_fill_is_final_time_does() -> None:
    scene = stage("myriad", final_after="10s", poll_pause="4s")
    scene.exchange.answer = scene.exchange.keep
    await scene.venue.place(order())

    reports = await scene.heard(2)

    assert [it.final for it in reports] == [False, True]
    assert reports[1].time_ms - reports[0].time_ms == 12_000


async def test_orders_of_an_earlier_life_are_reported_when_they_are_watched() -> None:
    first = stage()
    first.exchange.answer = first.exchange.keep
    await first.venue.place(order())
    second = stage(exchange=first.exchange)
    second.venue.watch(order())

    (report,) = await second.heard(1)

    assert report.client_id == "x-1:1:0"
    assert report.final


async def test_what_was_refused_is_not_looked_for_again_and_again() -> None:
    scene = stage()
    scene.exchange.status = 400

    def refuse(row: dict[str, Any]) -> None:
        raise errors.InvalidOrder(str(row))

    scene.exchange.answer = refuse
    assert type(await scene.venue.place(order("x-1:1:0"))) is Refused
    scene.exchange.status, scene.exchange.answer = 200, scene.exchange.keep
    await scene.venue.place(order("x-2:1:0"))

    (report,) = await scene.heard(1)

    assert report.client_id == "x-2:1:0"
    assert scene.venue.figures()["orders_watched"] == 0


async def test_only_so_many_orders_that_are_over_are_remembered() -> None:
    scene = stage()
    scene.exchange.answer = scene.exchange.keep
    stream = scene.venue.reports()
    for number in range(1_010):
        await scene.venue.place(order(f"x-{number}:1:0"))
        scene.clock.time_ms = 1_000_000
        await anext(stream)

    assert len(scene.venue._book) <= 1_001


async def test_the_stream_survives_an_exchange_that_is_away() -> None:
    scene = stage(poll_pause="1s")
    scene.exchange.answer = lambda row: scene.exchange.keep({**row, "status": "open"})
    await scene.venue.place(order())
    scene.exchange.broken = errors.ExchangeNotAvailable("away")
    begin_ms = scene.clock.time_ms

    async def pause(milliseconds: int) -> None:
        scene.clock.time_ms += milliseconds
        if scene.clock.time_ms - begin_ms >= 3_000:
            scene.exchange.broken = None

    scene.clock.sleep_ms = pause
    (report,) = await scene.heard(1)

    assert report.status is OrderStatus.OPEN
    assert scene.clock.time_ms - begin_ms == 3_000


async def test_a_quote_is_the_best_price_and_its_room() -> None:
    scene = stage(max_stake=Decimal(15))

    quote = await scene.venue.quote(YES)
    scene.exchange.asks = [[0.3, 20.0]]
    small = await scene.venue.quote(YES)

    assert (quote.odds, quote.max_stake) == (Decimal("2.5"), 15)
    assert (small.odds, small.max_stake) == (Decimal("3.333333"), 6)
    scene.exchange.asks = []
    with pytest.raises(LookupError, match="nobody offers"):
        await scene.venue.quote(YES)


async def test_a_heartbeat_fails_when_there_is_no_answer() -> None:
    scene = stage()
    await scene.venue.heartbeat()
    scene.exchange.broken = errors.RequestTimeout("away")

    with pytest.raises(errors.RequestTimeout):
        await scene.venue.heartbeat()


async def test_too_many_requests_hold_all_of_them_back() -> None:
    scene = stage()
    scene.exchange.broken = errors.RateLimitExceeded("slowly")
    scene.exchange.last_response_headers = {"Retry-After": "7"}
    with pytest.raises(errors.RateLimitExceeded):
        await scene.venue.heartbeat()
    begin_ms = scene.clock.time_ms
    scene.exchange.broken = None

    await scene.venue.heartbeat()

    assert scene.clock.time_ms - begin_ms == 7_000


# -- Opening -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(dialects.DIALECTS))
async def test_what_is_written_about_an_exchange_is_what_ccxt_says(name: str) -> None:
    dialect = dialects.DIALECTS[name]
    exchange = getattr(connect._ccxt(), name)()

    assert exchange.has["createOrder"]
    assert exchange.has["fetchOrder"]
    assert exchange.has["fetchOrderBook"]
    assert bool(exchange.has["cancelOrder"]) == dialect.cancels
    for method in (*dialect.lists, dialect.pulse):
        assert callable(getattr(exchange, method))
    if dialect.fills:
        assert exchange.has["fetchMyTrades"] or exchange.has["fetchOrderTrades"]
    if dialect.listing is not None:
        assert dialect.listing.path in exchange.api[dialect.listing.api]["private"]["get"]
    for how, words in dialect.says.items():
        assert set(words.values()) <= {name for name in vars(errors) if name[0].isupper()}
        assert not set(words) & set(exchange.exceptions[how])
    for word, known in dialect.words.items():
        assert exchange.parse_order_status(word) == word
        assert known in {"open", "closed", "canceled"}


def test_an_order_at_myriad_is_never_a_transaction() -> None:
    stamp = dialects.DIALECTS["myriad"].stamp(order(), 0)

    assert stamp["tradingModel"] == "ob"


@pytest.mark.parametrize("name", sorted(dialects.DIALECTS))
async def test_every_exchange_opens_and_closes_without_a_request(name: str) -> None:
    section = {"exchange": name, "api_key_env": "A", "key_env": "K", "wallet_address": WALLET}
    hidden: list[str] = []
    environ = {"A": "the-key-of-the-api", "K": KEY}

    async with opened(section, environ=environ, hide=hidden.append) as venue:
        assert venue.figures()["orders_watched"] == 0

    assert {"the-key-of-the-api", KEY} <= set(hidden)


async def test_without_ccxt_opening_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt.prediction", None)

    with pytest.raises(connect.CcxtMissingError, match="pip install 'xarb\\[ccxt\\]'"):
        async with opened({"exchange": "kalshi"}):
            pass


async def test_a_credential_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyProblemError, match="variable KALSHI_KEY in the environment"):
        async with opened({"exchange": "kalshi", "api_key_env": "KALSHI_KEY"}):
            pass


@pytest.mark.parametrize("name", ["polymarket", "limitless"])
async def test_a_wallet_that_is_not_told_is_asked_for(name: str) -> None:
    with pytest.raises(KeyProblemError, match=f"{name} needs wallet_address"):
        async with opened({"exchange": name}):
            pass
    async with opened({"exchange": name}, trades=False):
        pass


async def test_nothing_is_placed_and_no_key_needed_where_orders_are_only_simulated() -> None:
    section = {"exchange": "kalshi", "api_key_env": "KALSHI_KEY"}

    async with opened(section, trades=False) as venue:
        answer = await venue.place(order())

    assert answer.code == "NOT_TRADING"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({"exchange": "binance"}, "exchange: expected one whose orders are understood"),
        ({"exchange": "kalshi", "deadline": "soon"}, "deadline: "),
        ({"exchange": "kalshi", "min_stake": Decimal(0)}, "min_stake: "),
        ({"exchange": "kalshi", "urls": {"kalshi": "here"}}, "urls: "),
        ({"exchange": "kalshi", "rate": 0}, "rate: "),
        ({"exchange": "kalshi", "key_env": "A", "keystore_file": "b"}, "key_env: "),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_the_key(raw: Any, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}"):
        plugin.CcxtSettings(**raw)


def test_capabilities_are_honest() -> None:
    spec = REGISTRY.venue("ccxt_prediction")
    partly = spec.capabilities(plugin.CcxtSettings(exchange="sxbet"))
    whole = spec.capabilities(plugin.CcxtSettings(exchange="kalshi", time_in_force="FOK"))

    assert (partly.partial_fills, partly.final_at_once, partly.proves_absence) == (
        True,
        False,
        False,
    )
    assert (whole.partial_fills, whole.final_at_once, whole.proves_absence) == (False, True, False)


def test_finding_plugins_does_not_import_ccxt() -> None:
    program = (
        "import sys\n"
        "from tests.plugins.worlds import REGISTRY\n"
        "REGISTRY.venue('ccxt_prediction')\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] == 'ccxt']\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("market", "outcome", "handle"),
    [
        ("RAIN", "YES", "RAIN:YES"),
        ("RAIN", "RAIN:YES", "RAIN:YES"),
        ("KXRAIN-26", "KXRAIN-26-NO", "KXRAIN-26-NO"),
        ("0xabc", "0xabc-2", "0xabc-2"),
        ("RAIN", "7135", "7135"),
        ("", "YES", "YES"),
    ],
)
def test_outcomes_have_ccxts_handle_or_id(market: str, outcome: str, handle: str) -> None:
    assert part("reading").outcome_of(Selection("v", market, outcome, ())) == handle


def test_the_pace_is_ccxts_unless_it_is_set() -> None:
    clock = Clock()
    plain = connect.pace_of(plugin.CcxtSettings(exchange="sxbet"), clock, 120)
    chosen = connect.pace_of(plugin.CcxtSettings(exchange="sxbet", rate=30), clock, 120)

    assert (plain.left(), chosen.left()) == (500, 30)
