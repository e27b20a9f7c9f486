"""
`xarb schema`.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xarb_runtime.cli.options import HERE, Folder

if TYPE_CHECKING:
    from xarb_runtime.bus.published import MessageType


class Schema(StrEnum):
    """What there is a schema or a reference of."""

    CHART = "chart"
    SETTINGS = "settings"
    MESSAGE = "message"
    MESSAGES = "messages"
    EVENT = "event"
    ASYNCAPI = "asyncapi"


class SchemaFormat(StrEnum):
    """How a schema is written."""

    JSON = "json"
    YAML = "yaml"


def schema(
    what: Annotated[Schema, typer.Argument(metavar="|".join(Schema))] = Schema.CHART,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="TYPE", show_default=False, help="Of `messages` and `event`: only this type."
        ),
    ] = "",
    folder: Folder = HERE,
    how: Annotated[
        SchemaFormat, typer.Option("--format", help="How to write it.")
    ] = SchemaFormat.JSON,
) -> None:
    """
    Print what a chart, the settings or a message may hold.

    chart: the JSON Schema of a whole chart, for editors. settings: every key, its type, its
    default, its meaning. messages: the JSON Schemas of the data of all types of messages, or of
    one. message: that of an opportunity. event: the JSON Schema of a whole message. asyncapi: the
    AsyncAPI document of all that goes over RabbitMQ; in a deployment with its exchanges, queues and
    broker, never with a password.
    """
    if what is Schema.SETTINGS:
        _settings()
    else:
        _write(_made(what, kind, folder), how)


def _made(what: Schema, kind: str, folder: Path) -> dict[str, Any]:
    from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
    from xarb_runtime.ops.schemas import data_schema, data_schemas, event_schema
    from xarb_runtime.statechart.schema import chart_schema

    match what:
        case Schema.MESSAGES:
            return data_schema(_type(kind)) if kind else data_schemas()
        case Schema.MESSAGE:
            return data_schema(_type(OPPORTUNITY_DETECTED))
        case Schema.EVENT:
            return event_schema(_type(kind) if kind else None)
        case Schema.ASYNCAPI:
            return _asyncapi(folder)
        case _:
            return chart_schema()


def _asyncapi(folder: Path) -> dict[str, Any]:
    from xarb_runtime.cli.deployment import settings_of
    from xarb_runtime.ops.asyncapi_broker import document_of
    from xarb_runtime.service.settings import SETTINGS_FILE

    return document_of(settings_of(folder) if (folder / SETTINGS_FILE).is_file() else None)


def _type(name: str) -> "MessageType":
    from xarb_runtime.bus.published import MESSAGES
    from xarb_runtime.ops.problems import Problem, ProblemError
    from xarb_runtime.ops.schemas import message_type

    found = message_type(name)
    if found is None:
        problem = Problem(
            what="there is no such type of message",
            where="TYPE",
            expected=f"one of {', '.join(each.name for each in MESSAGES)}",
            found=name,
            do="Charts may publish other types; there is no schema of those",
        )
        raise ProblemError(problem)
    return found


def _write(made: dict[str, Any], how: SchemaFormat) -> None:
    from xarb_runtime.cli.screen import write_json
    from xarb_runtime.cli.state import hidden
    from xarb_runtime.ops.asyncapi import to_yaml

    if how is SchemaFormat.JSON:
        write_json(made)
    else:
        sys.stdout.write(hidden(to_yaml(made)))


def _settings() -> None:
    from rich.text import Text

    from xarb_runtime.cli.screen import write
    from xarb_runtime.service.settings import settings_reference

    for key in settings_reference():
        default = f" = {key.default}" if key.default else ""
        write(Text.assemble((key.key, "bold"), default))
        write(f"    {key.type}. {key.doc}", style="dim")
