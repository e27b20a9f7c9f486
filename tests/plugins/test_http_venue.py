"""
What an author does not say is taken for *nobody knows*; what is said, is sent once and as signed.
"""

import asyncio
from typing import Any

import pytest

from tests.plugins.test_pacing import Clock
from tests.plugins.toll import KEY, ORDER, SELECTION, Modest, Toll, opened, report, says
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelRefused,
    Found,
    Order,
    OrderReport,
    OrderStatus,
    Refused,
    Unknown,
)
from xarb_runtime.plugins.contracts import VenueOpening
from xarb_runtime.plugins.findings import PluginSettingsError
from xarb_runtime.plugins.http_protocol import Answer, Ask, Request
from xarb_runtime.plugins.http_venue import http_spec
from xarb_runtime.plugins.settings import open_settings

# -- What proves nothing ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(status=502), "HTTP 502"),
        (says("<html>"), "HTTP 200, not as agreed: DecodeError: "),
        (says({"client_id": "x:1"}), "HTTP 200, not as agreed: ValidationError: Object missing"),
        (says({"why": "no"}, 409), "HTTP 409, not as agreed: KeyError: 'code'"),
        (says(report("y:2")), "HTTP 200, about another order: y:2"),
    ],
)
async def test_an_answer_that_is_not_on_the_list_is_unknown(answer: Any, reason: str) -> None:
    async with opened(answer) as (venue, _, _):
        said = await venue.place(ORDER)

    assert isinstance(said, Unknown)
    assert said.reason.startswith(reason)


async def test_an_order_does_not_follow_a_redirect() -> None:
    async with opened(says(status=307, Location="/elsewhere")) as (venue, house, _):
        said = await venue.place(ORDER)

    assert said == Unknown("HTTP 307")
    assert house.lines() == ["POST /v1/orders/x:1"]


async def test_a_venue_that_is_away_says_nothing_about_an_order() -> None:
    async with opened(says()) as (venue, _, _):
        venue._url = "http://127.0.0.1:1"
        placed, found = await venue.place(ORDER), await venue.find(ORDER)

    assert isinstance(placed, Unknown)
    assert isinstance(found, Unknown)


async def test_absence_is_only_believed_of_a_venue_that_proves_it() -> None:
    async with opened(says(status=404)) as (venue, _, _):
        proven = await venue.find(ORDER)
    async with opened(says(status=404), protocol=Modest) as (venue, _, _):
        doubted = await venue.find(ORDER)

    assert proven == Absent("gone")
    assert doubted == Unknown("not there, which proves nothing here: gone")


async def test_what_proves_something_is_passed_on() -> None:
    stated = OrderReport(client_id="x:1", sequence=1, time_ms=1, status=OrderStatus.OPEN)
    async with opened(says(report()), says({"code": "SHUT"}, 409), says(report())) as it:
        venue, _, _ = it

        assert await venue.place(ORDER) == Accepted(stated)
        assert await venue.place(ORDER) == Refused("SHUT")
        assert await venue.find(ORDER) == Found(stated)


# -- What is not sent ------------------------------------------------------------------------------


async def test_what_it_cannot_do_is_not_asked_for() -> None:
    async with opened(says()) as (venue, house, _):
        assert await venue.cancel(ORDER) == CancelRefused("this venue cancels nothing")
    async with opened(says(), trades=False) as (shadow, shadowed, _):
        assert await shadow.place(ORDER) == Refused("SHADOW", "opened without trading")
        assert await shadow.check() == ()

    assert house.asked == shadowed.asked == []


async def test_a_call_that_is_over_sends_nothing_more() -> None:
    kept: list[Ask] = []

    class Dawdling(Toll):
        async def place(self, order: Order, ask: Ask) -> OrderReport | Refused | None:
            kept.append(ask)
            await asyncio.sleep(10)
            return None

    async with opened(says(report()), protocol=Dawdling) as (venue, house, _):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await venue.place(ORDER)
        with pytest.raises(RuntimeError, match="the call is over"):
            await kept[0]("POST", "orders")

    assert house.asked == []


@pytest.mark.parametrize(
    ("until", "waited_ms"),
    [
        ("7", 7_000),
        ("Thu, 01 Jan 1970 00:00:21 GMT", 20_000),  # the clock begins at second 1
        ("soon", 1_000),
        ("", 1_000),
    ],
)
async def test_nothing_is_sent_until_the_venue_allows_it(until: str, waited_ms: int) -> None:
    async with opened(says(status=429, Retry_After=until), says(report())) as (venue, _, clock):
        first = await venue.place(ORDER)
        began_ms = clock.now_ms()
        await venue.find(ORDER)

        assert first == Unknown("HTTP 429")
        assert clock.now_ms() - began_ms == waited_ms


