"""Settings: layers, exact numbers, purity."""

import contextlib
import os
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.settings.deployment import load
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.service.settings import Settings, SettingsError, load_settings

_YAML = "{}[]:,-&*!|>'\"%@`#? \nab.01<"


def test_an_empty_file_gives_the_packaged_defaults(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()


def test_defaults_of_the_limits_are_those_of_the_domain(tmp_path: Path) -> None:
    assert load(tmp_path).limits == Limits()


def test_the_file_wins_over_the_packaged_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, "service: {batch: 7}")

    assert settings.service.batch == 7
    assert settings.service.heartbeat == "2s"


def test_secrets_win_over_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, "bus: {url: embedded://a}", "bus: {url: embedded://b}")

    assert settings.bus.url == "embedded://b"


def test_the_environment_wins_over_all_files(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "limits: {ttl_leg_a: 1s}",
        "limits: {ttl_leg_a: 2s}",
        XARB_LIMITS__TTL_LEG_A="900ms",
    )

    assert settings.limits.ttl_leg_a == "900ms"


def test_variables_without_the_prefix_are_not_read(tmp_path: Path) -> None:
    assert load(tmp_path, MODE="live", DYNACONF_MODE="live") == Settings()


def test_layers_merge_key_by_key(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "venues: {sx: {kind: ghost, latency: 1ms}}",
        "venues: {sx: {api_key: hush}}",
        XARB_VENUES__SX__SEED="7",
    )

    assert settings.venue_own("sx") == {"latency": "1ms", "api_key": "hush", "seed": "7"}


def test_lists_are_replaced_as_a_whole(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "limits: {hedge_order: [total]}\nvenues: {sx: {kind: ghost, quotes: [1, 2]}}",
        "venues: {sx: {quotes: [3]}}",
    )

    assert settings.limits.hedge_order == ("total",)
    assert settings.venue_own("sx")["quotes"] == [3]


def test_an_empty_section_says_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, "limits:\nvenues:\n") == Settings()


@pytest.mark.parametrize("text", ["0.1", "0.60", "1e-3", ".5", "0.005", "12345678901234567890.1"])
def test_numbers_with_a_point_are_exact(tmp_path: Path, text: str) -> None:
    settings = load(tmp_path, f"venues: {{sx: {{kind: ghost, odds: {text}}}}}")

    odds = settings.venue_own("sx")["odds"]
    assert isinstance(odds, Decimal)
    assert str(odds) == str(Decimal(text))


def test_a_tenth_is_a_tenth(tmp_path: Path) -> None:
    """The nearest binary float of 0.1 is 0.1000000000000000055511151231257827."""
    settings = load(tmp_path, "limits: {max_loss: 0.1}")

    assert settings.limits.max_loss * 10 == 1
    assert str(settings.limits.max_loss) == "0.1"


@pytest.mark.parametrize("written", ["0.6", '"0.6"'])
def test_a_decimal_may_be_written_with_or_without_quotes(tmp_path: Path, written: str) -> None:
    settings = load(tmp_path, f"kpi: {{min_fill_ratio: {written}}}")

    assert settings.kpi.min_fill_ratio == Decimal("0.6")


def test_a_decimal_in_the_environment_is_exact(tmp_path: Path) -> None:
    assert load(tmp_path, XARB_LIMITS__MAX_LOSS="0.1").limits.max_loss == Decimal("0.1")


