"""A wrong scenario says what, where, what was expected and what to do; nothing is played."""

from pathlib import Path

import pytest

from tests.simulation.stage import SCENARIOS, registry
from xarb_runtime.simulation.scenario import Scenario
from xarb_runtime.simulation.scenario_file import (
    ScenarioError,
    read_folder,
    read_scenario,
    settings_of,
)

USUAL = """\
title: a title
story: a story
expect: {executions: {}}
"""


def read(text: str, name: str = "01_name.yaml") -> Scenario:
    return read_scenario(text, Path("folder") / name, registry())


def fault(more: str) -> str:
    """What is said about the usual scenario with more lines, which begin on line 4."""
    with pytest.raises(ScenarioError) as caught:
        read(USUAL + more)
    assert len(caught.value.findings) == 1
    return str(caught.value)


def test_a_short_scenario_is_named_after_its_file() -> None:
    scenario = read(USUAL)

    assert scenario.name == "01_name"
    assert scenario.until_ms == 10_000


@pytest.mark.parametrize(
    ("more", "place", "problem"),
    [
        ("titel: x", "4: titel", "found titel. Did you mean 'title'?"),
        ("until: soon", "4: until", "expected a duration such as 800ms, 2.5s, 10m or 1h, found"),
        ("until: 3", "4: until", "expected `str`, found `int`"),
        ("name: 02_other", "4: name", "expected nothing or the file's name 01_name, found 02_oth"),
        ("settings: {limit: {}}", "4: settings.limit", "expected one of limits, kpi, service, ven"),
        ("settings:\n  limits:\n    ttl_leg: 1s", "6: settings.limits.ttl_leg",
         "expected a known key, found an unknown one. Did you mean limits.ttl_leg_"),
        ("settings: {limits: {ttl_leg_a: 800}}", "4: settings.limits.ttl_leg_a",
         "expected a duration such as 800ms"),
        ("settings: {limits: {min_fill_ratio: 2}}", "4: settings.limits.min_fill_ratio",
         "expected a share from 0 to 1, found 2"),
        ("venues: {sx: {latecy: 1s}}", "4: venues.sx.latecy", "Did you mean 'latency'?"),
        ("venues:\n  sx:\n    orders:\n      - {}\n      - answer: no", "8: venues.sx.orders[1].a",
         "expected one of accepted, error, hang, refused, silence, unknown, found 'no'"),
        ("venues: {bx: {}}", "4: venues.bx.kind", "expected a kind of venue, found none"),
        ("venues: {sx: {kind: sx_bet}}", "4: venues.sx.kind", "expected a kind that begins with"),
        ("venues: {sx: {kind: ghost_remote}}", "4: venues.sx.kind", "expected ghost, as only gho"),
        ("opportunities: [{at: 1s}]", "4: opportunities[0].id", "expected the opportunity's id"),
        ("opportunities: [{id: o, times: 0}]", "4: opportunities[0].times", "expected 1 or more"),
        ("opportunities: [{id: o, at: 1}]", "4: opportunities[0].at", "expected `str`, found"),
        ("opportunities: [{id: o, hedges: {luck: {}}}]", "4: opportunities[0].hedges.luck",
         "expected one of alt_line, total, unwind, found luck"),
        ("operator: [{say: pause}]", "4: operator[0].at", "expected either at or when, found both"),
        ("operator: [{say: sleep, at: 1s}]", "4: operator[0].say", "expected one of halt, pause,"),
        ("operator: [{say: resolve, at: 1s}]", "4: operator[0].to", "expected an execution for "),
        ("crashes: [{kill: lunch:1}]", "4: crashes[0].kill", "expected NAME:N or NAME:WHAT:N wit"),
        ("clock: [{at: 1s, forward: far}]", "4: clock[0].forward", "expected a duration such as"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(more: str, place: str, problem: str) -> None:
    told = fault(more)

    assert told.startswith(f"01_name.yaml:{place}")
    assert problem in told


def test_a_key_that_is_there_twice_is_refused() -> None:
    assert "01_name.yaml:4: expected each key once, found 'title' again" in fault("title: another")


def test_what_is_no_yaml_is_told_with_its_line() -> None:
    assert fault("until: a: b").startswith("01_name.yaml:4: expected YAML, found: mapping values")


@pytest.mark.parametrize("text", ["", "- 1", "just words"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"01_name.yaml:1: expected a mapping with the keys of"):
        read(text)


def test_a_missing_part_is_named() -> None:
    with pytest.raises(ScenarioError, match=r"01_name.yaml:1: story: expected a value, found none"):
        read("title: x\nexpect: {}\n")


def test_all_wrong_files_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "01_good.yaml").write_text(USUAL)
    (tmp_path / "02_bad.yaml").write_text(USUAL + "titel: x")
    (tmp_path / "03_bad.yaml").write_bytes(b"\xff\xfe")

    with pytest.raises(ScenarioError) as caught:
        read_folder(tmp_path, registry())

    assert [it.file for it in caught.value.findings] == ["02_bad.yaml", "03_bad.yaml"]
    assert "expected a text in UTF-8" in str(caught.value)


def test_a_folder_without_scenarios_says_where_there_are_some(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"found no \*\.yaml.*statecharts/scenarios"):
        read_folder(tmp_path, registry())


def test_a_name_that_nothing_has_is_repeated(tmp_path: Path) -> None:
    (tmp_path / "01_good.yaml").write_text(USUAL)

    with pytest.raises(ScenarioError, match="with 'bad' in its name"):
        read_folder(tmp_path, registry(), only="bad")


def test_scenarios_are_read_in_the_order_of_their_names() -> None:
    found = read_folder(SCENARIOS, registry(), only="leg_a_")

    assert [it.name for it in found] == sorted(it.name for it in found)
    assert len(found) > 3


def test_numbers_in_scenarios_are_exact() -> None:
    settings = settings_of(read(USUAL + "settings: {limits: {min_m_net: 0.1}}"))

    assert str(settings.limits.min_m_net) == "0.1"


def test_a_change_of_one_capability_leaves_the_others() -> None:
    scenario = read(USUAL + "venues: {azuro: {capabilities: {cancel: true}}}")

    section = settings_of(scenario).venues["azuro"]

    assert section["capabilities"]["cancel"] is True
    assert section["capabilities"]["partial_fills"] is False
    assert section["prices"]["total_224.5/under"] == "2.06"


def test_a_venue_that_is_final_at_once_does_not_become_final_later() -> None:
    scenario = read(USUAL + "venues: {sx: {capabilities: {final_at_once: true}}}")

    assert "final_after" not in settings_of(scenario).venues["sx"]