async def test_orders_go_before_prices() -> None:
    async with opened(says(report()), requests=4, window="1m") as (venue, _, clock):
        for _ in range(3):
            with pytest.raises(LookupError, match="toll gave no price: HTTP 200"):
                await venue.quote(SELECTION)
        await venue.find(ORDER)
        assert clock.now_ms() == 1_000
        assert venue.figures() == {"requests_left": 0}
        await venue.heartbeat()
        assert clock.now_ms() > 60_000


# -- What is sent ----------------------------------------------------------------------------------


async def test_what_was_signed_is_what_is_sent() -> None:
    class Signing(Toll):
        def headers(self, request: Request, now_ms: int) -> dict[str, str]:
            signed = f"{request.method} {request.target} {request.body.decode()} {now_ms}"
            return {"X-Signature": f"{signed} {self.key}"}

    async with opened(says(report()), protocol=Signing) as (venue, house, _):
        await venue.place(ORDER)
        with pytest.raises(LookupError):
            await venue.quote(SELECTION)

    (placed, headers, body), (quoted, _, _) = house.asked
    assert placed == "POST /v1/orders/x:1"
    assert headers["X-Signature"] == f"POST /orders/x:1 {body.decode()} 1000 {KEY}"
    assert (body, headers["Content-Type"]) == (b'{"stake":"12.50"}', "application/json")
    assert quoted == "GET /v1/prices/a%2Fb?for=home"


async def test_the_key_is_sent_as_it_is_unless_the_protocol_says_otherwise() -> None:
    async with opened(says(report())) as (venue, house, _):
        await venue.heartbeat()

    assert house.asked[0][1]["Authorization"] == KEY


async def test_a_heartbeat_that_is_not_confirmed_raises() -> None:
    async with opened(says(status=503)) as (venue, _, _):
        with pytest.raises(ConnectionError, match="toll did not confirm: HTTP 503"):
            await venue.heartbeat()


# -- Keys and settings -----------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "ok"), [(401, False), (403, False), (404, True), (200, True)])
async def test_the_check_says_whether_the_key_was_let_in(status: int, ok: bool) -> None:
    async with opened(says({}, status)) as (venue, house, _):
        (check,) = await venue.check()

    assert (check.what, check.ok, bool(check.hint)) == ("key", ok, not ok)
    assert house.lines() == ["GET /v1/orders/none"]


async def test_a_check_that_nobody_answers_raises() -> None:
    async with opened(says(status=500)) as (venue, _, _):
        with pytest.raises(ConnectionError, match="toll does not say: HTTP 500"):
            await venue.check()


async def test_another_key_is_another_account_and_is_not_given_away() -> None:
    async with opened(says()) as (venue, _, _):
        account = venue.account()

    assert account.startswith("key ")
    assert account not in {Toll(None, "another").account(), Toll(None).account()}
    assert KEY not in account


@pytest.mark.parametrize("trades", [True, False])
async def test_the_key_is_hidden_and_needed_for_trading_only(trades: bool) -> None:
    spec, hidden = http_spec(Toll, name="toll", version="1"), []
    settings = open_settings(spec, {"url": "http://127.0.0.1:1"}, "venues.toll")
    opening = VenueOpening(
        name="toll", settings=settings, clock=Clock(), trades=trades, hide=hidden.append
    )
    keyed = VenueOpening(
        name="toll",
        settings=settings,
        clock=Clock(),
        trades=trades,
        hide=hidden.append,
        environ={"TOLL_KEY": KEY},
    )
    async with spec.open(keyed):
        assert hidden == [KEY]
    if trades:
        with pytest.raises(ValueError, match="the key in the variable TOLL_KEY, found none"):
            async with spec.open(opening):
                pass
    else:
        async with spec.open(opening):
            pass


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"url": "api.example.com"}, r"url: expected https://\.\.\. or http://"),
        ({"requests": 0}, "requests: expected at least 1, found 0"),
        ({"poll": "soon"}, "poll: expected a duration such as"),
        ({"timeout": "0s"}, "timeout: expected more than nothing"),
        ({"retry": "1s"}, "retry"),
    ],
)
def test_settings_that_cannot_be_meant_name_the_key(section: dict[str, Any], message: str) -> None:
    spec = http_spec(Toll, name="toll", version="1")

    with pytest.raises(PluginSettingsError, match=message):
        open_settings(spec, {"url": "https://api.example.com", **section}, "venues.toll")


async def test_a_protocol_can_be_tried_without_a_venue() -> None:
    asked = []

    async def send(request: Request) -> Answer:
        asked.append(request)
        return Answer(status=404)

    assert await Toll(None).find(ORDER, Ask(send)) == Absent("gone")
    assert asked == [Request("GET", "/orders/x:1")]
