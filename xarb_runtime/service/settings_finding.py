"""
What can be wrong with settings, and the one error that says all of it at once.

Codes: XC101 a file cannot be read, XC102 it is not YAML of the plain kind, XC103 a key is written
twice, XC104 the secrets file can be read by others; XC201 a key is unknown, XC202 a value does not
fit its key, XC203 values that do not go together or are out of range, XC204 a key is missing, XC205
a secret stands where none belongs; XC301 nothing can come of it, which stops no start.
"""

import msgspec


class SettingFinding(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that is wrong.

    Attributes:
        code: a stable code, see the module.
        key: the key path, e.g. `limits.ttl_leg_a`; empty when a whole file is meant.
        where: the layer: `settings.yaml:12`, an environment variable, or the packaged defaults.
        message: what was expected, and what was found.
        hint: what to do; may be empty.
    """

    code: str
    key: str
    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        about = f"{self.key} ({self.where})" if self.key else self.where
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.code} {about}: {self.message}.{hint}"


class SettingsError(ValueError):
    """
    The settings do not fit. Nothing was started.

    Attributes:
        findings: everything that is wrong, in the order of the layers.
    """

    def __init__(self, findings: tuple[SettingFinding, ...]) -> None:
        super().__init__(findings)
        self.findings = findings

    def __str__(self) -> str:
        count = len(self.findings)
        title = f"{count} {'problem' if count == 1 else 'problems'} in the settings"
        return "\n".join([f"{title}:", *(f"  {finding}" for finding in self.findings)])
