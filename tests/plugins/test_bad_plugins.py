"""
Each plugin in `tests/plugins_bad` is wrong in one way, and that is what is said about it.
"""

import asyncio
from pathlib import Path

import pytest

from tests.plugins.worlds import ROOT
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.findings import CODES, PluginError, show

BAD = ROOT / "tests" / "plugins_bad"
CASES = sorted(path.name for path in BAD.iterdir() if path.name.startswith("xp"))


@pytest.mark.parametrize("case", CASES)
def test_a_bad_plugin_triggers_exactly_its_code(case: str) -> None:
    registry = discover(builtin=None, folders=[BAD / case], entry_points=False)

    assert [case[:5].upper()] == [finding.code for finding in registry.findings]


@pytest.mark.parametrize("case", CASES)
def test_a_bad_plugin_is_listed_and_left_out(case: str) -> None:
    registry = discover(builtin=None, folders=[BAD / case], entry_points=False)
    broken = registry.plugins[-1]

    assert (broken.status, broken.provides) == ("broken", ())
    assert broken.findings == tuple(registry.findings)
    assert broken.name not in registry.modules


@pytest.mark.parametrize("case", CASES)
def test_a_bad_plugin_that_is_required_stops_the_start(case: str) -> None:
    name = discover(builtin=None, folders=[BAD / case], entry_points=False).plugins[-1].name

    with pytest.raises(PluginError, match=rf"{case[:5].upper()} {name} \(required\)"):
        discover(builtin=None, folders=[BAD / case], entry_points=False, required=[name])


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("xp101_import", ["No module named 'a_module_that_does_not_exist'", "lost.py:3"]),
        ("xp101_exits", ["SystemExit: 3", "leaving.py:5"]),
        ("xp101_part", ["RuntimeError: no licence", "rest.py:3"]),
        ("xp101_syntax", ["SyntaxError", "torn"]),
        ("xp102_api", ["HedgeSpec 'dated'", "API 1 to 1, found 0"]),
        ("xp103_argument", ["colour", "xarb_venues"]),
        ("xp104_misspelt", ["found xarb_venue.", "Did you mean 'xarb_venues'?"]),
        ("xp104_unmarked", ["xarb_venues without @hookimpl"]),
        ("xp104_nothing", ["xarb_on_incident", "may begin with _"]),
        ("xp105_async", ["xarb_venues to be a plain function, found async def"]),
        ("xp106_twice", ["hedge 'same'", "one.py", "two.py", "block"]),
        ("xp108_none", ["found NoneType"]),
        ("xp108_other", ["expected xarb_venues to return VenueSpec, found HedgeSpec"]),
        ("xp108_single", ["a list of HedgeSpec, found HedgeSpec"]),
        ("xp108_settings", ["settings: expected a subclass of Struct"]),
        (
            "xp108_simulator",
            ["simulator: expected something to call, or None, found str 'fake.py'"],
        ),
        ("xp108_simulator_settings", ["simulator_settings: expected a subclass of Struct"]),
        ("xp201_raises", ["xarb_venues", "RuntimeError: not today"]),
        ("xp201_late", ["SystemExit: 3"]),
    ],
)
def test_a_finding_says_what_was_found(case: str, words: list[str]) -> None:
    registry = discover(builtin=None, folders=[BAD / case], entry_points=False)
    text = show(registry.findings[0])

    assert [word for word in words if word not in text] == []


def test_a_required_plugin_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(PluginError, match=r"XP110 nobody \(required\)"):
        discover(builtin=None, entry_points=False, required=["nobody"])


def test_a_required_plugin_that_is_blocked_stops_the_start() -> None:
    folders = [BAD / "xp106_twice"]

    with pytest.raises(PluginError, match="XP110 one"):
        discover(builtin=None, folders=folders, entry_points=False, block=["one"], required=["one"])


def test_one_bad_plugin_does_not_cost_another_one() -> None:
    folders = [BAD / case for case in CASES if case != "xp106_twice"]
    registry = discover(builtin=None, folders=[*folders, BAD / "xp106_twice"], entry_points=False)

    assert list(registry.hedges) == ["same"]


def test_an_interrupt_from_the_keyboard_is_not_a_bad_plugin(tmp_path: Path) -> None:
    (tmp_path / "stop.py").write_text("raise KeyboardInterrupt\n")

    with pytest.raises(KeyboardInterrupt):
        discover(builtin=None, folders=[tmp_path], entry_points=False)


def test_a_plugin_that_raises_cancelled_does_not_cancel_us(tmp_path: Path) -> None:
    (tmp_path / "rude.py").write_text("import asyncio\nraise asyncio.CancelledError\n")

    async def scene() -> list[str]:
        registry = discover(builtin=None, folders=[tmp_path], entry_points=False)
        return [finding.code for finding in registry.findings]

    assert asyncio.run(scene()) == ["XP101"]


def test_every_code_but_those_of_settings_and_absence_has_a_bad_plugin() -> None:
    shown = {case[:5].upper() for case in CASES}

    assert set(CODES) - {"XP107", "XP110"} == shown
