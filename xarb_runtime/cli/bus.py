"""
`xarb bus`.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.errors import FAILED
from xarb_runtime.cli.options import HERE, AsJson, Folder, Limit, Reason

if TYPE_CHECKING:
    from rich.text import Text

    from xarb_runtime.bus.rabbitmq.graveyard import DeadMessage
    from xarb_runtime.bus.rabbitmq.inspection import Inspection

app = typer.Typer(
    no_args_is_help=True,
    help="The broker: look at it, make what is missing, dead messages, operators' words.",
)

_COLOURS = {
    "present": "green",
    "missing": "bold red",
    "different": "bold red",
    "untold": "dim",
    "yes": "green",
    "no": "bold red",
}


@app.command("check")
def check(folder: Folder = HERE, *, as_json: AsJson = False) -> None:
    """
    Look at the broker with the deployment's settings: what is there, missing, different, allowed.

    Nothing is changed. Ends with 1 if something is missing, different or forbidden.
    """
    from xarb_runtime.cli.deployment import settings_of
    from xarb_runtime.cli.screen import write, write_json
    from xarb_runtime.ops.bus_check import broker_of, look_at

    opening = broker_of(folder, settings_of(folder))
    if opening is None:
        nothing = "The embedded bus lives in the runtime's process: there is nothing to check."
        if as_json:
            write_json({"broker": "", "items": [], "permissions": [], "note": nothing})
        else:
            write(nothing)
        return
    found = look_at(opening)
    if as_json:
        write_json(found)
    else:
        _draw(found)
    if not found.complete:
        raise typer.Exit(FAILED)


@app.command("declare")
def declare(folder: Folder = HERE, *, as_json: AsJson = False) -> None:
    """Make the exchanges, queues and bindings that are missing; the others stay as they are."""
    from xarb_runtime.cli.deployment import settings_of
    from xarb_runtime.cli.screen import write, write_json
    from xarb_runtime.ops.bus_check import declare_on, required_broker

    found = declare_on(required_broker(folder, settings_of(folder)))
    if as_json:
        write_json(found)
        return
    for name in found.made:
        write(f"made the {name}")
    bindings = [item for item in found.inspection.items if item.kind == "binding"]
    queues = [item for item in found.inspection.items if item.kind == "queue"]
    write(
        f"{len(queues)} queues and {len(bindings)} bindings are there, on"
        f" {found.inspection.address}."
    )


@app.command("dead")
def dead(
    folder: Folder = HERE,
    limit: Limit = 20,
    *,
    replay: Annotated[
        bool, typer.Option("--replay", help="Publish them again, and remove them.")
    ] = False,
    key: Annotated[
        str,
        typer.Option("--key", metavar="KEY", help="Publish them under this routing key instead."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """
    Look at the oldest dead messages on the broker, or publish them again.

    Dead are messages that were delivered too often without an answer, and those whose routing key
    no queue takes. The latter are only published again with --key.
    """
    from xarb_runtime.cli.deployment import settings_of
    from xarb_runtime.cli.screen import write, write_json
    from xarb_runtime.ops.bus_check import dead_on, replay_on, required_broker

    opening = required_broker(folder, settings_of(folder))
    if not replay:
        found = dead_on(opening, limit)
        if as_json:
            write_json(found)
        else:
            _draw_dead(found)
        return
    done = replay_on(opening, limit, key)
    if as_json:
        write_json(done)
        return
    if done.replayed or not done.left:
        _draw_dead(done.replayed)
    if done.replayed:
        write(f"{len(done.replayed)} published again.")
    if done.left:
        write(f"{done.left} left: no queue takes their routing key. Correct it with --key KEY.")


@app.command("say")
def say(
    word: Annotated[str, typer.Argument(metavar="WORD", help="pause, resume, reduce, halt, stop.")],
    folder: Folder = HERE,
    reason: Reason = "",
    *,
    as_json: AsJson = False,
) -> None:
    """
    Say an operator's word over the bus, signed with bus.operator_key.

    For where the control API cannot be reached. It returns when the broker has the word.
    """
    from xarb_runtime.cli.deployment import operator, settings_of
    from xarb_runtime.cli.screen import write, write_json
    from xarb_runtime.ops.bus_check import required_broker, say_on

    settings = settings_of(folder)
    opening = required_broker(folder, settings)
    key = str(settings.bus.operator_key)
    found = say_on(opening, word, operator=operator(), reason=reason, key=key)
    if as_json:
        write_json(found)
    else:
        write(f"{found.type} is in the queue {found.queue}. `xarb status` shows what became of it.")


# -- How it looks --------------------------------------------------------------------------------


def _draw(found: "Inspection") -> None:
    from xarb_runtime.cli.screen import out, table, write

    write(f"{found.broker} {found.version} at {found.address}, as {found.user}", style="bold")
    for kind, title in (("exchange", "Exchanges"), ("queue", "Queues"), ("binding", "Bindings")):
        numbers = ("messages", "consumers") if kind == "queue" else ()
        made = table("name", "status", *numbers, "", title=f"\n{title}", right=numbers)
        for item in found.items:
            if item.kind == kind:
                counts = [_number(item.messages), _number(item.consumers)] if numbers else []
                made.add_row(item.name, _coloured(item.status), *counts, item.detail)
        out().print(made)
    write("AMQP does not tell what is bound; `xarb bus declare` makes sure of it.", style="dim")
    _draw_permissions(found)
    write()
    if found.complete:
        write("Everything is there.", style="green")
        return
    write("Something is missing, different or forbidden.", style="red")
    if any(item.status == "missing" for item in found.items):
        start = "; so does a start" if found.declares else ""
        write(f"`xarb bus declare` makes what is missing{start}.")


def _draw_permissions(found: "Inspection") -> None:
    from xarb_runtime.cli.screen import out, table

    answers = {(one.name, one.what): one.answer for one in found.permissions}
    names = dict.fromkeys(one.name for one in found.permissions)
    made = table("name", "configure", "write", "read", title="\nPermissions")
    for name in names:
        kinds = [answers.get((name, what), "") for what in ("configure", "write", "read")]
        made.add_row(name, *(_coloured(answer) for answer in kinds))
    if names:
        out().print(made)


def _draw_dead(messages: "tuple[DeadMessage, ...]") -> None:
    from xarb_runtime.cli.screen import clock, out, table, write

    if not messages:
        write("There are no dead messages.")
        return
    columns = ("died", "reason", "from", "times", "key", "bytes", "begins")
    made = table(*columns, right=("times", "bytes"))
    for one in messages:
        head = (clock(one.time_ms), one.reason, one.queue, str(one.count), one.key, str(one.size))
        made.add_row(*head, " ".join(one.begins.split()))
    out().print(made)


def _coloured(text: str) -> "Text":
    from rich.text import Text

    return Text(text, style=_COLOURS.get(text, ""))


def _number(count: int | None) -> str:
    return "" if count is None else str(count)
