"""What goes wrong on the wire, before and after a request took effect."""

import asyncio

import pytest
from aiohttp import ClientPayloadError, ServerDisconnectedError

from tests.azuro.outside import imitation
from xarb_plugins.azuro.fake.faults import WireFault, too_many_requests

PLACING = "POST bet/orders/*"
GAS = "bet/gas-info"
WHERE = ("environment", "PolygonUSDT")


@pytest.mark.parametrize("handled", [False, True])
async def test_a_connection_that_breaks_before_or_after(handled: bool) -> None:
    async with imitation() as bettor:
        bettor.control.disturb(WireFault(route=PLACING, handled=handled))
        with pytest.raises(ServerDisconnectedError):
            await bettor.bet()

        assert len(bettor.control.orders) == int(handled)
        assert (await bettor.bet())[1]["state"] == "Created"


@pytest.mark.parametrize("handled", [False, True])
async def test_a_page_of_a_proxy_before_or_after(handled: bool) -> None:
    async with imitation() as bettor:
        fault = WireFault(route=PLACING, handled=handled, what="answer", status=502)
        bettor.control.disturb(fault)
        status, body = await bettor.bet()

        assert (status, body[:6]) == (502, "<html>")
        assert len(bettor.control.orders) == int(handled)


async def test_an_answer_that_is_torn() -> None:
    async with imitation() as bettor:
        bettor.control.disturb(WireFault(route=PLACING, handled=True, what="cut"))
        with pytest.raises(ClientPayloadError):
            await bettor.bet()

        assert len(bettor.control.orders) == 1


async def test_an_answer_that_never_comes() -> None:
    async with imitation() as bettor:
        bettor.control.disturb(WireFault(route=PLACING, handled=True, what="hang"))
        asked = asyncio.ensure_future(bettor.bet())
        while not bettor.control.orders:
            await bettor.rpc("eth_chainId")
        # Another request goes its way meanwhile.
        assert (await bettor.get(GAS, WHERE))[0] == 200
        assert not asked.done()
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


async def test_an_answer_that_is_late() -> None:
    async with imitation() as bettor:
        bettor.control.disturb(WireFault(what="none", delay_ms=5_000))
        asked = asyncio.ensure_future(bettor.get(GAS, WHERE))
        await bettor.clock.someone_sleeps.wait()
        assert not asked.done()
        bettor.clock.move(5_000)
        assert (await asked)[0] == 200


async def test_every_answer_takes_its_time_where_it_is_set_so() -> None:
    async with imitation(latency="80ms") as bettor:
        asked = asyncio.ensure_future(bettor.get(GAS, WHERE))
        await bettor.clock.someone_sleeps.wait()
        bettor.clock.move(79)
        assert not asked.done()
        bettor.clock.move(1)
        assert (await asked)[0] == 200


async def test_too_many_requests() -> None:
    async with imitation() as bettor:
        bettor.control.disturb(too_many_requests("GET bet/*", times=2))
        statuses = [(await bettor.get(GAS, WHERE))[0] for _ in range(3)]

    assert statuses == [429, 429, 200]


async def test_faults_wait_for_their_requests_and_their_turn() -> None:
    async with imitation() as bettor:
        bettor.control.disturb(
            WireFault(route=f"GET {GAS}", skips=1, times=1, what="answer", status=500),
            WireFault(route=f"GET {GAS}", skips=2, times=0, what="answer", status=503),
        )
        assert (await bettor.get("market-manager/navigation", WHERE))[0] == 200
        statuses = [(await bettor.get(GAS, WHERE))[0] for _ in range(6)]
        bettor.control.calm()
        calm = (await bettor.get(GAS, WHERE))[0]

    assert (statuses, calm) == ([200, 500, 200, 503, 503, 503], 200)


async def test_a_true_answer_can_be_rewritten() -> None:
    async with imitation() as bettor:
        fault = WireFault(
            route="GET bet/*",
            handled=True,
            what="none",
            rewrite=lambda body: body | {"symbol": None},
        )
        bettor.control.disturb(fault)
        _, fee = await bettor.get(GAS, WHERE)

    assert (fee["symbol"], fee["decimals"]) == (None, 6)


async def test_the_chain_can_be_disturbed_as_well() -> None:
    async with imitation() as bettor:
        bettor.control.disturb(WireFault(route="POST rpc", what="answer", status=500, body="no"))
        assert await bettor.rpc("eth_chainId") == "no"
        assert (await bettor.rpc("eth_chainId"))["result"] == "0x89"


async def test_requests_are_counted_whatever_becomes_of_them() -> None:
    async with imitation() as bettor:
        bettor.control.disturb(WireFault(route=PLACING))
        with pytest.raises(ServerDisconnectedError):
            await bettor.bet()
        await bettor.get(GAS, WHERE)
        await bettor.rpc("eth_chainId")

        assert bettor.control.count("POST bet/orders/ordinar") == 1
        assert bettor.control.requests[1:] == [f"GET {GAS}", "POST rpc"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe"])
async def test_what_is_no_json_is_a_400(body: bytes) -> None:
    async with imitation() as bettor:
        address = f"{bettor.rest}/bet/orders/ordinar"
        async with bettor._session.post(address, data=body) as answer:
            assert answer.status == 400
