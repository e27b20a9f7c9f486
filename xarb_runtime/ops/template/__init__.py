"""
A new venue plugin: names that may be given, and a package that passes the conformance kit.

The files are in `files`. The client and the simulator are the plain ones of `xarb_runtime.testing`,
word for word but for their name: what the kit is tested with is what an author begins with.
"""

import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

import msgspec

from xarb_runtime import __version__, testing
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.plugins.registry import Registry

#: Kinds that begin so never touch money, and may be used in mode ghost.
GHOST = "ghost"

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_FILES = Path(__file__).parent / "files"
_PLAIN = Path(testing.__file__).parent / "plain"

#: Where each file of the package comes from.
_TEMPLATE = {
    "pyproject.toml": "pyproject.toml.in",
    "README.md": "README.md.in",
    ".gitignore": "gitignore.in",
    ".github/workflows/test.yml": "workflow.yml.in",
    "src/@name@/__init__.py": "init.py.in",
    "src/@name@/py.typed": "",
    "tests/test_conformance.py": "test_conformance.py.in",
    "tests/test_readme.py": "test_readme.py.in",
}
_PLAIN_FILES = ("client.py", "server.py", "book.py", "bench.py")


class Begun(msgspec.Struct, frozen=True):
    """
    A package that was made.

    Attributes:
        folder: where it is.
        files: its files, relative to `folder`.
    """

    folder: Path
    files: list[str]


def begin_plugin(name: str, into: Path, registry: Registry, *, ghost: bool = False) -> Begun:
    """
    Write a new venue plugin into a folder of its own.

    Args:
        name: of the plugin, its Python package and its kind of venue.
        into: where the folder is made.
        registry: the plugins that there are.
        ghost: the name may begin with `ghost`.

    Raises:
        ProblemError: the name cannot be used, or its folder is there already.
    """
    check_name(name, registry, ghost=ghost)
    folder = into / distribution(name)
    if folder.exists():
        problem = Problem(
            what="this is there already",
            where=str(folder),
            expected="a new folder",
            do="Name another place with --into DIR, or take another name",
        )
        raise ProblemError(problem)
    files = dict(rendered(name))
    for place, content in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return Begun(folder, sorted(files))


def distribution(name: str) -> str:
    """Return the name under which a plugin is installed."""
    return f"xarb-{name.replace('_', '-')}"


def check_name(name: str, registry: Registry, *, ghost: bool = False) -> None:
    """
    Make sure that a new plugin may have a name.

    Raises:
        ProblemError: says why not.
    """
    if not _NAME.fullmatch(name) or iskeyword(name):
        expected = "small letters, digits and single underscores, as in my_venue; no word of Python"
        raise _refused(name, "this cannot be the name of a plugin", expected)
    if name.startswith(GHOST) and not ghost:
        what = (
            "kinds of venues that begin with ghost never touch money: mode ghost lets them in,"
            " and nothing else"
        )
        raise _refused(name, what, "another name", "If yours never does either, add --ghost")
    taken = _taken(name, registry)
    if taken:
        raise _refused(name, "this name is taken", "one that is free", found=taken)


def _taken(name: str, registry: Registry) -> str:
    """By whom, or nothing."""
    for info in registry.plugins:
        if name == info.name or f"venue:{name}" in info.provides:
            return f"the plugin {info.name} ({info.where})"
    if name in sys.stdlib_module_names:
        return "a module of Python itself"
    spec = find_spec(name)
    # A folder of this name where one stands is no package.
    return "an installed package" if spec is not None and spec.origin else ""


def _refused(name: str, what: str, expected: str, do: str = "", found: str = "") -> ProblemError:
    problem = Problem(what=what, where=name, expected=expected, found=found, do=do)
    return ProblemError(problem)


def rendered(name: str) -> Iterator[tuple[str, str]]:
    """Yield the files of a new plugin: where, and what is in them."""
    for place, source in _TEMPLATE.items():
        content = (_FILES / source).read_text(encoding="utf-8") if source else ""
        yield place.replace("@name@", name), _filled(content, name)
    for source in _PLAIN_FILES:
        content = (_PLAIN / source).read_text(encoding="utf-8")
        yield f"src/{name}/{source}", _renamed(content, name)


def _filled(text: str, name: str) -> str:
    words = {
        "@name@": name,
        "@NAME@": name.upper(),
        "@Name@": _stem(name),
        "@Title@": name.replace("_", " ").capitalize(),
        "@distribution@": distribution(name),
        "@xarb@": __version__,
    }
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def _renamed(text: str, name: str) -> str:
    """`plain` in all its spellings becomes the plugin's name; words such as *plainest* stay."""
    for old, new in (("plain", name), ("PLAIN", name.upper()), ("Plain", _stem(name))):
        text = re.sub(rf"(?<![A-Za-z]){old}(?![a-z])", new, text)
    return text


def _stem(name: str) -> str:
    """What names of classes begin with."""
    return "".join(part.capitalize() for part in name.split("_"))
