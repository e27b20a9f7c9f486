"""
The stand-in's websocket: Centrifugo's protocol, and what goes wrong with it.
"""

import asyncio
import importlib
import json
from typing import Any

import aiohttp
import pytest

from tests.sx_bet.fake_world import MARKET, PERCENT, USDC, OrderFate, Trader, World, played

control = importlib.import_module("xarb_plugins.sx_bet.fake.control")

BOOK = f"orderbook_v3:{MARKET}"
BEST = "best_odds_v3:global"
TAPE = "recent_trades_v3:global"


class Socket:
    """A websocket, and the frames that came over it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: list[list[Any]] = []
        self._waiting: list[Any] = []
        self._numbers = 0

    async def word(self) -> Any:
        """Return the next object."""
        while not self._waiting:
            message = await self.socket.receive()
            assert message.type is aiohttp.WSMsgType.TEXT, message
            objects = [json.loads(line) for line in message.data.split("\n")]
            self.frames.append(objects)
            self._waiting += objects
        return self._waiting.pop(0)

    async def command(self, **command: Any) -> Any:
        """Send a command and return its answer; whatever comes before it is dropped."""
        self._numbers += 1
        await self.socket.send_json({"id": self._numbers, **command})
        while True:
            word = await self.word()
            if word.get("id") == self._numbers:
                return word

    async def subscribe(self, channel: str, **wishes: Any) -> Any:
        """Subscribe; return what the answer says."""
        wish = {"channel": channel, "positioned": True, "recoverable": True, **wishes}
        return (await self.command(subscribe=wish))["subscribe"]

    async def push(self, channel: str = "") -> Any:
        """Return the next publication, of a channel if one is named."""
        while True:
            word = await self.word()
            if "push" in word and channel in {"", word["push"]["channel"]}:
                return word["push"]["pub"]

    async def end(self) -> int | None:
        """Wait until the server ends it; return the code."""
        while not (await self.socket.receive()).type.name.startswith("CLOS"):
            pass
        return self.socket.close_code


async def connect(world: World, trader: Trader | None = None) -> Socket:
    """Open a websocket and introduce oneself."""
    socket = Socket(await world.http.ws_connect(world.simulated.section["realtime_url"]))
    answer = await socket.command(connect={"token": await token(trader or world.me), "name": "t"})
    assert answer["connect"]["pong"] is True
    assert answer["connect"]["ping"] == 25
    return socket


async def token(trader: Trader) -> str:
    """Return a token: the one answer without an envelope."""
    status, body = await trader.ask("GET", "/user/realtime-token-v3/api-key")
    assert status == 200
    return body["token"]


# -- What is heard


@played()
async def test_an_orders_life_is_told_to_its_owner_alone(world: World) -> None:
    socket = await connect(world)
    await socket.subscribe(f"account:orders_v3_#{world.me.address}")
    await socket.subscribe(f"account:fills_v3_#{world.me.address}")
    entry = await world.me.place()
    await world.wait(5)
    pushed = [await socket.push() for _ in range(4)]

    data = [it["data"] for it in pushed]
    assert {it.get("orderId", it["id"]) for it in data} == {entry["orderId"]}
    assert [it["status"] for it in data] == ["PENDING", "MATCHED", "INACTIVE", "LOCKED"]
    assert data[2] == await world.me.read(entry["orderId"])
    assert data[3] == (await world.me.fills())[0]


@played()
async def test_a_book_is_told_whole_with_the_version_it_has(world: World) -> None:
    socket = await connect(world)
    for channel in (BOOK, BEST, TAPE):
        await socket.subscribe(channel)
    await world.me.place()
    tape = await socket.push(TAPE)
    book = await socket.push(BOOK)
    best = await socket.push(BEST)

    assert tape["data"]["trade"]["totalStake"] == str(10 * USDC)
    assert book["data"] == await world.book()
    assert best["data"]["outcomeTwo"] == book["data"]["outcomeTwo"][0]
    assert "offset" not in best


@played()
async def test_several_objects_share_a_frame(world: World) -> None:
    socket = await connect(world)
    for channel in (BOOK, BEST, TAPE):
        await socket.subscribe(channel)
    await world.me.place()
    await socket.push(BEST)

    assert max(len(frame) for frame in socket.frames) >= 3


@played()
async def test_several_commands_share_a_frame_too(world: World) -> None:
    socket = Socket(await world.http.ws_connect(world.simulated.section["realtime_url"]))
    lines = (
        {"id": 1, "connect": {"token": await token(world.me)}},
        {"id": 2, "subscribe": {"channel": BOOK}},
    )
    await socket.socket.send_str("\n".join(json.dumps(line) for line in lines))

    assert "connect" in await socket.word()
    assert "subscribe" in await socket.word()


@played()
async def test_after_unsubscribing_there_is_nothing_to_hear(world: World) -> None:
    socket = await connect(world)
    await socket.subscribe(BOOK)
    await socket.command(unsubscribe={"channel": BOOK})
    await socket.subscribe(TAPE)
    await world.me.place()
    await socket.push(TAPE)

    words = [word for frame in socket.frames for word in frame]
    assert {word["push"]["channel"] for word in words if "push" in word} == {TAPE}


# -- Who may hear what


@played()
async def test_errors_have_centrifugos_codes(world: World) -> None:
    socket = await connect(world)
    await socket.subscribe(BOOK)
    for command, code in (
        ({"subscribe": {"channel": BOOK}}, 105),
        ({"subscribe": {"channel": "weather:global"}}, 102),
        ({"subscribe": {"channel": f"account:orders_v3_#{world.other.address}"}}, 103),
        ({"subscribe": {}}, 107),
        ({"publish": {}}, 104),
    ):
        assert (await socket.command(**command))["error"]["code"] == code


@played(token="1m")
async def test_a_token_must_be_ours_and_young(world: World) -> None:
    url = world.simulated.section["realtime_url"]
    old = await token(world.me)
    wrong = Socket(await world.http.ws_connect(url))
    await wrong.socket.send_json({"id": 1, "connect": {"token": old + "x"}})
    assert await wrong.end() == 3500

    hasty = Socket(await world.http.ws_connect(url))
    await hasty.socket.send_json({"id": 1, "subscribe": {"channel": BOOK}})
    assert await hasty.end() == 3501

    await world.wait(61)
    late = Socket(await world.http.ws_connect(url))
    assert (await late.command(connect={"token": old}))["error"]["code"] == 109

    status, _ = await world.nobody.ask("GET", "/user/realtime-token-v3/api-key")
    assert status == 401


# -- Pings


@played()
async def test_who_does_not_answer_pings_is_disconnected(world: World) -> None:
    silent, polite = await connect(world), await connect(world)
    assert await polite.word() == {}
    await polite.socket.send_str("{}")
    code = await silent.end()
    begun = world.clock.now_ms()
    assert await polite.word() == {}

    assert code == 3012
    assert world.clock.now_ms() - begun <= 25_000


@played()
async def test_a_server_may_fall_silent(world: World) -> None:
    socket = await connect(world)
    world.control.silence()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(120):
            await socket.word()


# -- Coming back


@played()
async def test_what_was_missed_is_recovered(world: World) -> None:
    first = await connect(world)
    position = await first.subscribe(BOOK)
    await world.me.place()
    seen = await first.push(BOOK)
    world.control.drop_streams()
    await first.end()
    await world.me.place()
    await world.me.place()
    second = await connect(world)
    found = await second.subscribe(
        BOOK, recover=True, epoch=position["epoch"], offset=seen["offset"]
    )

    assert found["recovered"] is True
    assert [it["offset"] for it in found["publications"]] == [
        seen["offset"] + 1,
        seen["offset"] + 2,
    ]
    assert found["publications"][-1]["data"] == await world.book()


@played(history=2)
async def test_what_is_too_long_ago_is_not_recovered(world: World) -> None:
    socket = await connect(world)
    position = await socket.subscribe(BOOK)
    await socket.command(unsubscribe={"channel": BOOK})
    for _ in range(3):
        await world.me.place()
    found = await socket.subscribe(
        BOOK, recover=True, epoch=position["epoch"], offset=position["offset"]
    )

    assert (found["recovered"], found["publications"]) == (False, [])


@played()
async def test_a_lost_history_has_a_new_epoch_and_ends_the_connection(world: World) -> None:
    socket, other = await connect(world), await connect(world, world.other)
    position = await socket.subscribe(BOOK)
    await world.control.new_epoch(BOOK)
    code = await socket.end()
    back = await connect(world)
    found = await back.subscribe(
        BOOK, recover=True, epoch=position["epoch"], offset=position["offset"]
    )

    assert code == 3010
    assert found["epoch"] != position["epoch"]
    assert found["recovered"] is False
    assert (await other.subscribe(BOOK))["epoch"] == found["epoch"]


@played()
async def test_streams_may_break_as_soon_as_something_is_matched(world: World) -> None:
    socket = await connect(world)
    world.control.next_order(OrderFate(breaks_streams=True))
    await world.me.place()
    await socket.end()

    assert world.control.streams == 0


@played()
async def test_a_server_may_refuse_websockets_for_a_while(world: World) -> None:
    socket = await connect(world)
    world.control.go_away()
    await socket.end()
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await connect(world)
    world.control.clear_faults()
    await connect(world)


@played()
async def test_streams_may_be_closed_with_a_code(world: World) -> None:
    socket = await connect(world)
    await world.control.close_streams(3000, "connection closed")

    assert await socket.end() == 3000


# -- On the way


async def _versions(world: World, *, count: int) -> list[int]:
    """Change the book three times; return the offsets of what is heard of it, in their order."""
    socket = await connect(world)
    begin = (await socket.subscribe(BOOK))["offset"]
    for _ in range(3):
        await world.me.place(timeInForce="GTC", percentageOdds=str(30 * PERCENT))
    return [(await socket.push(BOOK))["offset"] - begin for _ in range(count)]


@played()
async def test_publications_may_get_lost(world: World) -> None:
    world.control.stream_fault("drop", BOOK)

    assert await _versions(world, count=2) == [2, 3]


@played()
async def test_publications_may_come_twice(world: World) -> None:
    world.control.stream_fault("repeat", BOOK)

    assert await _versions(world, count=4) == [1, 1, 2, 3]


@played()
async def test_publications_may_come_in_the_wrong_order(world: World) -> None:
    world.control.stream_fault("swap", BOOK)

    assert await _versions(world, count=3) == [2, 1, 3]


@played()
async def test_old_versions_of_a_book_may_come_again(world: World) -> None:
    socket = await connect(world)
    await socket.subscribe(BOOK)
    await world.me.place()
    await world.me.place()
    one, two = await socket.push(BOOK), await socket.push(BOOK)
    world.control.say_again(BOOK, back=1)

    assert await socket.push(BOOK) == one
    assert one["data"]["version"] < two["data"]["version"]


@played()
async def test_publications_may_have_unknown_words_and_nulls(world: World) -> None:
    channel = f"account:orders_v3_#{world.me.address}"
    world.control.stream_fault("rewrite", channel, change=control.unknown_words("status"))
    world.control.stream_fault("rewrite", channel, change=control.nulls("expiry"))
    socket = await connect(world)
    await socket.subscribe(channel)
    await world.me.place()
    first, second = await socket.push(channel), await socket.push(channel)

    assert first["data"]["status"] == "SOMETHING_NEW"
    assert second["data"]["expiry"] is None
    assert second["data"]["status"] == "INACTIVE"
