"""
`xarb plugins`.
"""

import os
from typing import TYPE_CHECKING

import typer

from xarb_runtime.cli.errors import BAD_INPUT
from xarb_runtime.cli.options import HERE, AsJson, Folder

if TYPE_CHECKING:
    from rich.text import Text

    from xarb_runtime.plugins.registry import PluginInfo


def plugins(folder: Folder = HERE, *, as_json: AsJson = False) -> None:
    """List all plugins that were found, what they provide, and what is wrong with them."""
    from xarb_runtime.cli.screen import out, table, write, write_json
    from xarb_runtime.plugins.findings import show
    from xarb_runtime.service.assembly import discover_plugins
    from xarb_runtime.service.settings import SETTINGS_FILE, Settings, load_settings

    deployed = (folder / SETTINGS_FILE).is_file()
    settings = load_settings(folder, os.environ) if deployed else Settings()
    registry = discover_plugins(folder, settings)
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
