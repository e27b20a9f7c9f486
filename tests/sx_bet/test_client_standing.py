"""Settings, keys, heartbeats, checks and figures."""

import subprocess
import sys
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.plugins.worlds import ROOT
from tests.sx_bet.client_scene import ONE, SPEC, Scene, fake, play
from xarb_runtime.plugins.keys import KeyProblemError
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.testing.clock import KitClock

BEAT = "POST /heartbeat/v3"


# -- Settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "api.sx.bet"),
        ("realtime_url", "https://realtime.sx.bet"),
        ("address", "0x12"),
        ("max_wait", "16s"),
        ("max_wait", "long"),
        ("poll_pause", "0s"),
        ("heartbeat_timeout", "5s"),
        ("min_stake", "0"),
        ("min_stake", "2000"),
        ("rate_kept", 500),
        ("api_key_env", "BOTH"),
        ("time_in_force", "DAY"),
        ("currency", "EUR"),
    ],
)
def test_settings_that_cannot_be(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=key):
        open_settings(SPEC, {"api_key": "a key", key: value}, "venues.sx")


def test_settings_do_not_show_the_api_key() -> None:
    own = open_settings(SPEC, {"api_key": "geheim"}, "venues.sx")

    assert "geheim" not in repr(own)
    assert "geheim" not in str(own)


@pytest.mark.parametrize(("kind", "partial"), [("IOC", True), ("FOK", False), ("GTC", True)])
def test_capabilities(kind: str, partial: bool) -> None:
    own = open_settings(SPEC, {"time_in_force": kind, "max_stake": "70"}, "venues.sx")
    can = SPEC.capabilities(own)

    assert can.partial_fills is partial
    assert (can.cancel, can.proves_absence, can.final_at_once) == (True, True, False)
    assert can.dead_man_heartbeat
    assert can.max_stake == 70


# -- Keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"key_env": ""}, "keystore_file"),
        ({"key_env": "NOT_THERE"}, "NOT_THERE"),
        ({"address": "0x" + "12" * 20}, "address"),
        ({"api_key_env": ""}, "^api_key: expected"),
        ({"api_key_env": "NO_SUCH"}, "^api_key_env: expected the variable NO_SUCH in the env"),
    ],
)
def test_without_its_keys_it_does_not_open(section: dict[str, Any], words: str) -> None:
    async def scene(stage: Scene) -> None:
        with pytest.raises(KeyProblemError, match=words):
            async with stage.venue(**section):
                pass

    play(scene)


def test_keys_are_hidden() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue():
            assert fake.API_KEY in stage.hidden
            assert fake.PRIVATE_KEY.removeprefix("0x") in stage.hidden

    play(scene)


def test_opening_waits_for_nobody() -> None:
    async def scene(stage: Scene) -> None:
        stage.control.gate.gone = True
        before_ms = stage.clock.now_ms()
        async with stage.venue():
            assert stage.clock.now_ms() - before_ms < 1_000

    play(scene)


def test_finding_the_plugin_imports_no_web_and_no_curve() -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from xarb_runtime.plugins.candidates import load_file;"
        f"load_file('sx_bet', Path({str(ROOT)!r}) / 'plugins/sx_bet/__init__.py');"
        "print([it for it in ('aiohttp', 'eth_keys', 'eth_account') if it in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert done.stdout.strip() == "[]", done.stderr


# -- Heartbeats ------------------------------------------------------------------------------------


def test_heartbeats_are_sent_when_a_third_of_the_time_is_over() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(heartbeat_timeout="60s") as venue:
            for _ in range(60):
                await venue.heartbeat()
                await stage.clock.sleep_ms(2_000)

            assert 6 <= stage.control.beats <= 7
            left = venue.figures()["heartbeat_left_ms"]
            assert 40_000 - 2_000 <= left <= 60_000

    play(scene)


def test_heartbeats_go_on_when_the_clock_is_set_back() -> None:
    async def scene(stage: Scene) -> None:
        own = KitClock()
        async with msgspec.structs.replace(stage, clock=own).venue() as venue:
            await venue.heartbeat()
            own.step(-3_600_000)
            await venue.heartbeat()

            assert stage.control.beats == 2

    play(scene)


