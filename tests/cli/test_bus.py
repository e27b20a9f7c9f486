"""`xarb bus` on a real broker: what is there, what is missing, dead messages, operators' words."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.bus.rabbitmq_world import a_bus, far, take
from tests.cli.deployed import told, write_deployment, xarb
from tests.servers.rabbitmq import Broker
from xarb_runtime.bus.cloudevents import CloudEvent, decode
from xarb_runtime.bus.signing import verify

PASSWORD = "open-sesame-4711"
KEY = "k" * 40


@pytest.fixture
def deployed(tmp_path: Path, broker: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment whose bus is the shared broker, with names of its own."""
    write_deployment(tmp_path)
    monkeypatch.setenv("XARB_BUS__URL", broker.url)
    monkeypatch.setenv("XARB_BUS__OPTIONS__PREFIX", prefix)
    return tmp_path


def looked(folder: Path) -> tuple[int, dict[str, Any]]:
    result = xarb("bus", "check", "-C", folder, "--json")
    return result.exit_code, json.loads(result.stdout)


def statuses(found: dict[str, Any]) -> set[str]:
    return {item["status"] for item in found["items"]}


def publish(broker: Broker, prefix: str, body: bytes, key: str) -> None:
    async def run() -> None:
        async with far(broker.url, prefix) as others:
            await others.submit(body, key)

    asyncio.run(run())


# -- check and declare -----------------------------------------------------------------------------


def test_the_embedded_bus_needs_no_check(tmp_path: Path) -> None:
    write_deployment(tmp_path)
    result = xarb("bus", "check", "-C", tmp_path)

    assert result.exit_code == 0
    assert "there is nothing to check" in told(result)
    assert json.loads(xarb("bus", "check", "-C", tmp_path, "--json").stdout)["items"] == []


@pytest.mark.parametrize("words", [["declare"], ["dead"], ["say", "pause"]])
def test_the_embedded_bus_has_no_broker_to_work_on(tmp_path: Path, words: list[str]) -> None:
    write_deployment(tmp_path)
    result = xarb("bus", *words, "-C", tmp_path)

    assert result.exit_code == 2
    assert "this deployment has no broker" in told(result)


def test_what_is_missing_is_shown_made_and_there(deployed: Path, prefix: str) -> None:
    code, found = looked(deployed)
    assert (code, statuses(found)) == (1, {"missing"})
    assert (found["broker"], found["permissions"]) == ("RabbitMQ", [])
    assert "`xarb bus declare` makes what is missing; so does a start." in told(
        xarb("bus", "check", "-C", deployed)
    )

    made = xarb("bus", "declare", "-C", deployed)
    assert made.exit_code == 0
    assert f"made the queue {prefix}.opportunities" in told(made)
    assert f"made the binding {prefix}.in -> {prefix}.operator (operator.#)" in told(made)

    code, found = looked(deployed)
    assert (code, statuses(found)) == (0, {"present", "untold"})
    assert {item["kind"] for item in found["items"] if item["status"] == "untold"} == {"binding"}
    assert {one["answer"] for one in found["permissions"]} == {"yes"}
    assert "Everything is there." in told(xarb("bus", "check", "-C", deployed))
    again = xarb("bus", "declare", "-C", deployed)
    assert "made" not in told(again)


def test_a_look_changes_nothing(deployed: Path, broker: Broker, prefix: str) -> None:
    looked(deployed)
    assert not [name for name in broker.queues() if name.startswith(f"{prefix}.")]

    xarb("bus", "declare", "-C", deployed)
    publish(broker, prefix, b"1", "opportunity.detected")
    code, found = looked(deployed)

    queues = {item["name"]: item for item in found["items"] if item["kind"] == "queue"}
    assert code == 0
    assert queues[f"{prefix}.opportunities"]["messages"] == 1

    async def first() -> bool:
        async with a_bus(broker.url, prefix) as bus:
            (message,) = await take(bus.messages(), 1)
            await bus.acknowledge(message)
            return message.redelivered

    assert asyncio.run(first()) is False
    assert broker.queues()[f"{prefix}.dead"]["messages"] == 0


