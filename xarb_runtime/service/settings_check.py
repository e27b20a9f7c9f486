"""
From layers to the typed object: every key is known, every value fits, every rule holds.

Nothing stops at the first problem. A key that does not fit is reported and counts as not written,
so that all the others are still checked.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, get_origin

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.service.settings_finding import SettingFinding
from xarb_runtime.service.settings_layers import (
    PACKAGED,
    PREFIX,
    SECRETS_FILE,
    merge,
    variable_of,
)
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_prune import prune
from xarb_runtime.service.settings_rules import broken_rules
from xarb_runtime.service.settings_schema import FREE, VENUES, Key, keys, sections
from xarb_runtime.service.settings_secret import (
    HIDDEN,
    SecretText,
    holds_private_key,
    is_credential,
    is_secret_name,
    names_variable,
)
from xarb_runtime.service.settings_sections import Section, VenueSettings
from xarb_runtime.service.settings_yaml import KeyPath, Layer, Leaf, Tree, parse_value

#: Secrets of the runtime itself.
_OUR_SECRETS = frozenset(
    {("store", "password"), ("bus", "operator_key"), ("tracing", "secret_headers")}
)


def check(layers: Sequence[Layer]) -> tuple[Settings, tuple[SettingFinding, ...]]:
    """
    Return the settings of all layers together, and everything that is wrong with them.

    The settings are only good for use when there are no findings.
    """
    pruned = [finding for layer in layers for finding in prune(layer)]
    builder = _Builder(layers)
    settings = builder.settings()
    findings = [*pruned, *builder.findings]
    wrong = {finding.key for finding in findings}
    findings += [found for found in _open_secrets(layers) if found.key not in wrong]
    findings += broken_rules(settings, builder.where, wrong)
    return settings, tuple(findings)


class _Builder:
    """Turns the merged tree into the typed object."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.findings: list[SettingFinding] = []
        self._tree = merge(layers)
        self._secret = frozenset(
            path for layer in layers if layer.secret for path in _leaf_paths(layer.tree)
        )
        self._places = {path: where for layer in layers for path, where in layer.places.items()}

    def where(self, key: str) -> str:
        """Return the place that decides a key's value; of what a venue lacks its section's."""
        path = tuple(key.split("."))
        if path[0] == VENUES:
            above = (path[:length] for length in range(len(path), 1, -1))
            return next((self._places[it] for it in above if it in self._places), PACKAGED)
        return self._places.get(path, PACKAGED)

    def settings(self) -> Settings:
        parts: dict[str, Any] = {}
        for path, section in sections().items():
            values = self._values(path)
            if path:
                parts[path[0]] = section(**values)
            else:
                parts |= values
        secret = frozenset(".".join(path) for path in self._secret)
        return Settings(**parts, venues=self._venues(), secret_keys=secret)

    def _values(self, section: KeyPath) -> dict[str, Any]:
        return {
            path[-1]: self._free(_at(self._tree, path), path)
            if path in FREE
            else self._value(key, _at(self._tree, path))
            for path, key in keys().items()
            if path[:-1] == section
        }

    def _value(self, key: Key, leaf: Leaf, path: KeyPath | None = None) -> Any:
        path = path or key.path
        try:
            return self._hidden(path, _fit(key, leaf))
        except ValueError:
            found = "something else" if self._is_secret(path) else leaf.shown(path[-1])
            self._note("XC202", path, leaf.where, f"expected {key.expected}, found {found}")
            return key.default

    def _hidden(self, path: KeyPath, value: Any) -> Any:
        # The limits are written into the journal: texts in them must stay plain.
        is_journaled = not issubclass(sections().get(path[:-1], Section), Section)
        return value if is_journaled else _conceal(value, secret=self._is_secret(path, value))

    def _is_secret(self, path: KeyPath, value: Any = None) -> bool:
        if path in self._secret or names_variable(path[-1], value):
            return path in self._secret
        # Below a venue every name counts, but not the venue's own.
        return any(map(is_secret_name, path[2:] or path[-1:]))

    def _venues(self) -> dict[str, dict[str, Any]]:
        venues = _at(self._tree, (VENUES,))
        return {name: self._venue(section, (VENUES, name)) for name, section in venues.items()}

    def _venue(self, section: Tree, path: KeyPath) -> dict[str, Any]:
        ours = VenueSettings.__struct_fields__
        venue: dict[str, Any] = {}
        for name, entry in section.items():
            here = (*path, name)
            venue[name] = (
                self._venue_key(name, entry, here) if name in ours else self._free(entry, here)
            )
        if not venue.get("kind") and not self._is_wrong((*path, "kind")):
            where = self._places.get(path, PACKAGED)
            hint = "`xarb plugins` lists the kinds there are."
            message = "expected a kind of venue, found none"
            self._note("XC204", (*path, "kind"), where, message, hint)
        return venue

    def _is_wrong(self, path: KeyPath) -> bool:
        return any(finding.key == ".".join(path) for finding in self.findings)

    def _venue_key(self, name: str, entry: "Leaf | Tree", path: KeyPath) -> Any:
        key = keys()[VENUES, "*", name]
        if isinstance(entry, Leaf) and holds_private_key(entry.value):
            self._without_keys(path, entry.value)
            return key.default
        if isinstance(entry, Leaf) and entry.value is not None:
            return self._value(key, entry, path)
        found = "nothing" if isinstance(entry, Leaf) else "a section"
        message = f"expected {key.expected}, found {found}"
        self._note("XC202", path, self.where(".".join(path)), message)
        return key.default

    def _free(self, entry: "Leaf | Tree", path: KeyPath) -> Any:
        if isinstance(entry, Leaf):
            return self._without_keys(path, self._hidden(path, self._plain(entry, path)))
        return {name: self._free(inner, (*path, name)) for name, inner in entry.items()}

    def _without_keys(self, path: KeyPath, value: Any) -> Any:
        """A private key in a venue's section counts as not written, and is never repeated."""
        if path[0] != VENUES or not holds_private_key(value) or self._is_api_key(path):
            return value
        message = "expected no private key in the settings, found what looks like one"
        hint = (
            "Move it into a keystore, `xarb keys import`, and name that: keystore_file. What has"
            " stood in a file may have been copied: if it holds money, move the money."
        )
        self._note("XC205", path, self.where(".".join(path)), message, hint)
        return HIDDEN

    def _is_api_key(self, path: KeyPath) -> bool:
        """A venue's API key may look the same; it stands where secrets belong, under its name."""
        variable = self.where(".".join(path)).startswith(PREFIX)
        return path[-1].endswith("api_key") and (variable or path in self._secret)

    def _plain(self, leaf: Leaf, path: KeyPath) -> Any:
        if not leaf.is_text or not leaf.value.startswith(("[", "{")):
            return leaf.value
        layer = Layer(leaf.where, {}, {}, secret=self._is_secret(path), numbered=False)
        parsed = parse_value(layer, leaf.value, path)
        self.findings += layer.findings
        return self._free(parsed, path)

    def _note(self, code: str, path: KeyPath, where: str, message: str, hint: str = "") -> None:
        self.findings.append(
            SettingFinding(code=code, key=".".join(path), where=where, message=message, hint=hint)
        )


