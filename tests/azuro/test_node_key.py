"""A node's address may have its provider's key in it: it is hidden, and goes nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from tests.azuro.inside import KEY, SPEC, part, settings, world
from xarb_runtime.plugins.contracts import VenueOpening
from xarb_runtime.plugins.findings import PluginSettingsError
from xarb_runtime.testing.clock import KitClock

SECRET = "a1b2c3d4e5f60718293a4b5c6d7e8f90"


@pytest.mark.parametrize(
    ("address", "hidden"),
    [
        (f"https://node.example.org/v2/{SECRET}", ["v2", SECRET]),
        (f"https://node.example.org/polygon/{SECRET}/", [SECRET]),
        (f"https://node.example.org/rpc?dkey={SECRET}", [SECRET]),
        ("https://node.example.org/?key=a%2Fb1%3D", ["a%2Fb1%3D", "a/b1="]),
        ("https://me:pass-word@node.example.org", ["pass-word"]),
        ("https://polygon.example.org", []),
        ("https://polygon.example.org/", []),
        ("", []),
    ],
)
async def test_what_may_be_a_key_is_hidden_at_opening(address: str, hidden: list[str]) -> None:
    told: list[str] = []
    opening = VenueOpening(
        name="azuro",
        settings=settings(rpc_url=address, key_env="K"),
        clock=KitClock(),
        environ={"K": KEY},
        hide=told.append,
    )

    async with SPEC.open(opening):
        pass

    assert [text for text in told if text not in {KEY, KEY[2:]}] == hidden


@asynccontextmanager
async def node(answer: Any) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def said_of(url: str, within: str = "60s") -> str:
    async with world() as here, here.connect(rpc_url=url, timeout=within) as venue:
        (check,) = [check for check in await venue.check() if check.what == "node"]
        with pytest.raises(LookupError) as caught:
            await venue.heartbeat()
    return f"{check.found} {caught.value}"


async def test_errors_of_the_node_name_its_host_only() -> None:
    given_up = asyncio.Event()

    async def broken(request: web.Request) -> web.Response:
        if request.query["way"] == "hang":
            await given_up.wait()
        return web.Response(
            text="{}", headers={"Content-Encoding": "gzip"} if request.query["way"] == "zip" else {}
        )

    async with node(broken) as url:
        found = [await said_of(f"{url}/{SECRET}?way={way}") for way in ("zip", "no")]
        found.append(await said_of(f"{url}/{SECRET}?way=hang", "1s"))
        given_up.set()
    found.append(await said_of(f"http://127.0.0.1:9/{SECRET}"))
    found.append(await said_of(f"http://user:{SECRET}@127.0.0.1:9/{SECRET}"))

    assert all(SECRET not in text and "127.0.0.1" in text for text in found)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_question_does_not_follow_a_redirect(status: int) -> None:
    paths: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with node(elsewhere) as url:
        said = await said_of(f"{url}/{SECRET}")

    assert set(paths) == {f"/{SECRET}"}
    assert f"HTTP {status}" in said


@pytest.mark.parametrize("address", [f"wss://node.example.org/{SECRET}", f"node/{SECRET}"])
def test_an_address_that_cannot_be_meant_is_not_quoted(address: str) -> None:
    with pytest.raises(PluginSettingsError, match="rpc_url") as caught:
        settings(rpc_url=address)

    assert SECRET not in str(caught.value)


def test_a_key_is_what_is_no_name() -> None:
    keys_in = part("chain").keys_in

    assert SECRET.upper() in set(keys_in(f"https://n.example.org/mainnet/{SECRET.upper()}"))
    assert "mainnet" not in set(keys_in(f"https://n.example.org/mainnet/{SECRET}"))
    assert "abcdefghijklmnopqrstuvwxyz" in set(keys_in("https://n.org/abcdefghijklmnopqrstuvwxyz"))
