"""The AsyncAPI document is one, holds together, and tells no secret."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.cli.deployed import write_deployment, xarb
from tests.house.source import ROOT
from xarb_runtime.bus.published import MESSAGES
from xarb_runtime.bus.rabbitmq import outlet
from xarb_runtime.bus.rabbitmq.options import RabbitOptions
from xarb_runtime.bus.rabbitmq.topology import Names, topology
from xarb_runtime.ops import asyncapi as asyncapi_module
from xarb_runtime.ops.asyncapi import Broker, Server, asyncapi, to_yaml
from xarb_runtime.ops.asyncapi_broker import document_of, server_of

OFFICIAL = Draft7Validator(
    json.loads(Path(__file__).with_name("asyncapi-3.0.0.json").read_text(encoding="utf-8"))
)
DOCUMENT = document_of(None)


def wrong(document: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in OFFICIAL.iter_errors(document)]


def test_it_is_one_by_the_official_schema() -> None:
    assert wrong(DOCUMENT) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("asyncapi",), "2.6.0"),
        (("info", "version"), 5),
        (("servers", "broker", "host"), None),
        (("channels", "opportunity.detected", "bindings", "amqp", "is"), "topic"),
        (("operations", "send.kpi.window", "action"), "publish"),
        (("components", "schemas", "CloudEvent", "properties"), []),
    ],
)
def test_the_official_schema_would_notice(path: tuple[str, ...], value: object) -> None:
    broken = copy.deepcopy(DOCUMENT)
    place = broken
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value

    assert wrong(broken)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        assert isinstance(at(reference), dict), reference


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set[str]()
        return own.union(*map(references, value.values()))
    return set[str]().union(*map(references, value)) if isinstance(value, list) else set[str]()


def at(reference: str) -> Any:
    place: Any = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        place = place[name]
    return place


def test_every_type_of_message_has_its_channel_and_its_operation() -> None:
    for kind in MESSAGES:
        action = "receive" if kind.direction == "in" else "send"
        operation = DOCUMENT["operations"][f"{action}.{kind.name}"]
        channel = at(operation["channel"]["$ref"])

        assert operation["action"] == action
        assert channel["address"] == kind.name
        assert [at(at(each["$ref"])["$ref"])["name"] for each in operation["messages"]] == [
            kind.name
        ]
    assert len(DOCUMENT["operations"]) == len(MESSAGES)


def test_yaml_and_json_say_the_same() -> None:
    written = xarb("schema", "asyncapi", "--format", "yaml").stdout

    assert yaml.safe_load(written) == DOCUMENT
    assert json.loads(xarb("schema", "asyncapi").stdout) == DOCUMENT
    assert "&id" not in written


def test_the_page_of_the_reference_is_current() -> None:
    committed = (ROOT / "docs" / "reference" / "asyncapi.yaml").read_text(encoding="utf-8")

    assert committed == to_yaml(DOCUMENT), "python -m tests.docs.generated"


# -- In a deployment -----------------------------------------------------------------------------

PASSWORD = "s3cret-word"
DEPLOYED = {
    "url": f"amqps://ada:{PASSWORD}@mq.example/bets",
    "options": {"prefix": "north", "recent": 0, "max_length": 500},
    "publish": ["execution.*"],
}


def test_in_a_deployment_it_shows_its_own_broker_and_no_password(tmp_path: Path) -> None:
    written = xarb("schema", "asyncapi", "-C", write_deployment(tmp_path, bus=DEPLOYED)).stdout
    document = json.loads(written)

    assert wrong(document) == []
    assert document["servers"]["broker"] == {
        **document["servers"]["broker"],
        "host": "mq.example:5671",
        "pathname": "/bets",
        "protocol": "amqps",
    }
    assert "ada" not in document["servers"]["broker"]["host"]
    assert PASSWORD not in written
    assert [name for name in document["channels"] if name.startswith("north.")] == [
        "north.dead",
        "north.opportunities",
        "north.operator",
    ]
    assert document["channels"]["north.operator"]["x-queue-arguments"]["x-max-length"] == 500
    assert [name for name in document["operations"] if name.startswith("send")] == [
        "send.execution.transition",
        "send.execution.completed",
    ]


@pytest.mark.parametrize(
    ("url", "host", "pathname", "protocol"),
    [
        ("amqp://mq.example", "mq.example:5672", "/", "amqp"),
        ("amqp://mq.example:5673/bets", "mq.example:5673", "/bets", "amqp"),
        ("amqps://mq.example/%2Fbets", "mq.example:5671", "/%2Fbets", "amqps"),
        ("amqp://ada:p%40ss@[::1]", "[::1]:5672", "/", "amqp"),
    ],
)
def test_a_broker_is_named_by_the_url(url: str, host: str, pathname: str, protocol: str) -> None:
    server = server_of(url, RabbitOptions())
    shown = asyncapi(broker_of_nobody(server))["servers"]["broker"]

    assert (shown["host"], shown["pathname"], shown["protocol"]) == (host, pathname, protocol)


def broker_of_nobody(server: Server) -> Broker:
    options = RabbitOptions()
    return Broker(
        names=Names(options.prefix), topology=topology(options), kinds=MESSAGES, server=server
    )


def test_with_another_bus_it_is_that_of_any_broker(tmp_path: Path) -> None:
    deployment = write_deployment(tmp_path, bus={"url": "embedded://"})

    assert json.loads(xarb("schema", "asyncapi", "-C", deployment).stdout) == DOCUMENT


def test_the_content_type_is_the_one_that_is_sent() -> None:
    assert asyncapi_module.CONTENT_TYPE == outlet.CONTENT_TYPE


def test_queues_hold_what_their_bindings_let_in() -> None:
    held = {name: list(each["messages"]) for name, each in DOCUMENT["channels"].items()}
    incoming = [kind.name for kind in MESSAGES if kind.direction == "in"]

    assert held["xarb.opportunities"] == ["opportunity.detected"]
    assert held["xarb.operator"] == [name for name in incoming if name.startswith("operator.")]
    assert held["xarb.dead"] == incoming
    assert held["xarb.recent"] == [kind.name for kind in MESSAGES if kind.direction == "out"]
