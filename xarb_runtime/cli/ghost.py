"""
`xarb ghost`: the scenarios in virtual time. `xarb ghost-venue`: a venue as a process of its own.
"""

from pathlib import Path
from typing import Annotated

import typer

from xarb_runtime.cli.options import HERE, Folder


def ghost(
    folder: Folder = HERE,
    only: Annotated[
        str, typer.Option("--only", metavar="TEXT", help="Only scenarios with this in their name.")
    ] = "",
) -> None:
    """Rehearse: play the scenarios in virtual time, check what must hold, write the evidence."""
    raise NotImplementedError(f"{folder} {only}")


def ghost_venue(
    book: Annotated[
        Path, typer.Option("--book", metavar="FILE", help="Where the venue keeps its orders.")
    ],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 0,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings", metavar="FILE", help="Its script, as YAML; see the plugin ghost."
        ),
    ] = None,
) -> None:
    """Run a ghost venue in this process, on loopback, until it is killed."""
    from xarb_runtime.cli.screen import write
    from xarb_runtime.ops.ghost_venue import serve_ghost_venue

    serve_ghost_venue(settings, port, book, on_ready=lambda url: write(f"ghost venue at {url}"))
