"""
Where plugins come from, which of them are loaded, and how they are looked up.
"""

import sys
from pathlib import Path

import pytest

from tests.plugins.worlds import BUILTIN, REGISTRY
from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.findings import UnknownPluginPart
from xarb_runtime.plugins.registry import Registry

HEDGE = """
from xarb_runtime.plugins import hookimpl
from xarb_runtime.plugins.contracts import HedgeSpec, HedgeStrategy

__version__ = "2.1"


@hookimpl
def xarb_hedges():
    return [HedgeSpec(name="{name}", version="1", create=HedgeStrategy)]
"""


def write(folder: Path, file: str, name: str) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEDGE.format(name=name))
    return path


def install(site: Path, distribution: str, points: str) -> None:
    info = site / f"{distribution}-3.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 3.0\n")
    (info / "entry_points.txt").write_text(f"[xarb.plugins]\n{points}\n")


def statuses(registry: Registry) -> dict[str, str]:
    return {it.name: it.status for it in registry.plugins if it.source != "core"}


def test_the_shipped_plugins_load_without_findings() -> None:
    assert REGISTRY.findings == []
    assert {"ghost", "ghost_remote"} <= set(REGISTRY.venues)
    assert {"alt_line", "total", "unwind"} <= set(REGISTRY.hedges)


def test_the_contexts_of_our_own_charts_are_there() -> None:
    assert {"cross_venue", "supervisor", "venue_health"} <= set(REGISTRY.context_types)
    assert CrossVenue is REGISTRY.context("cross_venue").context


def test_a_plugin_says_what_it_provides() -> None:
    ghost = next(info for info in REGISTRY.plugins if info.name == "ghost")

    assert (ghost.source, ghost.status) == ("builtin", "active")
    assert ghost.provides == ("venue:ghost", "venue:ghost_remote")
    assert REGISTRY.venue("ghost").version == ghost.version


def test_a_folder_that_is_both_built_in_and_local_is_one_plugin() -> None:
    registry = discover(
        builtin=BUILTIN, folders=[BUILTIN, BUILTIN / ".." / "plugins"], entry_points=False
    )

    assert registry.findings == []
    assert statuses(REGISTRY) == statuses(registry)


def test_a_link_to_a_plugin_is_the_same_plugin(tmp_path: Path) -> None:
    (tmp_path / "ghost").symlink_to(BUILTIN / "ghost")

    assert discover(builtin=BUILTIN, folders=[tmp_path], entry_points=False).findings == []


def test_files_and_folders_are_plugins_and_what_is_private_is_not(tmp_path: Path) -> None:
    write(tmp_path, "file.py", "a")
    write(tmp_path, "folder/__init__.py", "b")
    write(tmp_path, "_private.py", "c")
    write(tmp_path, ".hidden/__init__.py", "d")
    write(tmp_path, "folder/part.py", "e")
    (tmp_path / "notes.txt").write_text("nothing")
    registry = discover(builtin=None, folders=[tmp_path, tmp_path / "none"], entry_points=False)

    assert statuses(registry) == {"file": "active", "folder": "active"}
    assert list(registry.hedges) == ["a", "b"]


def test_installed_plugins_come_from_entry_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "installed_hedge.py", "installed")
    install(tmp_path, "xarb-installed", "neat = installed_hedge\nlost = installed_hedge_not")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = discover(builtin=None)
    neat = next(info for info in registry.plugins if info.name == "neat")

    assert (
        neat.source,
        neat.version,
        neat.where,
    ) == ("entry point", "3.0", "xarb-installed (installed_hedge)")
    assert "installed" in registry.hedges
    assert [it.code for it in registry.findings if it.plugin == "lost"] == ["XP101"]


def test_installed_plugins_can_be_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "xarb-broken", "lost = no_such_module")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert statuses(discover(builtin=None, entry_points=False)) == {}


def test_an_installed_plugin_that_lies_in_a_local_folder_is_one_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "both_ways.py", "both")
    install(tmp_path, "xarb-both", "both_ways = both_ways")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = discover(builtin=None, folders=[tmp_path])

    assert registry.findings == []
    assert "both" in registry.hedges