def test_a_whole_number_will_do_for_a_decimal(tmp_path: Path) -> None:
    assert load(tmp_path, "limits: {max_stake: 250}").limits.max_stake == Decimal(250)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", "010"),
        ("on", "on"),
        ("no", "no"),
        ("12:30", "12:30"),
        ("2021-08-13", "2021-08-13"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        (".inf", ".inf"),
        ("True", "True"),
        ("true", True),
        ("-5", -5),
        ("~", None),
        ("{}", {}),
        ("[{a: 1}]", [{"a": 1}]),
        ("'5'", "5"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(tmp_path: Path, text: str, value: object) -> None:
    settings = load(tmp_path, f"venues: {{sx: {{kind: ghost, own: {text}}}}}")

    assert settings.venue_own("sx")["own"] == value


def test_keys_of_a_plugin_may_be_anything(tmp_path: Path) -> None:
    """Market ids have dots, slashes, spaces and double underscores; dynaconf gives them meaning."""
    prices = {"e0 a.b/Over 2.5": "1.9", "a__b/x": "2", "7": "3", "@format {x}": "@int 4"}
    settings = load(
        tmp_path,
        "venues: {sx: {kind: ghost, prices: " + msgspec.json.encode(prices).decode() + "}}",
    )

    assert settings.venue_own("sx")["prices"] == prices


@pytest.mark.parametrize(
    ("variable", "text", "read"),
    [
        ("XARB_PLUGINS__ENTRY_POINTS", "false", lambda s: s.plugins.entry_points is False),
        ("XARB_PLUGINS__BLOCK", "a, b", lambda s: s.plugins.block == ("a", "b")),
        ("XARB_PLUGINS__BLOCK", '["a","b"]', lambda s: s.plugins.block == ("a", "b")),
        ("XARB_PLUGINS__BLOCK", "", lambda s: s.plugins.block == ()),
        ("XARB_CONTROL__PORT", "0", lambda s: s.control.port == 0),
        ("XARB_MODE", "live", lambda s: s.mode == "live"),
        ("XARB_LOGGING__FILE", "8642", lambda s: s.logging.file == "8642"),
        ("XARB_LIMITS", "{ttl_leg_a: 5ms}", lambda s: s.limits.ttl_leg_a == "5ms"),
        ("XARB_VENUES", "{b: {kind: ghost}}", lambda s: s.venue_kind("b") == "ghost"),
        ("XARB_VENUES__B", "{kind: ghost}", lambda s: s.venue_kind("b") == "ghost"),
        ("XARB_VENUES__SX__A__B", "1", lambda s: s.venue_own("sx") == {"a": {"b": "1"}}),
        ("XARB_VENUES__SX__A", "[1, x]", lambda s: s.venue_own("sx")["a"] == [1, "x"]),
        ("XARB_VENUES__SX__A", "{b: 2}", lambda s: s.venue_own("sx")["a"] == {"b": 2}),
    ],
)  # fmt: skip
def test_a_variable_is_read_as_its_key_needs_it(tmp_path, variable, text, read) -> None:
    assert read(load(tmp_path, "venues: {sx: {kind: ghost}}", **{variable: text}))


def test_a_longer_variable_refines_a_shorter_one(tmp_path: Path) -> None:
    settings = load(tmp_path, XARB_BUS__IN_FLIGHT="3", XARB_BUS="{in_flight: 2, max_age: 1s}")

    assert (settings.bus.in_flight, settings.bus.max_age) == (3, "1s")


def test_a_venue_may_have_its_own_call_deadline(tmp_path: Path) -> None:
    settings = load(
        tmp_path, "venues: {sx: {kind: ghost, call_deadline: 7s}, azuro: {kind: ghost, seed: 1}}"
    )

    assert settings.call_deadline_ms("sx") == 7_000
    assert settings.call_deadline_ms("azuro") == 3_000
    assert settings.venue_own("sx") == {}
    assert settings.venue_own("azuro") == {"seed": 1}


def test_required_plugins_may_be_allowed_by_a_pattern(tmp_path: Path) -> None:
    settings = load(
        tmp_path, "plugins: {allow: ['hedge_*', ghost], required: [hedge_unwind, ghost]}"
    )

    assert settings.plugins.required == ("hedge_unwind", "ghost")


def test_durations_have_their_milliseconds() -> None:
    settings = Settings()

    assert settings.store.lease_ms == 10_000
    assert settings.bus.max_age_ms == 5_000
    assert settings.kpi.max_p95_accept_ms == 1_000
    assert settings.service.drain_deadline_ms == 30_000


def test_two_loads_in_one_process_do_not_see_each_other(tmp_path: Path) -> None:
    first = load(tmp_path / "a", "venues: {sx: {kind: ghost}}", XARB_LIMITS__TTL_LEG_A="1s")
    second = load(tmp_path / "b", "limits: {ttl_leg_b: 9s}")

    assert second.limits == Limits(ttl_leg_b="9s")
    assert second.venues == {}
    assert first == load(tmp_path / "a", "venues: {sx: {kind: ghost}}", XARB_LIMITS__TTL_LEG_A="1s")


def test_the_environment_of_the_process_is_not_read(tmp_path, monkeypatch) -> None:
    for name in ("XARB_MODE", "DYNACONF_XARB", "SYSENV_FALLBACK_FOR_DYNACONF"):
        monkeypatch.setenv(name, "live")
    monkeypatch.setenv("SETTINGS_FILE_FOR_DYNACONF", str(tmp_path / "nothing.yaml"))
    before = dict(os.environ)

    assert load(tmp_path) == Settings()
    assert dict(os.environ) == before


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings().mode = "live"  # pyright: ignore[reportAttributeAccessIssue]


def test_a_byte_order_mark_is_not_a_key(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_bytes(b"\xef\xbb\xbfmode: live\n")

    assert load_settings(tmp_path, {}).mode == "live"


@given(body=st.one_of(st.binary(max_size=200), st.text(_YAML, max_size=60).map(str.encode)))
def test_bytes_give_settings_or_a_settings_error_and_nothing_else(tmp_path_factory, body) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "settings.yaml").write_bytes(body)
    with contextlib.suppress(SettingsError):
        load_settings(folder, {})
