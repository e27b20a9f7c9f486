"""Plugins as they are listed: what their venues can do, and how far the kit trusts them."""

import json
from pathlib import Path

import pytest

from tests.cli.deployed import told, xarb
from tests.plugins.worlds import REGISTRY
from xarb_runtime.ops.plugin_listing import ListedPlugin, list_plugins
from xarb_runtime.testing.case import Level
from xarb_runtime.testing.report import Report


def report(path: Path, *, version: str = "", level: Level | None = Level.SILVER) -> Path:
    version = version or REGISTRY.venue("sx_bet").version
    found = Report(plugin="sx_bet", version=version, kit="1.0", level=level, outcomes=())
    path.write_text(found.to_json())
    return path


def listed(*reports: Path) -> dict[str, ListedPlugin]:
    return {it.name: it for it in list_plugins(REGISTRY, reports)}


def test_capabilities_are_those_without_settings() -> None:
    found = listed()

    assert found["sx_bet"].capabilities["sx_bet"].dead_man_heartbeat
    assert not found["azuro"].capabilities["azuro"].cancel
    assert found["hedge_unwind"].capabilities == {}


def test_what_depends_on_settings_is_not_told() -> None:
    found = listed()

    assert found["ccxt_prediction"].capabilities == {}
    assert set(found["ghost"].capabilities) == {"ghost"}


def test_a_report_of_this_version_says_the_level(tmp_path: Path) -> None:
    found = listed(tmp_path / "gone.json", report(tmp_path / "conformance.json"))

    assert found["sx_bet"].kit["sx_bet"].level == "silver"
    assert found["azuro"].kit == {}


@pytest.mark.parametrize("text", ["", "{}", "[1]"])
def test_what_is_no_report_is_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "conformance.json").write_text(text)

    assert listed(tmp_path / "conformance.json")["sx_bet"].kit == {}


def test_a_report_of_another_version_says_nothing(tmp_path: Path) -> None:
    assert listed(report(tmp_path / "a.json", version="0.0.9"))["sx_bet"].kit == {}


def test_they_are_shown_on_request_and_to_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report(tmp_path / "conformance.json")

    short, long = told(xarb("plugins")), told(xarb("plugins", "list", "-v"))
    (own,) = [it for it in json.loads(xarb("plugins", "--json").stdout) if it["name"] == "sx_bet"]

    assert "dead_man_heartbeat" not in short
    assert "sx_bet silver partial_fills, cancel, dead_man_heartbeat, proves_absence," in long
    assert "ccxt_prediction no report it depends on its settings" in long
    assert own["capabilities"]["sx_bet"]["cancel"] is True
    assert own["kit"]["sx_bet"]["level"] == "silver"
