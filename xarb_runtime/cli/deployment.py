"""
The deployment that a command works on.
"""

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING

from xarb_runtime.cli.state import keep_secret
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.redaction import secrets_of
from xarb_runtime.service.settings import SETTINGS_FILE, load_settings
from xarb_runtime.service.settings_model import Settings

if TYPE_CHECKING:
    from xarb_runtime.plugins.registry import Registry


def settings_of(folder: Path) -> Settings:
    """
    Return the settings of the deployment in a folder.

    Raises:
        ProblemError: the folder is no deployment.
        SettingsError: with everything that is wrong.
    """
    require_deployment(folder)
    settings = load_settings(folder, os.environ)
    keep_secret(secrets_of(settings))
    return settings


def registry_of(folder: Path) -> "Registry":
    """
    Return the plugins of the deployment in a folder; where there is none, those that are installed.

    Raises:
        SettingsError, PluginError: what is wrong.
    """
    from xarb_runtime.service.assembly import discover_plugins

    deployed = (folder / SETTINGS_FILE).is_file()
    settings = load_settings(folder, os.environ) if deployed else Settings()
    return discover_plugins(folder, settings)


def require_deployment(folder: Path) -> None:
    """
    Make sure that a folder is a deployment.

    Raises:
        ProblemError: it is not.
    """
    if not (folder / SETTINGS_FILE).is_file():
        problem = Problem(
            what="this is no deployment",
            where=str(folder.absolute()),
            expected=f"a folder with {SETTINGS_FILE}",
            found="none",
            do="Go to one, name one with --folder DIR, or make one: xarb init DIR",
        )
        raise ProblemError(problem)


def operator() -> str:
    """Return who types, for the audit."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid-{os.getuid()}"
