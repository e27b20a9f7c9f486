"""
Charts as text: YAML read with the place of every key kept, duplicate keys refused.

Places are JSON pointers (`/states/leg_a/transitions/0`) with 1-based lines and columns.
"""

from typing import Any

import msgspec
import yaml

from xarb_runtime.statechart.findings import ChartError, Finding
from xarb_runtime.statechart.yaml_loader import Loader

_YAML11_BOOLEANS = frozenset({"on", "off", "yes", "no"})

#: Levels of nesting and number of parts that a chart may have; an alias counts wherever it is used.
MAX_DEPTH = 40
MAX_PARTS = 50_000


class Place(msgspec.Struct, frozen=True):
    """A line and a column, 1-based."""

    line: int
    column: int


class Document(msgspec.Struct, frozen=True):
    """
    A YAML document as data, and where each part of it stands.

    Attributes:
        file: the file's name, for messages.
        text: the text as read.
        data: the whole document; `on`, `off`, `yes`, `no` are texts, not booleans.
        places: for each JSON pointer, where its key (or list item) begins.
    """

    file: str
    text: str
    data: dict[str, Any]
    places: dict[str, Place]

    def place(self, path: str) -> Place:
        """Return where `path` stands; if it does not exist, its nearest ancestor that does."""
        while path and path not in self.places:
            path = path.rpartition("/")[0]
        return self.places.get(path, Place(0, 0))

    def finding(self, code: str, path: str, message: str, hint: str = "") -> Finding:
        """Make an error finding at `path`."""
        place = self.place(path)
        return Finding(
            file=self.file,
            line=place.line,
            column=place.column,
            code=code,
            path=path,
            message=message,
            hint=hint,
        )


class _Loader(Loader):
    """YAML 1.1 without its boolean words: `on:` is a key of our format, not `True`."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if not (tag == "tag:yaml.org,2002:bool" and first not in "tTfF")
    ]
    for first, resolvers in Loader.yaml_implicit_resolvers.items()
}


def parse(text: str, file: str = "<text>") -> Document:
    """
    Read a YAML document.

    Raises:
        ChartError: XS002 when it is not YAML or not a mapping; XS001 for each duplicate key; XS003
            for `on`, `off`, `yes`, `no` used as a state's id.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        raise ChartError([_syntax_finding(error, file)]) from error
    except RecursionError as error:
        raise _refusal(file, Place(1, 1), _TOO_DEEP) from error
    if not isinstance(node, yaml.MappingNode):
        message = "expected a mapping with the key 'states', found something else or nothing."
        raise _refusal(file, Place(1, 1), message)
    walker = _Walker(file)
    walker.visit(node, "")
    if walker.findings:
        raise ChartError(walker.findings)
    return Document(file=file, text=text, data=_construct(loader, node, file), places=walker.places)


def _construct(loader: Any, node: yaml.MappingNode, file: str) -> dict[str, Any]:
    try:
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ChartError([_syntax_finding(error, file)]) from error
    except ValueError as error:  # such as the date 2024-99-99
        raise _refusal(file, Place(1, 1), f"expected plain values, found: {error}.") from error


def _refusal(file: str, place: Place, message: str) -> ChartError:
    line, column = place.line, place.column
    return ChartError(
        [Finding(file=file, line=line, column=column, code="XS002", path="", message=message)]
    )


_TOO_DEEP = f"expected at most {MAX_DEPTH} levels of nesting, found more."
_TOO_LARGE = f"expected at most {MAX_PARTS} parts, found more (is an alias used in an alias?)."


def _syntax_finding(error: yaml.YAMLError, file: str) -> Finding:
    mark = getattr(error, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    problem = getattr(error, "problem", None) or str(error)
    return Finding(
        file=file,
        line=line,
        column=column,
        code="XS002",
        path="",
        message=f"expected YAML, found: {problem}.",
        hint="Check indentation, quotes and colons at this place.",
    )


class _Walker:
    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[str, Place] = {}
        self.findings: list[Finding] = []

    def visit(self, node: yaml.Node, path: str, depth: int = 0) -> None:
        """
        Record the places below `node` and the faults of its keys.

        Raises:
            ChartError: XS002 when it is too deep or too large; an alias inside itself is too deep.
        """
        self.places.setdefault(path, _place(node))
        if depth > MAX_DEPTH:
            raise _refusal(self.file, _place(node), _TOO_DEEP)
        if len(self.places) > MAX_PARTS:
            raise _refusal(self.file, _place(node), _TOO_LARGE)
        if isinstance(node, yaml.MappingNode):
            self._visit_mapping(node, path, depth)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.visit(item, f"{path}/{index}", depth + 1)

    def _visit_mapping(self, node: yaml.MappingNode, path: str, depth: int) -> None:
        seen: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key, here = str(key_node.value), _place(key_node)
            child = f"{path}/{key}"
            if key in seen:
                self._report("XS001", here, child, _duplicate(key, seen[key]), _MERGE)
            elif _holds_states(path) and key.lower() in _YAML11_BOOLEANS:
                self._report("XS003", here, child, _boolean_id(key), "Choose another id.")
            seen.setdefault(key, here)
            self.places.setdefault(child, here)
            self.visit(value_node, child, depth + 1)

    def _report(self, code: str, place: Place, path: str, message: str, hint: str) -> None:
        self.findings.append(
            Finding(
                file=self.file,
                line=place.line,
                column=place.column,
                code=code,
                path=path,
                message=message,
                hint=hint,
            )
        )


def _holds_states(path: str) -> bool:
    """Whether the keys at a place are ids of the chart's states; our own block repeats them."""
    return path.rpartition("/")[2] == "states" and path.startswith("/states")


_MERGE = "Merge the two, or rename one; YAML would silently keep only the last."


def _duplicate(key: str, first: Place) -> str:
    return f"expected each key once, found {key!r} again (first at line {first.line})."


def _boolean_id(key: str) -> str:
    return f"expected a state id, found {key!r}, which YAML 1.1 reads as a boolean."


def _place(node: yaml.Node) -> Place:
    mark = node.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else Place(0, 0)
