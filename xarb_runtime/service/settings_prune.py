"""
What has no place in the settings: unknown keys, values where sections belong, odd venue names.

Each layer is looked at by itself, so that every finding can name the place it stands at, and so
that a mistake in a lower layer is not hidden by a value in a higher one.
"""

import difflib
import re

from xarb_runtime.service.settings_finding import SettingFinding
from xarb_runtime.service.settings_layers import variable_of
from xarb_runtime.service.settings_schema import FREE, VENUES, Key, keys, sections
from xarb_runtime.service.settings_yaml import KeyPath, Layer, Leaf, Tree, parse_value

_VENUE_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def prune(layer: Layer) -> list[SettingFinding]:
    """Take out of a layer what has no place in it; return all findings, those of reading too."""
    return _Pruner(layer).run()


class _Pruner:
    """Takes out of one layer what has no place in the settings, and says so."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer

    def run(self) -> list[SettingFinding]:
        self._section(self._layer.tree, ())
        return self._layer.findings

    def _section(self, tree: Tree, path: KeyPath) -> None:
        for name in list(tree):
            if not self._keep(tree, name, (*path, name)):
                del tree[name]

    def _keep(self, tree: Tree, name: str, path: KeyPath) -> bool:
        if path in FREE:
            return self._keep_free(tree, name, path)
        if path in keys():
            return self._keep_leaf(tree[name], keys()[path])
        if path not in sections() and path != (VENUES,):
            return self._unknown(path)
        section = self._opened(tree, name, path)
        if section is None:
            return False
        (self._venues if path == (VENUES,) else self._section)(section, path)
        return True

    def _keep_leaf(self, entry: "Leaf | Tree", key: Key) -> bool:
        if isinstance(entry, Leaf) and entry.value is not None:
            return True
        if any(finding.key == key.name for finding in self._layer.findings):
            return False  # reading it failed already
        found = "nothing" if isinstance(entry, Leaf) else "a section"
        message = f"expected {key.expected}, found {found}"
        return self._refuse("XC202", key.path, message, "Write a value, or remove the line.")

    def _opened(self, tree: Tree, name: str, path: KeyPath) -> Tree | None:
        entry = tree[name]
        if isinstance(entry, Leaf) and entry.is_text and str(entry.value).startswith("{"):
            entry = tree[name] = parse_value(self._layer, entry.value, path)
        if isinstance(entry, dict):
            return entry
        if entry.value is not None:
            message = f"expected a section of keys, found {entry.shown(name)}"
            self._refuse("XC202", path, message)
        return None

    def _venues(self, venues: Tree, path: KeyPath) -> None:
        for name in list(venues):
            if not self._keep_venue(venues, name, (*path, name)):
                del venues[name]

    def _keep_venue(self, venues: Tree, name: str, path: KeyPath) -> bool:
        if not _VENUE_NAME.fullmatch(name):
            message = f"expected a name of lower-case letters, digits and single _, found {name!r}"
            return self._refuse("XC201", path, message)
        return self._keep_free(venues, name, path)

    def _keep_free(self, tree: Tree, name: str, path: KeyPath) -> bool:
        section = self._opened(tree, name, path)
        if section is None:
            return False
        self._reserved(section, path)
        return True

    def _reserved(self, tree: Tree, path: KeyPath) -> None:
        # dynaconf would act on its own words instead of merging them.
        for name, entry in list(tree.items()):
            if name.lower().startswith("dynaconf_"):
                message = "expected a key of the plugin, found a word of dynaconf"
                self._refuse("XC201", (*path, name), message)
                del tree[name]
            elif isinstance(entry, dict):
                self._reserved(entry, (*path, name))

    def _unknown(self, path: KeyPath) -> bool:
        nearest = _nearest(path)
        if self._layer.numbered:
            hint = f"Did you mean {'.'.join(nearest)}?" if nearest else ""
            return self._refuse("XC201", path, "expected a known key, found an unknown one", hint)
        hint = f"Did you mean {variable_of(nearest)}?" if nearest else ""
        message = "expected a variable that names a key, found an unknown one"
        return self._refuse("XC201", path, message, hint)

    def _refuse(self, code: str, path: KeyPath, message: str, hint: str = "") -> bool:
        where = self._layer.places.get(path, self._layer.name)
        finding = SettingFinding(
            code=code, key=".".join(path), where=where, message=message, hint=hint
        )
        self._layer.findings.append(finding)
        return False


def _nearest(path: KeyPath) -> KeyPath | None:
    # A key that was put into the wrong section comes first.
    known = [*keys(), *(section for section in sections() if section), (VENUES,)]
    homonyms = [key for key in known if key[-1] == path[-1] and len(key) > 1]
    if homonyms:
        return homonyms[0]
    by_name = {"_".join(key): key for key in known if "*" not in key}
    close = difflib.get_close_matches("_".join(path), by_name, n=1, cutoff=0.7)
    return by_name[close[0]] if close else None
