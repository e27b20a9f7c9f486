"""
A ghost venue as a process of its own: the runtime may die, the venue does not.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from xarb_runtime.bundle import bundled
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.yaml_file import read_keys
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.settings import open_settings

KIND = "ghost"


def serve_ghost_venue(
    script: Path | None, port: int, book: Path, *, on_ready: Callable[[str], object]
) -> None:
    """
    Serve a ghost venue until the process ends.

    Args:
        script: a YAML file with the keys of a ghost's section of the settings; None: all defaults.
        port: where on loopback; 0 takes a free one.
        book: the file in which the venue keeps its orders.
        on_ready: told the URL.

    Raises:
        ProblemError: the script is no such file, or the port or the book cannot be used.
        PluginError: the script does not fit.
    """
    registry = discover(builtin=bundled("plugins"), entry_points=False, allow=(KIND,))
    own = open_settings(registry.venue(KIND), read_keys(script), where=str(script or KIND))
    server = importlib.import_module(f"{registry.module(KIND).__name__}.server")
    try:
        server.run_server(own, port, book, on_ready=on_ready)
    except (OSError, ValueError) as error:
        problem = Problem(
            what="the ghost venue cannot start",
            where=f"port {port}, book {book}",
            expected="a free port, and a book of its own that this user may write",
            found=str(error),
        )
        raise ProblemError(problem) from error
    except KeyboardInterrupt:
        return
