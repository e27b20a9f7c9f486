"""
XS203, XS204, XS206, XS301: actions that do not do what they seem to.
"""

from collections.abc import Iterator
from typing import Any, cast

import msgspec

from xarb_runtime.statechart.document import Document
from xarb_runtime.statechart.findings import WARNING, Finding
from xarb_runtime.statechart.lint.effects import (
    COMMANDS,
    ORDER_COMMANDS,
    Arm,
    Cancel,
    Command,
    actions_of,
    literal,
)
from xarb_runtime.statechart.lint.subject import Structure, Subject
from xarb_runtime.statechart.lint.words import listed, suggestion
from xarb_runtime.statechart.model import Action, Model
from xarb_runtime.statechart.native import native_part

_GROUPS = ("enter", "exit", "before", "on", "after")


def check_order(subject: Structure) -> Iterator[Finding]:
    """XS203: a callback written before executable content, although it runs after it."""
    for state in subject.model.states.values():
        places = [(state.path, state.enter), (state.path, state.exit)]
        places += [(transition.path, transition.actions) for transition in state.transitions]
        for path, actions in places:
            for name in _GROUPS:
                group = [a for a in actions if a.path.startswith(f"{path}/{name}/")]
                yield from _late_callbacks(subject, group)


def _late_callbacks(subject: Structure, group: list[Action]) -> Iterator[Finding]:
    contents = [_index(action) for action in group if action.kind != "call"]
    for action in group:
        if action.kind == "call" and contents and _index(action) < max(contents):
            message = (
                f"expected callbacks after executable content, found {action.body!r} before it: "
                f"it is written first and runs last."
            )
            hint = "Write it last, or put the content into its method."
            yield subject.finding("XS203", action.path, message, hint)


def _index(action: Action) -> int:
    last = action.path.split("/")[-1 if action.kind == "call" else -2]
    return int(last) if last.isdigit() else 0


def check_start(subject: Structure) -> Iterator[Finding]:
    """XS204: commands or timers on the way into the initial state, before the first event."""
    told: set[str] = set()
    for move in subject.moves.start():
        for effect in move.effects:
            if isinstance(effect, (Command, Arm, Cancel)) and effect.path not in told:
                told.add(effect.path)
                message = "expected the initial state to be entered silently, found an effect."
                hint = "An execution begins with its first event: move it to that transition."
                yield subject.finding("XS204", effect.path, message, hint)


def check_commands(subject: Subject) -> Iterator[Finding]:
    """XS206: a command that nobody carries out, or an order command without a known slot."""
    for effect in subject.effects:
        if isinstance(effect, Command):
            yield from _command(subject, effect)


def _command(subject: Subject, command: Command) -> Iterator[Finding]:
    if command.target not in COMMANDS:
        message = f"expected a target that carries out commands, found {command.target!r}."
        hint = suggestion(command.target, COMMANDS, "targets")
        yield subject.finding("XS206", f"{command.path}/target", message, hint)
        return
    known = COMMANDS[command.target]
    if known and command.name not in known:
        message = f"expected a command of {command.target!r}, found {command.name!r}."
        hint = suggestion(command.name, known, "commands")
        yield subject.finding("XS206", f"{command.path}/event", message, hint)
        return
    about_order = command.target == "venue" and command.name in ORDER_COMMANDS
    if about_order and command.slot not in subject.context.slots:
        message = (
            f"expected {command.name!r} to say which order it is about, with a param 'leg' that "
            f"is one of {listed(subject.context.slots)}, found {command.slot or 'none'!r}."
        )
        hint = (
            "Write params: [{name: leg, expr: \"'leg_a'\"}]; a fixed text, so that it is checked."
        )
        yield subject.finding("XS206", command.path, message, hint)


# -- Timers and commands as the runtime can keep them ---------------------------------------------

_DYNAMIC = {
    "eventexpr": "write `event`",
    "idlocation": "write `id`",
    "sendidexpr": "write `sendid`",
    "type": "leave it out",
    "namelist": "write `params`",
    "content": "write `params`",
}


def check_sends(document: Document, model: Model) -> Iterator[Finding]:
    """XS301: delays as literals, invocations, and sends whose meaning is known too late."""
    for path in _invocations(native_part(document).get("states"), "/states"):
        message = "expected a chart without 'invoke', found one."
        hint = "Send a command and handle its answer: an invocation does not survive a restart."
        yield document.finding("XS301", path, message, hint)
    for _, _, action in actions_of(model):
        if action.kind in {"send", "cancel"}:
            body = cast("dict[str, Any]", action.body)
            for path, message, hint in _faults(action.path, action.kind, body):
                found = document.finding("XS301", path, message, hint)
                # A literal in an expression can be kept; it only cannot be set.
                mild = path.endswith("/delayexpr")
                yield msgspec.structs.replace(found, severity=WARNING) if mild else found


def _invocations(states: dict[str, Any] | None, path: str) -> Iterator[str]:
    for name, body in (states or {}).items():
        if "invoke" in body:
            yield f"{path}/{name}/invoke"
        yield from _invocations(body.get("states"), f"{path}/{name}/states")


def _faults(path: str, kind: str, body: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key, instead in _DYNAMIC.items():
        if key in body:
            message = f"expected a {kind} that can be read off the chart, found {key!r}."
            yield f"{path}/{key}", message, f"Instead, {instead}."
    name = "event" if kind == "send" else "sendid"
    if not body.get(name) and not any(key in body for key in _DYNAMIC):
        yield path, f"expected {name!r} in a {kind}, found none.", f"Add {name!r}."
    if kind == "send":
        yield from _timer_faults(path, body)


def _timer_faults(path: str, body: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    delay, target = body.get("delayexpr"), str(body.get("target") or "")
    if "delay" in body:
        message = f"expected a duration from the context, found the literal {body['delay']!r}."
        yield f"{path}/delay", message, 'Write delayexpr: "limits.<name>"; numbers are settings.'
    elif delay is not None and literal(str(delay)) is not None:
        message = f"expected a duration from the context, found the literal {delay!r}."
        yield f"{path}/delayexpr", message, "Name an attribute; numbers are settings."
    if target and (delay is not None or "delay" in body):
        message = "expected a timer without a target, found both: no command waits."
        yield f"{path}/target", message, "Arm a timer, and send the command when it fires."
    if not target and delay is None and "delay" not in body:
        message = "expected a target or a delay, found neither."
        yield path, message, "Write `raise` for an event of the chart's own."
    if target and not (target.startswith("#_") and target[2:] not in {"parent", "internal"}):
        message = f"expected a target such as '#_venue', found {target!r}."
        yield f"{path}/target", message, "Write `raise` for an event of the chart's own."
