"""
`xarb plugins`: what was found, and how a new one begins. Checking one is in `conformance`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.conformance import REPORT, check
from xarb_runtime.cli.errors import BAD_INPUT
from xarb_runtime.cli.options import HERE, AsJson, Folder

if TYPE_CHECKING:
    from rich.text import Text

    from xarb_runtime.cli.screen import PlainTable
    from xarb_runtime.ops.plugin_listing import ListedPlugin
    from xarb_runtime.plugins.registry import PluginInfo

app = typer.Typer(
    no_args_is_help=False,
    invoke_without_command=True,
    help="List plugins, begin a new one, or check one with the conformance kit.",
)


Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="What each kind of venue can do, and its level in conformance.json.",
    ),
]


@app.callback()
def plugins(
    ctx: typer.Context, folder: Folder = HERE, *, verbose: Verbose = False, as_json: AsJson = False
) -> None:
    """List all plugins that were found, what they provide, and what is wrong with them."""
    if ctx.invoked_subcommand is None:
        _list(folder, verbose=verbose, as_json=as_json)


@app.command("list")
def list_again(folder: Folder = HERE, *, verbose: Verbose = False, as_json: AsJson = False) -> None:
    """List all plugins that were found, what they provide, and what is wrong with them."""
    _list(folder, verbose=verbose, as_json=as_json)


def _list(folder: Path, *, verbose: bool, as_json: bool) -> None:
    from xarb_runtime.cli.deployment import registry_of
    from xarb_runtime.cli.screen import out, table, write, write_json
    from xarb_runtime.ops.plugin_listing import list_plugins
    from xarb_runtime.plugins.findings import show

    registry = registry_of(folder)
    found = list_plugins(registry, [Path(REPORT), folder / REPORT])
    if as_json:
        write_json(found)
    else:
        made = table("name", "status", "source", "version", "provides", "where")
        for info in found:
            row = (info.name, _status(info), info.source, info.version)
            made.add_row(*row, " ".join(info.provides), info.where)
        out().print(made)
        if verbose:
            write()
            out().print(_venues(found))
        for finding in registry.findings:
            write(show(finding), style="red")
    if any(info.status == "broken" for info in registry.plugins):
        raise typer.Exit(BAD_INPUT)


def _venues(found: "list[ListedPlugin]") -> "PlainTable":
    from xarb_runtime.cli.screen import table
    from xarb_runtime.ops.plugin_listing import said

    made = table("kind of venue", "kit", "can, unless it is set otherwise")
    for info in found:
        kinds = [it.removeprefix("venue:") for it in info.provides if it.startswith("venue:")]
        for kind in kinds:
            result, can = info.kit.get(kind), info.capabilities.get(kind)
            level = "no report" if result is None else result.level or "no level"
            made.add_row(kind, level, "it depends on its settings" if can is None else said(can))
    return made


def _status(info: "PluginInfo") -> "Text":
    from rich.text import Text

    colours = {"active": "green", "broken": "bold red", "blocked": "yellow"}
    return Text(info.status, style=colours[info.status])


app.command("check")(check)


# -- A new one -----------------------------------------------------------------------------------


@app.command("new")
def new(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Of the plugin, its package and its kind of venue: my_venue."
        ),
    ],
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="Where its folder is made.")
    ] = HERE,
    folder: Folder = HERE,
    *,
    ghost: Annotated[
        bool,
        typer.Option("--ghost", help="It never touches money: its name may begin with ghost."),
    ] = False,
) -> None:
    """
    Begin a venue plugin: a package that works, with a simulator, a bench and tests.

    Its protocol is a plain one, to be replaced by the venue's own. It passes the conformance kit
    from the first minute.
    """
    import shlex

    from xarb_runtime.cli.deployment import registry_of
    from xarb_runtime.cli.screen import write
    from xarb_runtime.ops.template import begin_plugin

    begun = begin_plugin(name, into, registry_of(folder), ghost=ghost)
    for file in begun.files:
        write(f"made  {begun.folder / file}")
    write()
    where = shlex.quote(str(begun.folder))
    next_steps = (
        (f"xarb plugins check {where}", "the conformance kit"),
        (f"pip install -e {where}", "install it beside xarb"),
        (f"xarb venue-sim {name}", "its simulator, once it is installed"),
    )
    width = max(len(command) for command, _ in next_steps)
    write(f"A plugin is in {begun.folder}. Next:")
    for command, meaning in next_steps:
        write(f"  {command:{width}}  {meaning}")
