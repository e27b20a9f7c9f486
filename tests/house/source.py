"""What the house tests look at: files of the checkout and the syntax trees of its modules."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef
Public = ast.Module | ast.ClassDef | Function


@cache
def tracked() -> tuple[str, ...]:
    """Return the files under version control that are there, relative to the checkout's top."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return tuple(name for name in names if name and (ROOT / name).is_file())


def modules(*rooms: str) -> Iterator[str]:
    """Yield the Python files below `rooms`."""
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix()


@cache
def text(name: str) -> str:
    """Return a file's text."""
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def tree(name: str) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(text(name), filename=name)


def functions(name: str) -> Iterator[Function]:
    """Yield every function of a module, however deep."""
    return (node for node in ast.walk(tree(name)) if isinstance(node, Function))


def imported(name: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of everything a module imports; a relative import begins with dots."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def within(module: str, *packages: str) -> bool:
    """Whether a dotted name is one of `packages` or lies inside one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)
