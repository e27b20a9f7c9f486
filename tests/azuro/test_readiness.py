"""Whether one can trade: heartbeats, checks, figures; and opening without a key."""

from decimal import Decimal
from typing import Any

import pytest

from tests.azuro.inside import BETTOR, HOME, KEY, SPEC, in_virtual_time, part, settings, world
from xarb_runtime.domain.orders import Refused, Unknown
from xarb_runtime.plugins.findings import PluginSettingsError
from xarb_runtime.plugins.keys import KeyProblemError

faults = part("fake.faults")


def bettor(**facts: str) -> dict[str, Any]:
    return {"bettors": [{"address": BETTOR} | facts]}


def rpc_of(here: Any) -> dict[str, str]:
    return {"rpc_url": here.section["rpc_url"]}


def test_a_heartbeat_is_confirmed_by_the_venue_and_the_chain() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            await venue.heartbeat()
            figures = venue.figures()

        assert figures["balance_tokens"] == 100_000
        assert figures["relayer_fee_tokens"] == 0
        assert {"allowance_tokens", "requests_left", "stream_connected"} <= set(figures)

    in_virtual_time(scenario())


@pytest.mark.parametrize(
    ("fake", "own", "expected"),
    [
        (bettor(balance="0.5"), {}, "balance of 1 USDT or more, found 0.5"),
        (bettor(allowance="0"), {}, "allowance of 1 USDT or more, found 0"),
        (bettor(balance="1"), {"min_stake": "2"}, "balance of 2 USDT"),
        ({"relayer_fee": "0.1"}, {}, r"at most 0 USDT \(max_relayer_fee\), found 0.1"),
        ({"relayer_fee": "0.1"} | bettor(balance="1"), {"max_relayer_fee": "1"}, "of 1.1 USDT"),
        ({"environment": "BaseWETH"}, {"environment": "PolygonUSDT"}, "fee cannot be had"),
    ],
)
def test_a_heartbeat_says_why_nothing_can_be_traded(
    fake: dict[str, Any], own: dict[str, Any], expected: str
) -> None:
    async def scenario() -> None:
        async with world(**fake) as here, here.connect(**own) as venue:
            with pytest.raises(ConnectionError, match=expected):
                await venue.heartbeat()

    in_virtual_time(scenario())


def test_a_node_of_another_chain_is_noticed() -> None:
    async def scenario() -> None:
        other = world(environment="BaseWETH")
        async with other as far, world() as here, here.connect(**rpc_of(far)) as venue:
            with pytest.raises(LookupError, match="a node of chain 137, found one of 8453"):
                await venue.heartbeat()

    in_virtual_time(scenario())


def test_a_fee_in_another_token_is_noticed() -> None:
    async def scenario() -> None:
        def other(body: Any) -> Any:
            return body | {"symbol": "WETH", "decimals": 18}

        async with world() as here, here.connect() as venue:
            rewritten = faults.WireFault(
                route="GET bet/gas-info", what="none", handled=True, rewrite=other
            )
            here.control.disturb(rewritten)
            with pytest.raises(ConnectionError, match="expected USDT with 6 digits"):
                await venue.heartbeat()

    in_virtual_time(scenario())


@pytest.mark.parametrize("shape", ["list", "object"])
def test_the_fee_comes_as_an_object_or_in_a_list(shape: str) -> None:
    async def scenario() -> None:
        def listed(body: Any) -> Any:
            return [body] if shape == "list" else body

        async with world(relayer_fee="0.25") as here, here.connect(max_relayer_fee="1") as venue:
            rewritten = faults.WireFault(
                route="GET bet/gas-info", what="none", handled=True, rewrite=listed
            )
            here.control.disturb(rewritten)
            await venue.heartbeat()

            assert venue.figures()["relayer_fee_tokens"] == Decimal("0.25")

    in_virtual_time(scenario())


def test_without_a_node_the_venue_alone_is_asked() -> None:
    async def scenario() -> None:
        poor = bettor(balance="0")
        async with world(**poor) as here, here.connect(rpc_url="") as venue:
            await venue.heartbeat()
            checks = {check.what: check for check in await venue.check()}

            assert here.control.count("POST rpc") == 0
            assert "balance_tokens" not in venue.figures()
            assert checks["balance"].ok
            assert "rpc_url" in checks["balance"].found

    in_virtual_time(scenario())