@pytest.mark.parametrize("kind", ["reset", "error", "garbage", "limit"])
def test_a_heartbeat_that_is_not_confirmed_raises_and_is_sent_again(kind: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            stage.control.fault(kind, BEAT, ms=1_000)
            with pytest.raises(ConnectionError):
                await venue.heartbeat()
            await stage.clock.sleep_ms(2_000)
            await venue.heartbeat()

            assert stage.sent(BEAT) == 2

    play(scene)


@pytest.mark.parametrize("told", [None, "soon", "1999-01-01T00:00:00"])
def test_a_heartbeat_without_an_end_is_not_confirmed(told: str | None) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault(
                "rewrite", BEAT, change=lambda body: {**body, "data": {"expiresAt": told}}
            )
            await stage.clock.sleep_ms(30_000)
            with pytest.raises(ConnectionError, match="not confirmed"):
                await venue.heartbeat()

    play(scene)


def test_orders_die_when_we_do() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(time_in_force="GTC", heartbeat_timeout="30s") as venue:
            await venue.heartbeat()
            await venue.place(stage.order(min_odds=Decimal(3)))
            await stage.clock.sleep_ms(15_000)
            assert stage.control.truth()[0].open
            await stage.clock.sleep_ms(30_000)

            assert stage.control.truth()[0].reason in {"HEARTBEAT_TIMEOUT", "EXPIRED"}

    play(scene)


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({"deployed": False}, "proxy wallet"),
        ({"balance": Decimal("0.5")}, "balance"),
    ],
)
def test_an_account_that_cannot_trade_raises(account: dict[str, Any], words: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            with pytest.raises(ConnectionError, match=words):
                await venue.heartbeat()
            failing = [it for it in await venue.check() if not it.ok]
            assert words in {it.what for it in failing}
            assert all(it.hint for it in failing)

    play(scene, fake.FakeSettings(accounts=[fake.FakeAccount(**account)]))


def test_an_account_that_gets_ready_is_noticed() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            with pytest.raises(ConnectionError):
                await venue.heartbeat()
            stage.control.account().available = 10**9
            await stage.clock.sleep_ms(30_000)
            await venue.heartbeat()
            assert (await venue.quote(ONE)).max_stake == 1000

    play(scene, fake.FakeSettings(accounts=[fake.FakeAccount(balance=Decimal("0.1"))]))


# -- Checks and figures ----------------------------------------------------------------------------


def test_checks_of_an_account_that_is_ready() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            checks = await venue.check()

            assert [it.what for it in checks if not it.ok] == []
            found = {it.what: it.found for it in checks}
            assert found["balance"] == "100000 USDC can be staked"
            assert fake.ADDRESS in found["API key"]
            assert "0.02" in found["fees"]
            assert fake.API_KEY not in str(checks)
            assert stage.sent("POST") == 0

    account = fake.FakeAccount(taker_fee=Decimal("0.02"))
    play(scene, fake.FakeSettings(accounts=[account]))


def test_a_betting_delay_beyond_the_margin_is_told() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(expiry_margin="8s") as venue:
            assert [it.what for it in await venue.check() if not it.ok] == ["betting delay"]

    play(scene)


def test_a_clock_that_is_wrong_is_told() -> None:
    async def scene(stage: Scene) -> None:
        own = KitClock(ahead_ms=60_000)
        async with msgspec.structs.replace(stage, clock=own).venue() as venue:
            assert [it.what for it in await venue.check() if not it.ok] == ["clock"]

    play(scene)


ACCOUNT = {"API key", "proxy wallet", "balance", "fees"}


def test_a_key_that_is_not_known_is_told() -> None:
    """Of the wallet and what is in it nothing is known: nobody is sent to make or fill one."""

    async def scene(stage: Scene) -> None:
        async with stage.venue(api_key="nobody-knows-this-key", api_key_env="") as venue:
            failing = {it.what: it for it in await venue.check() if not it.ok}

            assert set(failing) == ACCOUNT
            assert "HTTP 401" in failing["API key"].found
            assert "V3 key" in failing["API key"].hint
            assert {failing[it].found for it in ACCOUNT - {"API key"}} == {"not known"}
            assert not any("deposit" in it.hint or "log in" in it.hint for it in failing.values())
            with pytest.raises(ConnectionError):
                await venue.heartbeat()

    play(scene)


def test_an_account_that_was_known_and_cannot_be_read_any_more_is_not_known() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault("error", "GET /user/*", status=401, times=100)

            assert {it.what for it in await venue.check() if not it.ok} == ACCOUNT

    play(scene)


def test_an_exchange_that_is_out_of_order_says_nothing_about_the_key() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            stage.control.fault("error", "GET /user/*", status=503, times=100)
            failing = {it.what: it for it in await venue.check() if not it.ok}

            assert set(failing) == ACCOUNT
            assert "HTTP 503" in failing["API key"].found
            assert "V3 key" not in failing["API key"].hint

    play(scene)


def test_fees_that_are_not_told_are_not_right() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            stage.control.fault("error", "GET /user/fees-v3", status=404, times=9)
            (fees,) = [it for it in await venue.check() if not it.ok]

            assert (fees.what, fees.found[:10]) == ("fees", "not known:")
            assert fees.hint

    play(scene)


def test_checks_raise_when_nobody_answers() -> None:
    async def scene(stage: Scene) -> None:
        stage.control.gate.gone = True
        async with stage.venue() as venue:
            with pytest.raises(ConnectionError):
                await venue.check()

    play(scene)


def test_checks_where_nothing_is_traded() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(trades=False) as venue:
            assert {it.what for it in await venue.check()} == {"metadata", "betting delay", "clock"}

    play(scene)


def test_figures() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            await venue.quote(ONE)
            await stage.clock.sleep_ms(1_000)
            figures = venue.figures()

            assert figures["available_usdc"] == 100_000
            assert figures["books"] == figures["stream_up"] == 1
            assert 0 < figures["requests_left"] < 500
            assert figures["heartbeat_left_ms"] > 0

    play(scene)


def test_more_requests_than_are_allowed_wait_and_are_never_too_many() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(rate_limit=30, rate_kept=10, realtime_url="") as venue:
            before_ms = stage.clock.now_ms()
            for _ in range(60):
                await venue.quote(ONE)
            assert stage.clock.now_ms() - before_ms >= 60_000
            # A request too many would be answered 429, and sent again.
            assert stage.sent("GET /orderbook-v3/snapshot") == 60

    play(scene, fake.FakeSettings(rates=fake.FakeRates(other=30)))
