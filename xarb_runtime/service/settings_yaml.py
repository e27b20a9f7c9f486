"""
Settings files: plain YAML, read exactly.

PyYAML's own loaders turn 0.1 into a binary float, 010 into 8, `on` into True and 12:30 into 750.
Here a number with a point becomes a `Decimal` made from its text, whole numbers are whole, only
`true` and `false` are truth values, and everything else is text (the core schema of YAML 1.2).
Keys are always text. Aliases, tags and a second key of the same name are refused. Every value
remembers the line it stands on.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import yaml
from yaml.composer import ComposerError

from xarb_runtime.service.settings_finding import SettingFinding
from xarb_runtime.service.settings_secret import (
    HIDDEN,
    holds_private_key,
    is_secret_name,
    redact,
)
from xarb_runtime.statechart.yaml_loader import Loader

_LONGEST = 60


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """
    One value as it was written. Opaque to dynaconf, which merges layers of leaves.

    Attributes:
        value: plain data; Decimals for numbers with a point.
        where: file and line, or the environment variable.
        secret: it must not be shown.
        is_text: it comes from the environment, where everything is text.
    """

    value: Any
    where: str
    secret: bool = False
    is_text: bool = False

    def shown(self, name: str) -> str:
        """Return the value as an error may show it under its key: no secrets, and not too long."""
        if self.secret or is_secret_name(name) or holds_private_key(self.value):
            return "something else"
        value = redact(self.value)
        if isinstance(value, bool):
            return str(value).lower()
        text = str(value) if isinstance(value, Decimal) else repr(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

    def __repr__(self) -> str:
        return f"Leaf({HIDDEN if self.secret else repr(self.value)}, {self.where})"


Tree = dict[str, "Leaf | Tree"]
KeyPath = tuple[str, ...]


def plain(entry: "Tree | Leaf") -> Any:
    """Return the values without the memory of where they stood."""
    if isinstance(entry, Leaf):
        return entry.value
    return {name: plain(inner) for name, inner in entry.items()}


@dataclass(frozen=True, slots=True)
class Layer:
    """
    One source of settings.

    Attributes:
        name: the file or the environment variable.
        tree: sections and leaves.
        places: where each key path stands.
        secret: nothing in this layer may be shown.
        numbered: its places have line numbers.
        findings: what was wrong with reading it.
    """

    name: str
    tree: Tree
    places: dict[KeyPath, str]
    secret: bool = False
    numbered: bool = True
    findings: list[SettingFinding] = field(default_factory=list[SettingFinding])

    def place(self, line: int) -> str:
        """Return how to name a line, counted from 0, of this layer."""
        return f"{self.name}:{line + 1}" if self.numbered else self.name


#: Deeper than this nobody nests settings; Python's own limit may have been raised by others.
_DEEPEST = 100


class _ExactLoader(Loader):
    """Composes nodes with the scalars of YAML 1.2, without aliases, and not endlessly deep."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise ComposerError(None, None, "expected a value, found an alias", mark)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RecursionError
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


_DIGITS = list("-+.0123456789")
_TAG = "tag:yaml.org,2002:"
for _kind, _pattern, _first in (
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"^(?:true|false)$", ["t", "f"]),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", _DIGITS),
    ("float", r"^[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", _DIGITS),
):
    _ExactLoader.add_implicit_resolver(_TAG + _kind, re.compile(_pattern), _first)

_SCALARS = {
    _TAG + "str": str,
    _TAG + "null": lambda _text: None,
    _TAG + "bool": lambda text: text == "true",
    _TAG + "int": int,
    _TAG + "float": Decimal,
}


