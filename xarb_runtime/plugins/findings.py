"""
What can be wrong with a plugin: stable codes, and the errors that carry them.

    PluginError
    ├── PluginSettingsError   a plugin's section of the settings does not fit (XP107)
    └── UnknownPluginPart     a name that no plugin offers
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from xarb_runtime.plugins.contracts import Finding

#: Code -> what it means.
CODES = {
    "XP101": "the plugin cannot be imported",
    "XP102": "the plugin was written for another plugin API",
    "XP103": "a hook has arguments that its definition does not have",
    "XP104": "a hook that does not exist, or no hook at all",
    "XP105": "a hook is async",
    "XP106": "two plugins offer the same name",
    "XP107": "settings that the plugin does not understand",
    "XP108": "a hook returned something that is not a spec",
    "XP110": "a required plugin is missing",
    "XP201": "a hook raised",
}


class PluginError(Exception):
    """
    Something is wrong with plugins that the runtime cannot do without.

    Attributes:
        findings: what is wrong, at least one.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(self.findings)

    def __str__(self) -> str:
        return "\n".join(show(finding) for finding in self.findings)


class PluginSettingsError(PluginError, ValueError):
    """A plugin's section of the settings does not fit what the plugin asks for."""


class UnknownPluginPart(PluginError, LookupError):
    """
    No plugin offers this name.

    Attributes:
        name: the name that was asked for.
        known: the names that there are, sorted.
    """

    def __init__(
        self, what: str, name: str, known: Iterable[str], findings: Sequence[Finding]
    ) -> None:
        self.what = what
        self.name = name
        self.known = tuple(sorted(known))
        super().__init__(findings)

    def __str__(self) -> str:
        near = nearest(self.name, self.known)
        known = ", ".join(self.known) or "none"
        lines = [f"No plugin offers the {self.what} {self.name!r}.{near} Known: {known}."]
        if self.findings:
            lines.append("Plugins that were left out:")
            lines += [f"  {show(finding)}" for finding in self.findings]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[type["UnknownPluginPart"], tuple[object, ...]]:
        return type(self), (self.what, self.name, self.known, self.findings)


def show(finding: Finding) -> str:
    """Return a finding as one line for people."""
    need = " (required)" if finding.required else ""
    hint = f" {finding.hint}" if finding.hint else ""
    return f"{finding.code} {finding.plugin}{need}: {finding.message}.{hint}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the known name that is most like `name`, or nothing."""
    near = get_close_matches(name, list(known), 1)
    return f" Did you mean {near[0]!r}?" if near else ""
