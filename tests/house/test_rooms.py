"""
Imports go one way.

The order of the rooms is in pyproject.toml, for import-linter; here is what it cannot see.
"""

import subprocess
import sys
from pathlib import Path

from tests.house.source import ROOT, imported, modules, within

#: What python-statemachine publishes; the rest of it may change with any release.
PUBLISHED = {"statemachine", "statemachine.exceptions", "statemachine.io.validation"}


def test_rooms_import_downwards_only() -> None:
    """In a process of its own: import-linter sets up logging for all who come after it."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_first_party_plugins_use_what_a_third_party_may_use() -> None:
    found = [
        f"{name}:{line} imports {module}. Expected xarb_runtime.plugins, .domain or .testing."
        for name in modules("plugins")
        for line, module in imported(name)
        if within(module, "xarb_runtime")
        and not within(
            module, "xarb_runtime.plugins", "xarb_runtime.domain", "xarb_runtime.testing"
        )
    ]

    assert not found, "\n".join(found)


def test_first_party_plugins_do_not_import_each_other() -> None:
    found = [
        f"{name}:{line} imports {module}."
        for name in modules("plugins")
        for line, module in imported(name)
        if within(module, "xarb_plugins", "plugins")
        and not within(module, f"xarb_plugins.{name.split('/')[1]}")
    ]

    assert not found, "\n".join(found)


def test_only_the_statechart_room_imports_python_statemachine() -> None:
    found = [
        f"{name}:{line} imports {module}."
        for name in modules("xarb_runtime", "plugins")
        if not name.startswith("xarb_runtime/statechart/")
        for line, module in imported(name)
        if within(module, "statemachine")
    ]

    assert not found, "\n".join(found)


def test_only_one_file_touches_the_internals_of_python_statemachine() -> None:
    found = [
        f"{name}:{line} imports {module}. Move it to xarb_runtime/statechart/internals.py."
        for name in modules("xarb_runtime/statechart")
        if name != "xarb_runtime/statechart/internals.py"
        for line, module in imported(name)
        if within(module, "statemachine") and module not in PUBLISHED
    ]

    assert not found, "\n".join(found)
