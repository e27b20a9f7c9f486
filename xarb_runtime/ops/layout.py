"""
How a deployment is laid out: settings, charts and scenarios, a place for plugins, runbooks.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from xarb_runtime.bundle import bundled
from xarb_runtime.ops.problems import Problem, ProblemError

PLUGINS_README = """\
# Plugins of this deployment

A plugin is a folder here with an `__init__.py`, or a single `.py` file. What ships with xarb (the
venues `sx_bet`, `azuro`, `ccxt_prediction` and the ghosts, the hedges `alt_line`, `total` and
`unwind`) is built in and not listed here.

`xarb plugins new NAME` begins a venue plugin as a package of its own, with a simulator and tests;
`xarb plugins check NAME` says whether it can be trusted with money.

    # plugins/my_venue/__init__.py
    from xarb_runtime.plugins import API, hookimpl
    from xarb_runtime.plugins.contracts import Capabilities, VenueSpec

    @hookimpl
    def xarb_venues():
        yield VenueSpec(
            name="my_venue",            # settings refer to it: venues.<name>.kind: my_venue
            version="0.1.0",
            capabilities=lambda settings: Capabilities(cancel=True),
            settings=MySettings,        # a msgspec Struct: the rest of the venue's section
            open=open_my_venue,         # (VenueOpening) -> async context of a Venue
            api=API,
        )

Plugins import `xarb_runtime.plugins` and `xarb_runtime.domain`, and nothing else of xarb.
`xarb plugins` lists what was found, and what is wrong with it. `plugins.allow`, `plugins.block` and
`plugins.required` in `settings.yaml` say what may, must not and must be loaded.
"""

GITIGNORE = """\
# The journal, the control token, logs; and what must not be seen: secrets, keystores, keys.
/var/
.secrets.yaml
/*.json
*keystore*.json
UTC--*
*.pem
__pycache__/
"""


class Laid(msgspec.Struct, frozen=True):
    """The files that were made, and those that were there and were left alone."""

    made: list[str]
    kept: list[str]


def lay_out(folder: Path, *, force: bool = False) -> Laid:
    """
    Lay out a deployment.

    Args:
        folder: where; it is made if it is not there.
        force: add what is missing to a folder that is not empty.

    Raises:
        ProblemError: the folder is not empty, or it is no folder.
        BundleError: the installation is incomplete.
    """
    _require_place(folder, force=force)
    files = dict(_files())
    laid = Laid([], [])
    for name, content in files.items():
        path = folder / name
        if os.path.lexists(path):
            laid.kept.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        laid.made.append(name)
    return laid


def _require_place(folder: Path, *, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        problem = Problem(
            what="a deployment is a folder", where=str(folder), expected="a folder", found="a file"
        )
        raise ProblemError(problem)
    if folder.is_dir() and any(folder.iterdir()) and not force:
        problem = Problem(
            what="this folder is not empty",
            where=str(folder),
            expected="a new or an empty folder",
            found=", ".join(sorted(path.name for path in folder.iterdir())[:5]),
            do="Name another one, or use --force to add what is missing; nothing is overwritten",
        )
        raise ProblemError(problem)


def _files() -> Iterator[tuple[str, bytes]]:
    """Everything is read before anything is written."""
    yield "settings.yaml", bundled("settings.yaml").read_bytes()
    for room in ("statecharts", "runbooks"):
        root = bundled(room)
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield f"{room}/{path.relative_to(root).as_posix()}", path.read_bytes()
    yield "plugins/README.md", PLUGINS_README.encode()
    yield ".gitignore", GITIGNORE.encode()
