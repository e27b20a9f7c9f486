"""
`xarb init`: lays out a deployment.
"""

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", show_default=False)],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Add what is missing to a folder that is not empty.")
    ] = False,
) -> None:
    """Lay out a deployment that runs at once. Never overwrites a file."""
    from xarb_runtime.cli.screen import write
    from xarb_runtime.ops.layout import lay_out

    laid = lay_out(folder, force=force)
    for name in laid.kept:
        write(f"kept  {name}", style="yellow")
    for room, count in _by_room(laid.made).items():
        write(f"made  {room}{f' ({count} files)' if count > 1 else ''}")
    write()
    where = "" if folder.resolve() == Path.cwd() else f" --folder {_quoted(folder)}"
    write(f"A deployment is in {folder}. Next:")
    write(f"  xarb ghost{where}    rehearse: the scenarios, in virtual time")
    write(f"  xarb run{where}      run it, against ghost venues")


def _by_room(names: list[str]) -> dict[str, int]:
    from collections import Counter

    rooms = [f"{name.split('/')[0]}/" if "/" in name else name for name in names]
    return dict(Counter(rooms))


def _quoted(folder: Path) -> str:
    import shlex

    return shlex.quote(str(folder))