class _Refused(Exception):
    """A file cannot be read any further; carries the finding."""

    def __init__(self, finding: SettingFinding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def read_yaml(path: Path, *, secret: bool) -> Layer:
    """
    Read a settings file. What is wrong with it is among the layer's findings, never raised.

    Args:
        path: the file.
        secret: the file holds secrets: its values are marked, and never quoted in findings.
    """
    layer = Layer(str(path), {}, {}, secret)
    try:
        node = _compose(layer, _text(layer, path))
        if node is not None:
            layer.tree.update(_NodeReader(layer).root(node))
    except _Refused as refused:
        layer.findings.append(refused.finding)
    return layer


def parse_value(layer: Layer, text: str, path: KeyPath) -> "Tree | Leaf":
    """Read the text of one value, e.g. `[a, b]` or `{kind: ghost}` in an environment variable."""
    try:
        node = _compose(layer, text)
    except _Refused as refused:
        layer.findings.append(msgspec.structs.replace(refused.finding, key=".".join(path)))
        return {}
    return {} if node is None else _NodeReader(layer).entry(node, path)


def _text(layer: Layer, path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        message = f"expected a readable file, found: {error.strerror}"
        raise _Refused(_file_finding("XC101", layer.name, message)) from None
    except UnicodeDecodeError as error:
        message = f"expected text in UTF-8, found other bytes at offset {error.start}"
        raise _Refused(_file_finding("XC101", layer.name, message)) from None


def _compose(layer: Layer, text: str) -> yaml.Node | None:
    loader = None
    try:
        loader = _ExactLoader(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # What is missing at the end of a file is missing behind its last line.
        where = layer.place(min(mark.line, text.rstrip().count("\n"))) if mark else layer.name
        message = _yaml_message(layer, error.problem)
        raise _Refused(_file_finding("XC102", where, message)) from None
    except yaml.YAMLError as error:
        message = _yaml_message(layer, str(error).splitlines()[0])
        raise _Refused(_file_finding("XC102", layer.name, message)) from None
    except RecursionError:
        message = "expected a few levels of sections, found nesting without end"
        raise _Refused(_file_finding("XC102", layer.name, message)) from None
    finally:
        if loader is not None:
            loader.dispose()


def _yaml_message(layer: Layer, problem: str | None) -> str:
    # A parser's own words may quote what it read, and that may be a secret.
    return "expected YAML" if layer.secret or not problem else f"expected YAML, found: {problem}"


def _file_finding(code: str, where: str, message: str) -> SettingFinding:
    return SettingFinding(code=code, key="", where=where, message=message)


class _NodeReader:
    """Turns nodes into a tree of leaves, noting places and findings in its layer."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer

    def root(self, node: yaml.Node) -> Tree:
        if isinstance(node, yaml.MappingNode):
            return self._section(node, ())
        if isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "null":
            return {}
        message = "expected sections such as `limits:`, found something else"
        raise _Refused(_file_finding("XC102", self._where(node), message))

    def _section(self, node: yaml.MappingNode, path: KeyPath) -> Tree:
        tree: Tree = {}
        for key_node, value_node in node.value:
            name = self._name(key_node, path)
            if name is None:
                continue
            if name in tree:
                self._found_twice(key_node, (*path, name))
                continue
            self._layer.places[*path, name] = self._where(key_node)
            tree[name] = self.entry(value_node, (*path, name))
        return tree

    def _name(self, node: yaml.Node, path: KeyPath) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self._note("XC102", path, node, "expected a name as key, found a list or a section")
        return None

    def _found_twice(self, node: yaml.Node, path: KeyPath) -> None:
        first = self._layer.places[path]
        message = f"expected each key once, found it twice, first at {first}"
        self._note("XC103", path, node, message, "Remove one of the two.")

    def entry(self, node: yaml.Node, path: KeyPath) -> "Tree | Leaf":
        if isinstance(node, yaml.MappingNode):
            return self._section(node, path)
        return Leaf(self._plain(node, path), self._where(node), self._layer.secret)

    def _plain(self, node: yaml.Node, path: KeyPath) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, yaml.SequenceNode):
            entries = enumerate(node.value)
            return [self._plain(entry, _indexed(path, index)) for index, entry in entries]
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 -- there is no fourth kind of node
        return plain(self._section(node, path))

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        convert = _SCALARS.get(node.tag)
        if convert is None:
            found = "a tag" if self._layer.secret else f"the tag {node.tag}"
            self._note("XC102", path, node, f"expected a plain value, found {found}")
            return None
        try:
            return convert(node.value)
        except (ValueError, ArithmeticError):
            self._note(
                "XC102", path, node, "expected a number of sensible size, found a longer one"
            )
            return None

    def _where(self, node: yaml.Node) -> str:
        return self._layer.place(node.start_mark.line)

    def _note(
        self, code: str, path: KeyPath, node: yaml.Node, message: str, hint: str = ""
    ) -> None:
        finding = SettingFinding(
            code=code, key=".".join(path), where=self._where(node), message=message, hint=hint
        )
        self._layer.findings.append(finding)


def _indexed(path: KeyPath, index: int) -> KeyPath:
    return (*path[:-1], f"{path[-1]}[{index}]")
