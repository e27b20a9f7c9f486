"""
Files and functions stay small, and everything public is annotated and explained.
"""

import ast
from collections.abc import Iterator

from tests.house.source import Function, Public, functions, modules, text, tree

ROOMS = ("xarb_runtime", "plugins", "benchmarks")
LONGEST_FILE = 400
LONGEST_FUNCTION = 50

#: Longer on purpose.
LONGER = {
    "xarb_runtime/domain/cross_venue.py": 440,  # one context, read beside its chart
}


def test_files_are_short() -> None:
    lengths = {name: text(name).count("\n") for name in modules(*ROOMS, "tests")}

    found = [f"{name}: {n}" for name, n in lengths.items() if n > LONGER.get(name, LONGEST_FILE)]

    assert not found, "\n".join(found)


def test_functions_are_short() -> None:
    found = [
        f"{name}:{function.lineno} {function.name}: {_body_lines(function)}"
        for name in modules(*ROOMS)
        for function in functions(name)
        if _body_lines(function) > LONGEST_FUNCTION
    ]

    assert not found, "\n".join(found)


def test_everything_is_annotated() -> None:
    found = [
        f"{name}:{function.lineno} {function.name}: {missing}"
        for name in modules(*ROOMS)
        for function in functions(name)
        for missing in _unannotated(function)
    ]

    assert not found, "\n".join(found)


def test_everything_public_has_a_docstring() -> None:
    found = [
        f"{name}:{getattr(node, 'lineno', 1)} {path or 'the module'}"
        for name in modules("xarb_runtime", "plugins")
        for path, node in _public(tree(name), "")
        if ast.get_docstring(node) is None and not _overrides(node)
    ]

    assert not found, "\n".join(found)


def _body_lines(function: Function) -> int:
    """The docstring does not count: explaining more must not cost anything."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _unannotated(function: Function) -> Iterator[str]:
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    starred = [argument for argument in (given.vararg, given.kwarg) if argument is not None]
    for argument in named + starred:
        if argument.annotation is None and argument.arg not in {"self", "cls"}:
            yield argument.arg
    if function.returns is None:
        yield "return"


def _public(node: Public, path: str) -> Iterator[tuple[str, Public]]:
    """What a reader can reach without an underscore; not what hides in functions."""
    yield path, node
    if isinstance(node, Function):
        return
    for child in node.body:
        if isinstance(child, ast.ClassDef | Function) and not child.name.startswith("_"):
            yield from _public(child, f"{path}.{child.name}".lstrip("."))


def _overrides(node: Public) -> bool:
    """An overriding method keeps its base's docstring; so do the other faces of a property."""
    decorators = [] if isinstance(node, ast.Module) else node.decorator_list
    written = {ast.unparse(decorator).rpartition(".")[2] for decorator in decorators}
    return bool(written & {"override", "overload", "setter"})
