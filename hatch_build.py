"""
Puts into the wheel what lies beside the package in a checkout.

`xarb_runtime.bundle` finds it in both places. An editable install needs no copies.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLED = ("statecharts", "plugins", "runbooks", "settings.yaml")


class BundleHook(BuildHookInterface[Any]):
    """Adds charts, scenarios, plugins, runbooks and settings under `xarb_runtime/_bundled`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to include; a missing one stops the build."""
        if version == "editable":
            return
        for name in BUNDLED:
            build_data["force_include"][name] = f"xarb_runtime/_bundled/{name}"
