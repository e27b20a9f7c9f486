"""
`xarb plugins`: what was found, a new one, and whether a venue keeps its promises.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.errors import BAD_INPUT
from xarb_runtime.cli.options import HERE, AsJson, Folder

if TYPE_CHECKING:
    from rich.text import Text

    from xarb_runtime.plugins.registry import PluginInfo, Registry

app = typer.Typer(
    no_args_is_help=False,
    invoke_without_command=True,
    help="List plugins, begin a new one, or check one with the conformance kit.",
)


@app.callback()
def plugins(ctx: typer.Context, folder: Folder = HERE, *, as_json: AsJson = False) -> None:
    """List all plugins that were found, what they provide, and what is wrong with them."""
    if ctx.invoked_subcommand is None:
        _list(folder, as_json=as_json)


@app.command("list")
def list_again(folder: Folder = HERE, *, as_json: AsJson = False) -> None:
    """List all plugins that were found, what they provide, and what is wrong with them."""
    _list(folder, as_json=as_json)


def registry_of(folder: Path) -> "Registry":
    """Return the plugins of the deployment in a folder; where there is none, those installed."""
    from xarb_runtime.service.assembly import discover_plugins
    from xarb_runtime.service.settings import SETTINGS_FILE, Settings, load_settings

    deployed = (folder / SETTINGS_FILE).is_file()
    settings = load_settings(folder, os.environ) if deployed else Settings()
    return discover_plugins(folder, settings)


def _list(folder: Path, *, as_json: bool) -> None:
    from xarb_runtime.cli.screen import out, table, write, write_json
    from xarb_runtime.plugins.findings import show

    registry = registry_of(folder)
    if as_json:
        write_json(registry.plugins)
    else:
        made = table("name", "status", "source", "version", "provides", "where")
        for info in registry.plugins:
            row = (info.name, _status(info), info.source, info.version)
            made.add_row(*row, " ".join(info.provides), info.where)
        out().print(made)
        for finding in registry.findings:
            write(show(finding), style="red")
    if any(info.status == "broken" for info in registry.plugins):
        raise typer.Exit(BAD_INPUT)


def _status(info: "PluginInfo") -> "Text":
    from rich.text import Text

    colours = {"active": "green", "broken": "bold red", "blocked": "yellow"}
    return Text(info.status, style=colours[info.status])