def test_a_difference_names_the_argument(
    deployed: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    xarb("bus", "declare", "-C", deployed)
    monkeypatch.setenv("XARB_BUS__OPTIONS__DELIVERY_LIMIT", "3")
    code, found = looked(deployed)

    different = {item["name"] for item in found["items"] if item["status"] == "different"}
    assert (code, different) == (1, {f"{prefix}.opportunities", f"{prefix}.operator"})
    result = xarb("bus", "declare", "-C", deployed)
    assert result.exit_code == 1
    assert "another x-delivery-limit: expected 3, found 10" in told(result)
    assert "set bus.options.delivery_limit to 10" in told(result)


def test_what_is_forbidden_is_shown(
    deployed: Path, broker: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    xarb("bus", "declare", "-C", deployed)
    may = {"configure": "^$", "write": rf"^{prefix}\.out$", "read": rf"^{prefix}\.operator$"}
    broker.add_user(prefix, PASSWORD, **may)
    monkeypatch.setenv("XARB_BUS__OPTIONS__USERNAME", prefix)
    monkeypatch.setenv("XARB_BUS__OPTIONS__PASSWORD", PASSWORD)
    code, found = looked(deployed)

    answers = {
        (it["what"], it["name"].removeprefix(prefix)): it["answer"] for it in found["permissions"]
    }
    assert code == 1
    assert answers["write", ".out"] == answers["read", ".operator"] == "yes"
    assert answers["write", ".beat"] == answers["read", ".opportunities"] == "no"
    assert answers["configure", ".in"] == "no"
    assert found["user"] == prefix


def test_nobody_there_is_said_without_the_password(
    deployed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XARB_BUS__URL", f"amqp://me:{PASSWORD}@127.0.0.1:1/")
    for words in (["check"], ["declare"], ["dead"]):
        result = xarb("bus", *words, "-C", deployed)

        assert result.exit_code == 1
        assert "nothing listens at amqp://127.0.0.1:1" in told(result)
        assert PASSWORD not in told(result)


def test_an_option_that_does_not_fit_is_bad_input(
    deployed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XARB_BUS__OPTIONS__HEARTBEAT", "soon")
    result = xarb("bus", "check", "-C", deployed)

    assert result.exit_code == 2
    assert "bus.options.heartbeat" in told(result)
    assert "bus.options.heartbeat" in told(xarb("check", "-C", deployed))


# -- Dead messages ---------------------------------------------------------------------------------


def test_dead_messages_are_looked_at_and_put_back(
    deployed: Path, broker: Broker, prefix: str
) -> None:
    xarb("bus", "declare", "-C", deployed)
    assert "There are no dead messages." in told(xarb("bus", "dead", "-C", deployed))
    asyncio.run(_bury(broker, prefix, b"poison"))
    publish(broker, prefix, b"misspelt", "oportunity.detected")

    for _ in range(2):  # a look takes nothing away
        found = json.loads(xarb("bus", "dead", "-C", deployed, "--json").stdout)
        seen = {one["begins"]: (one["reason"], one["key"]) for one in found}
        assert seen == {
            "poison": ("delivery_limit", "opportunity.detected"),
            "misspelt": ("unroutable", "oportunity.detected"),
        }
    assert "poison" in told(xarb("bus", "dead", "-C", deployed))

    result = xarb("bus", "dead", "-C", deployed, "--replay")
    assert "1 published again." in told(result)
    assert "1 left: no queue takes their routing key" in told(result)
    result = xarb("bus", "dead", "-C", deployed, "--replay", "--key", "opportunity.detected")
    assert "1 published again." in told(result)

    assert asyncio.run(_all(broker, prefix, 2)) == {(b"poison", False), (b"misspelt", False)}
    assert broker.queues()[f"{prefix}.dead"]["messages"] == 0


async def _bury(broker: Broker, prefix: str, body: bytes) -> None:
    """Let a message be delivered too often."""
    async with a_bus(broker.url, prefix) as bus, far(broker.url, prefix) as others:
        await others.submit(body)
        for _ in range(11):
            (message,) = await take(bus.messages(), 1)
            await bus.give_back(message)
        await others.wait_for_ready(others.names.dead, 1)


async def _all(broker: Broker, prefix: str, count: int) -> set[tuple[bytes, bool]]:
    async with a_bus(broker.url, prefix) as bus:
        messages, found = bus.messages(), set[tuple[bytes, bool]]()
        for _ in range(count):  # one by one: a bus begins carefully
            (message,) = await take(messages, 1)
            await bus.acknowledge(message)
            found.add((message.body, message.redelivered))
        return found


# -- Words -----------------------------------------------------------------------------------------


def test_a_word_is_signed_and_goes_to_the_operators_queue(
    deployed: Path, broker: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    xarb("bus", "declare", "-C", deployed)
    monkeypatch.setenv("XARB_BUS__OPERATOR_KEY", KEY)
    result = xarb("bus", "say", "pause", "-C", deployed, "-m", "odds look wrong", "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)

    async def heard() -> tuple[bytes, str, str]:
        async with a_bus(broker.url, prefix) as bus:
            (word,) = await take(bus.words(), 1)
            await bus.acknowledge(word)
            return word.body, word.routing_key, word.content_type

    body, key, content_type = asyncio.run(heard())
    event = decode(body)
    assert isinstance(event, CloudEvent)
    assert (event.id, event.type, key) == (said["id"], "operator.pause", "operator.pause")
    assert event.data["reason"] == "odds look wrong"
    assert content_type == "application/cloudevents+json"
    assert verify(json.loads(body), KEY) == ""
    assert verify(json.loads(body), KEY.upper()) != ""


def test_without_a_key_nothing_is_said(deployed: Path) -> None:
    result = xarb("bus", "say", "pause", "-C", deployed)

    assert result.exit_code == 2
    assert "bus.operator_key" in told(result)


def test_a_word_that_does_not_exist_lists_those_that_do(
    deployed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XARB_BUS__OPERATOR_KEY", KEY)
    result = xarb("bus", "say", "sleep", "-C", deployed)

    assert result.exit_code == 2
    assert "expected pause, resume, reduce, halt, stop, found sleep" in told(result)


def test_a_word_that_no_queue_takes_is_an_error(
    deployed: Path, broker: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XARB_BUS__OPERATOR_KEY", KEY)
    result = xarb("bus", "say", "halt", "-C", deployed)

    assert result.exit_code == 1
    assert f"the exchange {prefix}.in is missing" in told(result)
