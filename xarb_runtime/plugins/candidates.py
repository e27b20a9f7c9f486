"""
Where plugins are looked for, and how one of them is imported. Finding them imports nothing.
"""

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed_entry_points
from pathlib import Path
from types import ModuleType

import msgspec

#: The entry point group of installed plugins.
GROUP = "xarb.plugins"
#: The package under which plugins that are loaded from a path live.
PACKAGE = "xarb_plugins"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """
    A plugin that could be loaded.

    Attributes:
        name: the plugin's name.
        source: `core`, `builtin`, `entry point`, `folder` or `file`.
        where: its file, or the name of its distribution, for people.
        version: its distribution's version; empty when it has none.
        path: its file if that is known before it is imported.
        load: imports it.
    """

    name: str
    source: str
    where: str
    load: Callable[[], object]
    version: str = ""
    path: Path | None = None


def in_folder(folder: Path, source: str) -> Iterator[Candidate]:
    """
    Yield the plugins in a folder, by name: `<name>.py` and `<name>/__init__.py`.

    What begins with `_` or `.` is not a plugin; a folder that does not exist holds none.
    """
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir(), key=lambda path: path.stem):
        file = entry / "__init__.py" if entry.is_dir() else entry
        if entry.name.startswith(("_", ".")) or file.suffix != ".py" or not file.is_file():
            continue
        yield from_file(file, source)


def from_file(file: Path, source: str) -> Candidate:
    """Return the plugin in a file; `__init__.py` stands for its folder."""
    path = file.resolve()
    name = path.parent.name if path.name == "__init__.py" else path.stem
    return Candidate(
        name=name, source=source, where=str(file), path=path, load=lambda: load_file(name, path)
    )


def installed() -> Iterator[Candidate]:
    """Yield the plugins of installed distributions, by name."""
    for point in sorted(installed_entry_points(group=GROUP), key=lambda point: point.name):
        yield _from_entry_point(point)


def _from_entry_point(point: EntryPoint) -> Candidate:
    distribution = point.dist
    return Candidate(
        name=point.name,
        source="entry point",
        where=f"{distribution.name if distribution else 'unknown'} ({point.value})",
        version=distribution.version if distribution else "",
        load=point.load,
    )


def find_candidates(
    builtin: Path | None,
    folders: Sequence[Path],
    files: Sequence[Path] = (),
    *,
    entry_points: bool,
) -> Iterator[Candidate]:
    """Yield all candidates: built-in ones, installed ones, those in local folders, single files."""
    if builtin is not None:
        yield from in_folder(builtin, "builtin")
    if entry_points:
        yield from installed()
    for folder in folders:
        yield from in_folder(folder, "folder")
    for file in files:
        yield from_file(file, "file")


def load_file(name: str, path: Path) -> ModuleType:
    """
    Import a plugin from its file as `xarb_plugins.<name>`, once in a process.

    A second plugin of the same name at another path gets a module name of its own.
    """
    module_name = f"{PACKAGE}.{name}"
    known = sys.modules.get(module_name)
    if known is not None and known.__file__ != str(path):
        module_name += f"_{sha256(str(path).encode()).hexdigest()[:8]}"
        known = sys.modules.get(module_name)
    return known if known is not None else _import(module_name, path)


def _import(module_name: str, path: Path) -> ModuleType:
    sys.modules.setdefault(PACKAGE, _package())
    inside = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(
        module_name, path, submodule_search_locations=inside
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"expected a Python file, found {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        # A module that is half there would look whole to the next import.
        for loaded in [key for key in sys.modules if f"{key}.".startswith(f"{module_name}.")]:
            del sys.modules[loaded]
        raise
    setattr(sys.modules[PACKAGE], module_name.rpartition(".")[2], module)
    return module


def _package() -> ModuleType:
    package = ModuleType(PACKAGE, "Plugins that are loaded from a path.")
    package.__path__ = []
    return package


def where_raised(error: BaseException, path: Path | None) -> str:
    """Return ` (file:line)` of the innermost place in the plugin that raised, or nothing."""
    frames = traceback.extract_tb(error.__traceback__)
    root = str(path.parent) if path is not None else ""
    own = [frame for frame in frames if root and frame.filename.startswith(root)]
    return f" ({own[-1].filename}:{own[-1].lineno})" if own else ""


def describe(error: BaseException) -> str:
    """Return an exception as `Type: text`, or its type when it says nothing."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
