"""Settings: every key is documented, and the settings file at the top is in order."""

from pathlib import Path

import msgspec
import pytest

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.service.settings import VenueSettings, load_settings, settings_reference
from xarb_runtime.service.settings_schema import documentation, keys, sections

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize("line", settings_reference(), ids=lambda line: line.key)
def test_every_key_has_a_doc(line) -> None:
    assert line.doc.endswith(".")
    assert line.type


@pytest.mark.parametrize("path", [path for path in sections() if path])
def test_every_section_has_a_doc(path) -> None:
    assert documentation(sections()[()])[path[0]]


def test_no_doc_speaks_of_a_key_that_is_gone() -> None:
    for section in sections().values():
        assert set(documentation(section)) <= set(section.__struct_fields__)


def test_every_duration_has_its_milliseconds() -> None:
    for path, section in sections().items():
        if section.__module__.startswith("xarb_runtime.domain"):
            continue
        durations = [key for key in keys().values() if key.path[:-1] == path and key.is_duration]
        for key in durations:
            value = getattr(section(), f"{key.path[-1]}_ms")
            assert value == parse_duration_ms(key.default)


def test_the_reference_names_every_field_once() -> None:
    names = [line.key for line in settings_reference()]
    fields = sum(len(section.__struct_fields__) for section in sections().values())
    inner = len(sections()) - 1

    assert len(names) == len(set(names))
    assert len(names) == fields - inner - len({"venues", "secret_keys"}) + len(
        VenueSettings.__struct_fields__
    )


def test_the_top_level_file_is_in_order() -> None:
    settings = load_settings(TOP, {})

    assert settings.mode == "ghost"
    assert set(settings.venues) == {"sx", "azuro"}


def test_plugins_take_the_venues_of_the_top_level_file() -> None:
    settings = load_settings(TOP, {"XARB_VENUES__SX__SEED": "77", "XARB_VENUES__SX__DOWN": "[]"})
    registry = discover(builtin=TOP / "plugins", entry_points=False)
    own = {
        name: open_settings(
            registry.venue(settings.venue_kind(name)), settings.venue_own(name), f"venues.{name}"
        )
        for name in settings.venues
    }
    can = {name: registry.venue(settings.venue_kind(name)).capabilities(own[name]) for name in own}

    assert own["sx"].seed == 77
    assert (can["sx"].cancel, can["sx"].partial_fills) == (True, True)
    assert (can["azuro"].cancel, can["azuro"].partial_fills) == (False, False)


def test_the_top_level_file_repeats_the_packaged_defaults() -> None:
    """What it shows for a newcomer must be what the program does without it."""
    written = msgspec.to_builtins(load_settings(TOP, {}))
    packaged = msgspec.to_builtins(sections()[()]())

    assert written | {"venues": {}} == packaged


def test_the_top_level_file_shows_every_key() -> None:
    text = (TOP / "settings.yaml").read_text()
    missing = [key.name for key in keys().values() if f"{key.path[-1]}:" not in text]

    assert missing == []