def test_the_first_of_two_plugins_of_one_name_stays_and_the_finding_names_both(
    tmp_path: Path,
) -> None:
    first = write(tmp_path / "a", "same.py", "first")
    second = write(tmp_path / "b", "same.py", "second")
    registry = discover(builtin=None, folders=[tmp_path / "a", tmp_path / "b"], entry_points=False)

    assert list(registry.hedges) == ["first"]
    assert [finding.code for finding in registry.findings] == ["XP106"]
    assert str(first) in registry.findings[0].message
    assert str(second) in registry.findings[0].message


@pytest.mark.parametrize(
    ("allow", "block", "expected"),
    [
        ([], [], {"one": "active", "two": "active"}),
        (["one"], [], {"one": "active", "two": "blocked"}),
        ([], ["one"], {"one": "blocked", "two": "active"}),
        (["o*"], [], {"one": "active", "two": "blocked"}),
        (["one"], ["*"], {"one": "blocked", "two": "blocked"}),
    ],
)
def test_allow_and_block_decide_what_is_loaded(
    tmp_path: Path, allow: list[str], block: list[str], expected: dict[str, str]
) -> None:
    write(tmp_path, "one.py", "one")
    write(tmp_path, "two.py", "two")
    registry = discover(
        builtin=None, folders=[tmp_path], entry_points=False, allow=allow, block=block
    )

    assert expected == statuses(registry)


def test_a_blocked_plugin_is_not_even_imported(tmp_path: Path) -> None:
    (tmp_path / "bomb.py").write_text("raise KeyboardInterrupt\n")
    registry = discover(builtin=None, folders=[tmp_path], entry_points=False, block=["bomb"])

    assert statuses(registry) == {"bomb": "blocked"}


def test_a_plugin_whose_import_broke_leaves_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path, "half/__init__.py", "half").write_text("from . import rest\nraise OSError\n")
    write(tmp_path, "half/rest.py", "rest")
    discover(builtin=None, folders=[tmp_path], entry_points=False)

    assert [name for name in sys.modules if name.startswith("xarb_plugins.half")] == []


def test_each_runtime_has_plugins_of_its_own() -> None:
    first = discover(builtin=BUILTIN, entry_points=False)
    second = discover(builtin=BUILTIN, entry_points=False)
    first.venues.clear()

    assert "ghost" in second.venues


def test_a_part_of_the_runtime_can_offer_something_through_hooks() -> None:
    module = REGISTRY.module("hedge_total")
    registry = discover(builtin=None, entry_points=False, core={"own": module}, block=["*"])

    assert list(registry.hedges) == ["total"]


def test_a_hook_that_is_meant_for_a_newer_runtime_is_no_mistake(tmp_path: Path) -> None:
    hook = "\n\n@hookimpl(optionalhook=True)\ndef xarb_moons():\n    return []\n"
    path = write(tmp_path, "ahead.py", "ahead")
    path.write_text(path.read_text() + hook)

    assert discover(builtin=None, folders=[tmp_path], entry_points=False).findings == []


def test_a_name_that_nobody_offers_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(UnknownPluginPart) as raised:
        REGISTRY.venue("gost")

    known = ("azuro", "ccxt_prediction", "ghost", "ghost_remote", "sx_bet")
    assert f"'gost'. Did you mean 'ghost'? Known: {', '.join(known)}." in str(raised.value)
    assert (raised.value.name, raised.value.known) == ("gost", known)


def test_a_single_file_is_a_plugin_beside_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, "alone.py", "alone")

    registry = discover(builtin=BUILTIN, files=[path], entry_points=False)

    assert (registry.plugins[-1].name, registry.plugins[-1].source) == ("alone", "file")
    assert not registry.findings


def test_a_name_of_a_plugin_that_was_left_out_is_answered_with_what_is_wrong_with_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "torn.py").write_text("raise OSError('torn')\n")
    registry = discover(builtin=None, folders=[tmp_path], entry_points=False)

    with pytest.raises(LookupError, match=r"Known: none\.\n.*left out:\n  XP101 torn: .*torn"):
        registry.bus("torn")
