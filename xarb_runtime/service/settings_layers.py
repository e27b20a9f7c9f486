"""
The layers of settings and how they are put on top of each other.

From the bottom: packaged defaults, `settings.yaml`, `.secrets.yaml`, then each environment variable
`XARB_SECTION__KEY`. dynaconf merges them, section by section, key by key; a list is replaced as a
whole. dynaconf gets layers that are already read (its own YAML and TOML readers make binary floats)
and leaves that are opaque to it (a password that begins with `@` stays what it is). None of
dynaconf's own loaders runs, so that nothing but the arguments decides the result.
"""

import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from dynaconf.base import Settings as Dynaconf

from xarb_runtime.plugins.keys import KeyPlace
from xarb_runtime.service.settings_finding import SettingFinding
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_yaml import KeyPath, Layer, Leaf, Tree, read_yaml

SETTINGS_FILE = "settings.yaml"
SECRETS_FILE = ".secrets.yaml"
PREFIX = "XARB_"
PACKAGED = "packaged defaults"
KEYSTORE_PASSWORD = KeyPlace().password_env

_SEPARATOR = "__"
_ROOT = "XARB"
_MERGING: dict[str, Any] = {"merge": True, "validate": False, "dotted_lookup": False}


def read_layers(folder: Path, environ: Mapping[str, str]) -> list[Layer]:
    """Return all layers, lowest first."""
    layers = [packaged(), read_yaml(folder / SETTINGS_FILE, secret=False)]
    secrets = folder / SECRETS_FILE
    if secrets.exists():
        layer = read_yaml(secrets, secret=True)
        layer.findings.extend(_readable_by_others(secrets))
        layers.append(layer)
    # A venue's keys come from the environment as well; those variables are no settings.
    others = {KEYSTORE_PASSWORD, *(name for layer in layers for name in _variables(layer.tree))}
    names = sorted(name for name in environ if name.startswith(PREFIX) and name not in others)
    return layers + [_variable(name, environ[name]) for name in names]


def _variables(tree: Tree) -> Iterator[str]:
    """Names of variables of the environment that keys such as `key_env` name."""
    for name, entry in tree.items():
        if isinstance(entry, Mapping):
            yield from _variables(entry)
        elif name.endswith("_env"):
            yield str(entry.value)


def merge(layers: Sequence[Layer]) -> Tree:
    """Return one tree in which the highest layer's leaf stands for each key."""
    merged = Dynaconf(
        dynaconf_skip_loaders=True,
        dynaconf_skip_validators=True,
        AUTO_CAST_FOR_DYNACONF=False,
    )
    for layer in layers:
        merged.set(_ROOT, _copy(layer.tree), loader_identifier=layer.name, **_MERGING)
    return _copy(merged.store[_ROOT])


def variable_of(path: KeyPath) -> str:
    """Return the name of the environment variable that sets a key."""
    return PREFIX + _SEPARATOR.join(path).upper()


def _copy(tree: Mapping[str, Any]) -> Tree:
    # dynaconf changes what it is given, and gives back its own kind of dict.
    return {
        name: _copy(entry) if isinstance(entry, Mapping) else entry for name, entry in tree.items()
    }


def packaged() -> Layer:
    """Return the lowest layer: the defaults of the package."""
    tree = _leaves(Settings())
    del tree["secret_keys"]  # not a setting
    return Layer(PACKAGED, tree, {})


def _leaves(section: msgspec.Struct) -> Tree:
    tree: Tree = {}
    for name, value in msgspec.structs.asdict(section).items():
        if isinstance(value, msgspec.Struct):
            tree[name] = _leaves(value)
        elif isinstance(value, dict):
            tree[name] = {}
        else:
            tree[name] = Leaf(value, PACKAGED)
    return tree


def _readable_by_others(path: Path) -> list[SettingFinding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return []
    message = f"expected a file that only its owner can read (mode 0600), found mode {mode:04o}"
    hint = f"Type: chmod 600 {path}"
    return [SettingFinding(code="XC104", key="", where=str(path), message=message, hint=hint)]


def _variable(name: str, text: str) -> Layer:
    path = tuple(name.removeprefix(PREFIX).lower().split(_SEPARATOR))
    places = {path[: index + 1]: name for index in range(len(path))}
    layer = Layer(name, {}, places, numbered=False)
    if not all(path):
        message = f"expected a name such as {variable_of(('limits', 'ttl_leg_a'))}, found {name}"
        hint = "Two underscores separate a section from a key."
        finding = SettingFinding(code="XC201", key="", where=name, message=message, hint=hint)
        layer.findings.append(finding)
        return layer
    entry: Leaf | Tree = Leaf(text, name, is_text=True)
    for part in reversed(path[1:]):
        entry = {part: entry}
    layer.tree[path[0]] = entry
    return layer
