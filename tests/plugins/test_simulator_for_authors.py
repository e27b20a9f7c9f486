"""The server that the page for authors shows does what the page says."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from aiohttp.test_utils import TestServer

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-venue-plugin.md"


def shown() -> dict[str, Any]:
    (code,) = re.findall(r"```python\n(import msgspec\n.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "shown"}
    exec(compile(code, str(PAGE), "exec"), names)
    return names


@pytest.fixture
async def served() -> AsyncIterator[tuple[ClientSession, list[str]]]:
    names, taken = shown(), list[str]()
    server = TestServer(names["serve"](names["Settings"](), lambda: 0, taken))
    async with server, ClientSession(server.make_url("/")) as client:
        yield client, taken


async def order(client: ClientSession, name: str) -> str:
    try:
        async with client.post("orders", json={"id": name}) as answer:
            return (await answer.json())["status"] if answer.ok else str(answer.status)
    except ClientError:
        return "no answer"


async def test_what_is_said_at_the_desk_happens_to_the_next_order(served) -> None:
    client, taken = served
    for word in ("error", "refused", "lost"):
        async with client.post("sim/faults", json={"fault": word}) as answer:
            assert answer.status == 200

    met = [await order(client, name) for name in "abcd"]

    assert met == ["503", "REJECTED", "no answer", "OPEN"]
    assert taken == ["c", "d"]


async def test_a_word_that_this_server_cannot_do_is_refused(served) -> None:
    client, _ = served

    async with client.post("sim/faults", json={"fault": "rests"}) as answer:
        problem = (await answer.json())["error"]

    assert answer.status == 400
    assert "expected one of lost, error, refused" in problem
