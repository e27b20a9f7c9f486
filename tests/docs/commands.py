"""
The reference of the command line, made from the command line itself.
"""

from collections.abc import Iterator
from typing import Any

import typer

from xarb_runtime.cli.main import app


def every_command() -> Iterator[tuple[str, Any]]:
    """Yield name and command of everything that can be typed, groups left out."""
    yield from _inside(typer.main.get_command(app), "xarb")


def _inside(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if getattr(command, "invoke_without_command", False) or not hasattr(command, "commands"):
            yield f"{prefix} {name}", command
        if hasattr(command, "commands"):
            yield from _inside(command, f"{prefix} {name}")


def reference() -> str:
    """Return a section for each command."""
    return "\n".join(_section(name, command) for name, command in every_command())


def _section(name: str, command: Any) -> str:
    arguments = [it for it in command.params if it.param_type_name == "argument"]
    options = [it for it in command.params if it.param_type_name == "option"]
    usage = " ".join([name, *(_shown(it) for it in arguments), *(["[OPTIONS]"] * bool(options))])
    lines = [f"## `{usage}`", "", (command.help or "").strip(), ""]
    for each in (*arguments, *options):
        text = f": {each.help}" if getattr(each, "help", None) else ""
        if each in options or text:
            lines.append(f"* `{_named(each)}`{text}")
    return "\n".join(lines).rstrip() + "\n"


def _shown(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required else f"[{name}]"


def _named(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return parameter.metavar or parameter.name.upper()
    value = "" if parameter.is_flag else f" {parameter.metavar or 'VALUE'}"
    return ", ".join(parameter.opts) + value
