"""What is refused: by the exchange in so many words, or here, before anything is sent."""

import importlib
from decimal import Decimal
from typing import Any

import pytest

from tests.sx_bet.client_scene import MARKET, ONE, Scene, fake, place, play
from xarb_runtime.domain.orders import Accepted, Refused, Selection, Unknown

POST = "POST /orders-v3"
DOMAIN = {
    "name": "OBv3 Escrow",
    "version": "1",
    "chainId": 4162,
    "verifyingContract": fake.FakeSettings().escrow,
}

# -- What is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 422])
def test_a_definite_status_is_refused(status: int) -> None:
    answer = place(lambda stage, _: stage.control.fault("error", POST, status=status))

    assert isinstance(answer, Refused)


def test_an_entry_that_failed_is_refused_with_its_code() -> None:
    answer = place(lambda stage, _: stage.fate(reject="INSUFFICIENT_BALANCE"))

    assert isinstance(answer, Refused)
    assert answer.code == "INSUFFICIENT_BALANCE"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('"TOTAL_BET_SIZE_TOO_LOW"', "TOTAL_BET_SIZE_TOO_LOW"),
        ('"Insufficient available balance: 1 < 2"', "HTTP_400"),
        ('["odds must be a string", "salt must be hex"]', "VALIDATION"),
    ],
)
def test_a_refusal_has_a_code_and_all_its_words(message: str, code: str) -> None:
    placing = importlib.import_module("xarb_plugins.sx_bet.placing")
    rest = importlib.import_module("xarb_plugins.sx_bet.rest")
    evidence = importlib.import_module("xarb_plugins.sx_bet.evidence")
    body = f'{{"error":"Bad Request","message":{message},"statusCode":400}}'
    refused = placing.answer_of(
        rest.Answer(400, body.encode(), {}), "0x1", evidence.Evidence(None), 0
    )

    assert refused.code == code
    assert "Bad Request" in refused.reason
    assert message.strip('[]"').split('"')[0] in refused.reason
    assert not placing.is_duplicate(refused)


def test_what_validation_found_is_told() -> None:
    settings = fake.FakeSettings(minimum=Decimal(1), checks=fake.FakeChecks(size="request"))
    answer = place(
        lambda stage, _: stage.control.fault("error", POST, status=400), settings=settings
    )

    assert isinstance(answer, Refused)
    assert answer.reason


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stake": Decimal("0.5")}, "STAKE_TOO_LOW"),
        ({"stake": Decimal(1001)}, "STAKE_TOO_HIGH"),
        ({"min_odds": Decimal(801)}, "ODDS_TOO_LONG"),
        ({"selection": Selection("sx", MARKET, "three", ())}, "BAD_SELECTION"),
        ({"selection": Selection("sx", "0x12", "one", ())}, "BAD_SELECTION"),
        ({"within_ms": 0}, "EXPIRED"),
    ],
)
def test_what_cannot_be_sent_is_refused_here(changes: dict[str, Any], code: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            answer = await venue.place(stage.order(**changes))

            assert isinstance(answer, Refused)
            assert answer.code == code
            assert stage.sent(POST) == 0

    play(scene)


def test_no_order_leaves_before_the_metadata_is_known() -> None:
    async def scene(stage: Scene) -> None:
        stage.control.gate.gone = True
        async with stage.venue() as venue:
            answer = await venue.place(stage.order(within_ms=60_000))

            assert isinstance(answer, Refused)
            assert answer.code == "NOT_READY"
            stage.control.gate.gone = False
            await stage.clock.sleep_ms(10_000)
            assert isinstance(await venue.place(stage.order()), Accepted)

    play(scene)


@pytest.mark.parametrize(
    "change",
    [
        {"chainId": 1},
        {"domain": DOMAIN | {"version": "2"}},
        {"domain": DOMAIN | {"chainId": 1}},
        {"domain": DOMAIN | {"verifyingContract": "0x" + "12" * 20}},
        {"domain": DOMAIN | {"verifyingContract": "0x12"}},
        {"chainId": 1, "domain": DOMAIN | {"chainId": 1}},
        {"domain": None},
        {"oddsLadderStepSize": 0},
        {"oddsLadderStepSize": None},
        {"activeAsset": {"baseToken": "0x00", "escrowAddress": "0x00", "decimals": 6}},
    ],
)
def test_nothing_is_signed_for_a_contract_that_is_not_as_it_must_be(change: dict[str, Any]) -> None:
    async def scene(stage: Scene) -> None:
        stage.control.fault(
            "rewrite",
            "GET /metadata/obv3",
            times=100,
            change=lambda body: {**body, "data": body["data"] | change},
        )
        async with stage.venue() as venue:
            answer = await venue.place(stage.order())

            assert isinstance(answer, Refused)
            assert answer.code == "NOT_READY"
            with pytest.raises(ConnectionError, match="metadata"):
                await venue.heartbeat()

    play(scene)


def test_nothing_is_signed_any_more_when_the_contract_changes_to_what_it_must_not_be() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault(
                "rewrite",
                "GET /metadata/obv3",
                times=100,
                change=lambda body: {**body, "data": body["data"] | {"chainId": 1}},
            )
            await stage.clock.sleep_ms(400_000)
            answer = await venue.place(stage.order())

            assert isinstance(answer, Refused)
            assert answer.code == "NOT_READY"

    play(scene)


def test_metadata_that_cannot_be_read_for_a_while_stops_nobody() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault("error", "GET /metadata/obv3", times=1000)
            await stage.clock.sleep_ms(400_000)

            assert isinstance(await venue.place(stage.order()), Accepted)

    play(scene)


def test_nothing_is_sent_where_nothing_is_traded() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(trades=False) as venue:
            order = stage.order()
            answer = await venue.place(order)

            assert isinstance(answer, Refused)
            assert answer.code == "NOT_TRADING"
            assert isinstance(await venue.find(order), Unknown)
            assert isinstance(await venue.cancel(order), Unknown)
            assert (await venue.quote(ONE)).odds == 2
            await venue.heartbeat()
            await stage.clock.sleep_ms(60_000)
            public = ("GET /metadata/obv3", "GET /orderbook-v3/snapshot", "GET /markets/find")
            assert {it for it in stage.control.requests if not it.startswith(public)} == set()
            assert not stage.control.streams

    play(scene)


def test_no_order_leaves_that_would_be_too_late() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault("limit", POST, ms=1_000)
            await venue.place(stage.order("x-0"))
            answer = await venue.place(stage.order(within_ms=900))

            assert isinstance(answer, Refused)
            assert answer.code == "RATE_LIMITED"
            assert stage.sent(POST) == 1

    play(scene)


def test_an_api_key_of_somebody_else_sends_nothing() -> None:
    other = fake.FakeAccount(api_key="somebody-elses-key", address="0x" + "Aa" * 20)
    settings = fake.FakeSettings(accounts=[fake.FakeAccount(), other])

    async def scene(stage: Scene) -> None:
        async with stage.venue(api_key="somebody-elses-key", api_key_env="") as venue:
            answer = await venue.place(stage.order())

            assert isinstance(answer, Refused)
            assert answer.code == "WRONG_ACCOUNT"
            with pytest.raises(ConnectionError, match="API key"):
                await venue.heartbeat()

    play(scene, settings)