def test_what_was_looked_at_is_told_and_nothing_is_placed() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            checks = {check.what: check for check in await venue.check()}

            assert all(check.ok for check in checks.values())
            assert checks["wallet"].found == "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
            assert checks["allowance"].found == "without limit USDT"
            assert set(checks) == {
                "relayer fee",
                "wallet",
                "signature type",
                "clock",
                "balance",
                "allowance",
                "stream",
            }
            assert here.posts() == 0

    in_virtual_time(scenario())


def test_what_is_missing_is_told_with_what_to_do() -> None:
    async def scenario() -> None:
        fake = bettor(balance="0.5", allowance="0") | {"relayer_fee": "0.1"}
        async with world(**fake) as here, here.connect(cashout=True) as venue:
            checks = {check.what: check for check in await venue.check()}

        wrong = {what for what, check in checks.items() if not check.ok}
        assert wrong == {"relayer fee", "balance", "allowance", "cashout"}
        assert all(checks[what].hint for what in wrong)
        assert "0x8dA05c0021e6b35865FDC959c54dCeF3A4AbBa9d" in checks["allowance"].hint

    in_virtual_time(scenario())


def test_a_clock_that_is_wrong_is_told() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(ahead_ms=60_000) as venue:
            (clock,) = [check for check in await venue.check() if check.what == "clock"]

        assert not clock.ok
        assert clock.hint

    in_virtual_time(scenario())


def test_a_node_that_is_away_is_told() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.disturb(faults.WireFault(route="POST rpc", what="answer", times=0))
            checks = {check.what: check for check in await venue.check()}

        assert not checks["node"].ok
        assert "balance" not in checks

    in_virtual_time(scenario())


# -- Without a key -------------------------------------------------------------------------------


def test_without_trading_no_key_is_needed_and_nothing_is_placed() -> None:
    async def scenario() -> None:
        async with world() as here:
            here.environ.clear()
            async with here.connect(trades=False) as venue:
                await venue.heartbeat()
                quote = await venue.quote(HOME)
                placed = await venue.place(here.order())
                found = await venue.find(here.order())
                checks = await venue.check()

            assert quote.odds == Decimal("1.56")
            assert isinstance(placed, Refused)
            assert placed.code == "NOT_TRADING"
            assert isinstance(found, Unknown)
            assert [check.what for check in checks] == ["relayer fee", "stream"]
            assert here.posts() == 0

    in_virtual_time(scenario())


def test_a_fee_that_is_too_high_does_not_hinder_who_only_watches() -> None:
    async def scenario() -> None:
        async with world(relayer_fee="0.1") as here, here.connect(trades=False) as venue:
            await venue.heartbeat()

    in_virtual_time(scenario())


def test_with_trading_a_key_is_needed() -> None:
    async def scenario() -> None:
        async with world() as here:
            here.environ.clear()
            with pytest.raises(KeyProblemError):
                async with here.connect():
                    pytest.fail("it opened")

    in_virtual_time(scenario())


def test_no_key_is_ever_shown() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            shown = repr(venue) + repr(await venue.check()) + repr(venue.figures())
            shown += repr(await venue.place(here.order()))

        assert KEY[2:] not in shown

    in_virtual_time(scenario())


# -- Settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"environment": "GnosisXDAI"}, "environment"),
        ({"url": "api.onchainfeed.org"}, "url"),
        ({"ws_url": "https://streams.example.org"}, "ws_url"),
        ({"rpc_url": "wss://node.example.org"}, "rpc_url"),
        ({"affiliate": "0x12"}, "affiliate"),
        ({"attention": "x" * 161}, "attention"),
        ({"cashout_attention": "x" * 161}, "cashout_attention"),
        ({"expiry": "soon"}, "expiry"),
        ({"expiry": "0s"}, "expiry"),
        ({"poll": "6s"}, "poll_slowest"),
        ({"min_stake": "0"}, "min_stake"),
        ({"min_stake": "2000"}, "min_stake"),
        ({"max_relayer_fee": "-1"}, "max_relayer_fee"),
        ({"rate": 1}, "rate"),
        ({"polls": "1s"}, "polls"),
        ({"key": KEY}, "key"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(raw: dict[str, Any], key: str) -> None:
    with pytest.raises(PluginSettingsError, match=rf"venues\.azuro\.{key}\b") as caught:
        settings(**raw)

    assert KEY[2:] not in str(caught.value)


def test_what_it_can_do() -> None:
    can = SPEC.capabilities(settings(min_stake="2", max_stake="50"))

    assert (can.min_stake, can.max_stake) == (2, 50)
    assert can.proves_absence
    assert not any((can.cancel, can.partial_fills, can.final_at_once, can.dead_man_heartbeat))