def _fit(key: Key, leaf: Leaf) -> Any:
    value = leaf.value
    if leaf.is_text and get_origin(key.annotation) is tuple:
        value = _list_in(value)
    value = msgspec.convert(value, key.annotation, strict=not leaf.is_text)
    if key.is_duration and value != key.default:
        parse_duration_ms(value)
    if isinstance(value, Decimal) and not value.is_finite():
        message = f"{value} is not finite"
        raise ValueError(message)
    return value


def _list_in(text: str) -> list[Any]:
    inner = text.strip().removeprefix("[").removesuffix("]")
    return [part.strip().strip("'\"") for part in inner.split(",") if part.strip()]


def _conceal(value: Any, *, secret: bool) -> Any:
    """Wrap texts that are secret, also those deep inside a plugin's own lists and mappings."""
    if isinstance(value, str):
        return SecretText(value) if secret and value else value
    if isinstance(value, dict):
        return {
            name: _conceal(entry, secret=secret or is_secret_name(name, entry))
            for name, entry in value.items()
        }
    if isinstance(value, list):
        return [_conceal(entry, secret=secret) for entry in value]
    return value


def _open_secrets(layers: Iterable[Layer]) -> Iterable[SettingFinding]:
    """Secrets written out in a file that others may read; they are never repeated."""
    for layer in layers:
        if layer.secret or not layer.numbered:
            continue  # a file for secrets, or a variable of the environment
        for path in _leaf_paths(layer.tree):
            leaf = _at(layer.tree, path)
            is_of_a_plugin = path[0] == VENUES or path[:2] in FREE
            ours = path in _OUR_SECRETS and bool(leaf.value)
            if ours or (is_of_a_plugin and _holds_credential(path[-1], leaf.value)):
                yield SettingFinding(
                    code="XC205",
                    key=".".join(path),
                    where=leaf.where,
                    message="expected no secret in this file, found one",
                    hint=f"Move it into {SECRETS_FILE} (mode 0600) or into the environment,"
                    f" {variable_of(path)}. What has stood in a file may have been copied: get a"
                    " new one.",
                )


def _holds_credential(name: str, value: Any) -> bool:
    if isinstance(value, dict):
        inner: dict[str, Any] = value
        return any(_holds_credential(each, entry) for each, entry in inner.items())
    if isinstance(value, list):
        return any(_holds_credential(name, entry) for entry in value)
    return is_credential(name, value)


def _at(tree: Tree, path: KeyPath) -> Any:
    entry: Any = tree
    for name in path:
        entry = entry[name]
    return entry


def _leaf_paths(tree: Tree, path: KeyPath = ()) -> Iterable[KeyPath]:
    for name, entry in tree.items():
        if isinstance(entry, Leaf):
            yield (*path, name)
        else:
            yield from _leaf_paths(entry, (*path, name))
