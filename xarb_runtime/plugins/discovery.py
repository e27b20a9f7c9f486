"""
Finds plugins, loads each one on its own, and files what they offer in a `Registry`.

Whatever goes wrong with a plugin is a finding with a code; the plugin is listed and left out. Only
what goes wrong with a plugin that the settings call required stops the start.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec
import pluggy

from xarb_runtime.plugins import core as own
from xarb_runtime.plugins import hookspecs
from xarb_runtime.plugins.candidates import Candidate, find_candidates
from xarb_runtime.plugins.contracts import Finding
from xarb_runtime.plugins.findings import PluginError
from xarb_runtime.plugins.loading import (
    Loaded,
    PluginBroken,
    import_plugin,
    load_plugin,
    path_of,
)
from xarb_runtime.plugins.registry import Observer, Observers, PluginInfo, Registry


def discover(
    *,
    builtin: Path | None,
    folders: Sequence[Path] = (),
    entry_points: bool = True,
    allow: Sequence[str] = (),
    block: Sequence[str] = (),
    required: Sequence[str] = (),
    core: Mapping[str, object] | None = None,
    files: Sequence[Path] = (),
) -> Registry:
    """
    Load all plugins and return what they offer.

    Args:
        builtin: the folder of the plugins that ship with xarb.
        folders: local folders: `*.py` and `*/__init__.py` in them.
        entry_points: load installed packages that declare the entry point group `xarb.plugins`.
        allow: the only plugins to load, `*` stands for anything; empty: all.
        block: plugins never to load, nor to import; wins over `allow`.
        required: plugins without which nothing starts.
        core: modules of the runtime that offer something through hooks, by name.
        files: single plugins besides: a file, or the `__init__.py` of a folder.

    Raises:
        PluginError: a required plugin is missing or broken.
    """
    loader = _Loader(allow, block, required)
    for name, module in {"core": own, **(core or {})}.items():
        loader.consider(
            Candidate(name=name, source="core", where="xarb", load=lambda it=module: it)
        )
    for candidate in find_candidates(builtin, folders, files, entry_points=entry_points):
        loader.consider(candidate)
    return loader.finish()


class _Loader:
    def __init__(self, allow: Sequence[str], block: Sequence[str], required: Sequence[str]) -> None:
        self._allow, self._block, self._required = allow, block, required
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._registry = Registry()
        self._observers: list[Observer] = []
        self._paths: set[Path] = set()
        self._providers: dict[str, str] = {}

    def consider(self, candidate: Candidate) -> None:
        if self._seen(candidate.path):
            return
        if self._is_blocked(candidate):
            self._list(candidate, "blocked")
            return
        try:
            self._load(candidate)
        except PluginBroken as broken:
            self._list(candidate, "broken", findings=broken.findings)

    def _seen(self, path: Path | None) -> bool:
        # The same file found in two ways, e.g. built in and as a local folder, is one plugin.
        if path is None or path not in self._paths:
            self._paths.update([path] if path is not None else [])
            return False
        return True

    def _is_blocked(self, candidate: Candidate) -> bool:
        if candidate.source == "core":
            return False
        if any(fnmatchcase(candidate.name, pattern) for pattern in self._block):
            return True
        allowed = (fnmatchcase(candidate.name, pattern) for pattern in self._allow)
        return bool(self._allow) and not any(allowed)

    def _load(self, candidate: Candidate) -> None:
        self._check_free(candidate, f"plugin:{candidate.name}")
        plugin = import_plugin(candidate)
        if candidate.source == "entry point" and self._seen(path_of(plugin)):
            return
        loaded = load_plugin(self._manager, candidate, plugin)
        try:
            self._check_offers(candidate, loaded)
        except PluginBroken:
            self._manager.unregister(plugin)
            raise
        self._file(candidate, loaded)

    def _check_free(self, candidate: Candidate, key: str) -> None:
        taken = self._providers.get(key)
        if taken is not None:
            raise PluginBroken([_duplicate(candidate, key, taken)])

    def _check_offers(self, candidate: Candidate, loaded: Loaded) -> None:
        mine: set[str] = set()
        for offer in loaded.offers:
            self._check_free(candidate, offer.key)
            if offer.key in mine:
                raise PluginBroken([_duplicate(candidate, offer.key, _provider(candidate))])
            mine.add(offer.key)

    # -- What is known in the end ----------------------------------------------------------------

    def _file(self, candidate: Candidate, loaded: Loaded) -> None:
        for offer in loaded.offers:
            self._registry.shelf(offer.kind)[offer.name] = offer.spec
            self._providers[offer.key] = _provider(candidate)
        self._providers[f"plugin:{candidate.name}"] = _provider(candidate)
        self._observers += loaded.observers
        self._registry.modules[candidate.name] = loaded.plugin
        self._list(candidate, "active", loaded)

    def _list(
        self,
        candidate: Candidate,
        status: Literal["active", "broken", "blocked"],
        loaded: Loaded | None = None,
        findings: Sequence[Finding] = (),
    ) -> None:
        marked = tuple(self._mark(finding) for finding in findings)
        self._registry.findings += marked
        self._registry.plugins.append(
            PluginInfo(
                name=candidate.name,
                source=candidate.source,
                where=candidate.where,
                version=loaded.version if loaded else candidate.version,
                status=status,
                provides=loaded.provides if loaded else (),
                findings=marked,
            )
        )

    def _mark(self, finding: Finding) -> Finding:
        return msgspec.structs.replace(finding, required=finding.plugin in self._required)

    def finish(self) -> Registry:
        registry = self._registry
        registry.observers = Observers(self._observers)
        registry.findings += [self._mark(finding) for finding in self._missing()]
        active = {info.name for info in registry.plugins if info.status == "active"}
        stopping = [it for it in registry.findings if it.required and it.plugin not in active]
        if stopping:
            raise PluginError(stopping)
        return registry

    def _missing(self) -> Iterable[Finding]:
        found = {info.name for info in self._registry.plugins}
        blocked = {info.name for info in self._registry.plugins if info.status == "blocked"}
        for name in self._required:
            if name not in found:
                message = "expected a plugin of this name, found none"
                known = ", ".join(sorted(found))
                hint = f"Install it, or take it out of plugins.required. Found: {known}."
                yield Finding(code="XP110", plugin=name, message=message, hint=hint)
            elif name in blocked:
                message = "expected it to be loaded, found it forbidden by plugins.allow or block"
                hint = "Allow it, or take it out of plugins.required."
                yield Finding(code="XP110", plugin=name, message=message, hint=hint)


def _provider(candidate: Candidate) -> str:
    version = f" {candidate.version}" if candidate.version else ""
    return f"{candidate.name}{version} ({candidate.source}, {candidate.where})"


def _duplicate(candidate: Candidate, key: str, taken: str) -> Finding:
    kind, _, name = key.partition(":")
    message = (
        f"expected one provider of the {kind} {name!r}, found {taken} and {_provider(candidate)}"
    )
    hint = "The second is left out. Rename one of them, or block it."
    return Finding(code="XP106", plugin=candidate.name, message=message, hint=hint)
