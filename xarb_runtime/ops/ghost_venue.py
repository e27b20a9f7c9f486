"""
A ghost venue as a process of its own: the runtime may die, the venue does not.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from xarb_runtime.bundle import bundled
from xarb_runtime.ops.problems import Problem, ProblemError
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
    own = open_settings(registry.venue(KIND), _read(script), where=str(script or KIND))
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


def _read(script: Path | None) -> dict[str, Any]:
    if script is None:
        return {}
    try:
        # Prices must stay as they are written: no number becomes a binary float.
        found = yaml.load(script.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProblemError(
            Problem(what="this is not YAML", where=str(script), found=str(error))
        ) from error
    if not isinstance(found, dict):
        problem = Problem(what="this is no script", where=str(script), expected="keys and values")
        raise ProblemError(problem)
    return found
