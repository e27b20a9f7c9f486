"""
Settings: read once at start, checked completely, then one frozen object.

    settings = load_settings(Path("."), os.environ)

Layers, from the bottom: packaged defaults, `settings.yaml`, `.secrets.yaml`, environment variables
`XARB_SECTION__KEY` (`XARB_LIMITS__TTL_LEG_A=900ms`). The result depends on the two arguments and on
the two files only: nothing is kept between two loads, and the process's environment is not read.
"""

from collections.abc import Mapping
from pathlib import Path

from xarb_runtime.service.settings_check import check
from xarb_runtime.service.settings_finding import SettingFinding, SettingsError
from xarb_runtime.service.settings_layers import SECRETS_FILE, SETTINGS_FILE, read_layers
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_schema import SettingDoc, settings_reference
from xarb_runtime.service.settings_secret import SecretText
from xarb_runtime.service.settings_sections import (
    BusSettings,
    ChartSettings,
    ControlSettings,
    DebugSettings,
    KpiSettings,
    LogSettings,
    MetricsSettings,
    PluginSettings,
    ServiceSettings,
    StoreSettings,
    TracingSettings,
    VenueSettings,
)


def load_settings(folder: Path, environ: Mapping[str, str]) -> Settings:
    """
    Read the settings of the deployment in `folder`.

    Args:
        folder: where `settings.yaml` lies, and `.secrets.yaml` if there is one.
        environ: environment variables; those that begin with `XARB_` are settings.

    Raises:
        SettingsError: with everything that is wrong, at once.
    """
    settings, findings = check(read_layers(folder, environ))
    if findings:
        raise SettingsError(findings)
    return settings


__all__ = [
    "SECRETS_FILE",
    "SETTINGS_FILE",
    "BusSettings",
    "ChartSettings",
    "ControlSettings",
    "DebugSettings",
    "KpiSettings",
    "LogSettings",
    "MetricsSettings",
    "PluginSettings",
    "SecretText",
    "ServiceSettings",
    "SettingDoc",
    "SettingFinding",
    "Settings",
    "SettingsError",
    "StoreSettings",
    "TracingSettings",
    "VenueSettings",
    "load_settings",
    "settings_reference",
]
