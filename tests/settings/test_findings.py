"""Settings: what is wrong is said completely, with key, place, expected, found and what to do."""

import pickle
from pathlib import Path

import pytest

from tests.settings.deployment import findings
from xarb_runtime.service.settings import SettingFinding, SettingsError, load_settings

CASES = [
    # unknown keys
    (
        "limits: {ttl_leg_aa: 1s}",
        ("XC201 limits.ttl_leg_aa (settings.yaml:1): expected a known key, found an unknown one. "
        "Did you mean limits.ttl_leg_a?"),
    ),
    (
        "\n\nvenus: {}",
        ("XC201 venus (settings.yaml:3): expected a known key, found an unknown one. "
        "Did you mean venues?"),
    ),
    (
        "in_flight: 5",
        ("XC201 in_flight (settings.yaml:1): expected a known key, found an unknown one. "
        "Did you mean bus.in_flight?"),
    ),
    ("zzz: 5", "XC201 zzz (settings.yaml:1): expected a known key, found an unknown one."),
    (
        "secret_keys: []",
        "XC201 secret_keys (settings.yaml:1): expected a known key, found an unknown one.",
    ),
    (
        "<<: {mode: live}",
        "XC201 << (settings.yaml:1): expected a known key, found an unknown one.",
    ),
    # values that do not fit
    (
        "limits: {ttl_leg_a: 800}",
        ("XC202 limits.ttl_leg_a (settings.yaml:1): "
        "expected a duration such as 800ms, 2.5s, 10m or 1h, found 800."),
    ),
    (
        "limits: {ttl_leg_a: soon}",
        ("XC202 limits.ttl_leg_a (settings.yaml:1): "
        "expected a duration such as 800ms, 2.5s, 10m or 1h, found 'soon'."),
    ),
    (
        "limits:\n  max_loss: much",
        "XC202 limits.max_loss (settings.yaml:2): expected a number, found 'much'.",
    ),
    (
        "limits: {max_loss: NaN}",
        "XC202 limits.max_loss (settings.yaml:1): expected a number, found 'NaN'.",
    ),
    (
        "limits: {max_loss: true}",
        "XC202 limits.max_loss (settings.yaml:1): expected a number, found true.",
    ),
    (
        "limits: {max_in_flight: 1.5}",
        "XC202 limits.max_in_flight (settings.yaml:1): expected a whole number, found 1.5.",
    ),
    (
        "limits: {hedge_order: unwind}",
        "XC202 limits.hedge_order (settings.yaml:1): expected a list of texts, found 'unwind'.",
    ),
    (
        "limits: {hedge_order: [unwind, 1]}",
        ("XC202 limits.hedge_order (settings.yaml:1): "
        "expected a list of texts, found ['unwind', 1]."),
    ),
    (
        "limits: {hedge_before_known: yes}",
        "XC202 limits.hedge_before_known (settings.yaml:1): expected true or false, found 'yes'.",
    ),
    (
        "bus: {in_flight: 0}",
        "XC202 bus.in_flight (settings.yaml:1): expected a whole number, 1 or more, found 0.",
    ),
    (
        "control: {port: 70000}",
        ("XC202 control.port (settings.yaml:1): "
        "expected a whole number from 0 to 65535, found 70000."),
    ),
    (
        "mode: dry",
        "XC202 mode (settings.yaml:1): expected one of ghost, shadow, live, found 'dry'.",
    ),
    (
        "store: {url: 5}",
        "XC202 store.url (settings.yaml:1): expected a text, found 5.",
    ),
    (
        "store: {url: }",
        ("XC202 store.url (settings.yaml:1): expected a text, found nothing. "
        "Write a value, or remove the line."),
    ),
    (
        "store: {url: {a: 1}}",
        ("XC202 store.url (settings.yaml:1): expected a text, found a section. "
        "Write a value, or remove the line."),
    ),
    ("limits: 5", "XC202 limits (settings.yaml:1): expected a section of keys, found 5."),
    ("venues: [sx]", "XC202 venues (settings.yaml:1): expected a section of keys, found ['sx']."),
    (
        "venues: {sx: ghost}",
        "XC202 venues.sx (settings.yaml:1): expected a section of keys, found 'ghost'.",
    ),
    # venues
    (
        "venues:\n  sx:\n    latency: 1ms",
        ("XC204 venues.sx.kind (settings.yaml:2): expected a kind of venue, found none. "
        "`xarb plugins` lists the kinds there are."),
    ),
    (
        "venues: {sx: {kind: ghost, call_deadline: 5}}",
        ("XC202 venues.sx.call_deadline (settings.yaml:1): "
        "expected a duration such as 800ms, 2.5s, 10m or 1h, found 5."),
    ),
    (
        "venues: {sx: {kind: ghost, call_deadline: 0ms}}",
        "XC203 venues.sx.call_deadline (settings.yaml:1): expected a duration above 0, found 0ms.",
    ),
    (
        "venues: {sx: {kind: ghost, call_deadline: {a: 1}}}",
        ("XC202 venues.sx.call_deadline (settings.yaml:1): "
        "expected a duration such as 800ms, 2.5s, 10m or 1h, found a section."),
    ),
    (
        "venues: {SX: {kind: ghost}}",
        ("XC201 venues.SX (settings.yaml:1): "
        "expected a name of lower-case letters, digits and single _, found 'SX'."),
    ),
    (
        "venues: {a__b: {kind: ghost}}",
        ("XC201 venues.a__b (settings.yaml:1): "
        "expected a name of lower-case letters, digits and single _, found 'a__b'."),
    ),
    (
        "venues: {sx: {kind: ghost, a: {dynaconf_merge: 1}}}",
        ("XC201 venues.sx.a.dynaconf_merge (settings.yaml:1): "
        "expected a key of the plugin, found a word of dynaconf."),
    ),
    (
        "venues: {sx: {kind: sx_bet}}",
        ("XC203 venues.sx.kind (settings.yaml:1): "
        "expected a kind that begins with ghost, because mode is ghost, found sx_bet."),
    ),
    # rules
    (
        "limits: {ttl_leg_a: 0ms}",
        "XC203 limits.ttl_leg_a (settings.yaml:1): expected a duration above 0, found 0ms.",
    ),
    (
        "limits: {min_fill_ratio: 1.2}",
        "XC203 limits.min_fill_ratio (settings.yaml:1): expected a share from 0 to 1, found 1.2.",
    ),
    (
        "limits: {max_stake: 500, max_open_stake: 100}",
        ("XC203 limits.max_open_stake (settings.yaml:1): "
        "expected at least limits.max_stake, found 100."),
    ),
    (
        "limits: {max_stake: 50000}",
        ("XC203 limits.max_open_stake (packaged defaults): "
        "expected at least limits.max_stake, found 20000."),
    ),
    (
        "limits: {hedge_order: [unwind, unwind]}",
        ("XC203 limits.hedge_order (settings.yaml:1): "
        "expected names of strategies, each once, found unwind, unwind."),
    ),
    (
        "control: {host: 0.0.0.0}",
        ("XC203 control.host (settings.yaml:1): "
        "expected a loopback address: 127.0.0.1, ::1 or localhost, found 0.0.0.0."),
    ),
    (
        "store: {url: var/xarb.db}",
        ("XC203 store.url (settings.yaml:1): "
        "expected a URL that begins with sqlite:/// or postgresql://, found var/xarb.db."),
    ),
    (
        "bus: {url: embedded}",
        "XC203 bus.url (settings.yaml:1): expected a URL such as embedded://, found embedded.",
    ),
    (
        "kpi: {window: 5}",
        "XC203 kpi.min_sample (packaged defaults): expected at most kpi.window, found 20.",
    ),
    (
        "kpi: {min_fill_ratio: 0.9}",
        ("XC203 kpi.clear_fill_ratio (packaged defaults): "
        "expected a share from kpi.min_fill_ratio to 1, found 0.70."),
    ),
    (
        "plugins: {required: [a], block: [a]}",
        ("XC203 plugins.required (settings.yaml:1): "
        "expected no plugin that plugins.block names, found a."),
    ),
    (
        "plugins: {required: [a], allow: [b]}",
        ("XC203 plugins.required (settings.yaml:1): "
        "expected only plugins that plugins.allow names, found a."),
    ),
    # files
    (
        "mode: ghost\nmode: live",
        ("XC103 mode (settings.yaml:2): expected each key once, found it twice, "
        "first at settings.yaml:1. Remove one of the two."),
    ),
    (
        "- a",
        "XC102 settings.yaml:1: expected sections such as `limits:`, found something else.",
    ),
    (
        "a: &x 1\nb: *x",
        "XC102 settings.yaml:2: expected YAML, found: expected a value, found an alias.",
    ),
    (
        "mode: !!python/name:os.system x",
        ("XC102 mode (settings.yaml:1): "
        "expected a plain value, found the tag tag:yaml.org,2002:python/name:os.system."),
    ),
    (
        "[a, b]: 1",
        "XC102 settings.yaml:1: expected a name as key, found a list or a section.",
    ),
    ("a: [", "XC102 settings.yaml:1: expected YAML, found: "),
    ("--- {}\n--- {}", "XC102 settings.yaml:2: expected YAML, found: but found another document."),
    (
        "venues: {sx: {kind: ghost, list: [{a: 1, a: 2}]}}",
        ("XC103 venues.sx.list[0].a (settings.yaml:1): expected each key once, found it twice, "
        "first at settings.yaml:1. Remove one of the two."),
    ),
    (
        f"venues: {{sx: {{kind: ghost, a: {'9' * 5000}}}}}",
        ("XC102 venues.sx.a (settings.yaml:1): "
        "expected a number of sensible size, found a longer one."),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), CASES)
def test_a_wrong_file_is_answered_with_place_expected_and_found(tmp_path, written, said) -> None:
    found = findings(tmp_path, written)

    assert any(finding.startswith(said) for finding in found), found


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        (
            "XARB_LIMITS__TTL_LEGA", "1s",
            ("XC201 limits.ttl_lega (XARB_LIMITS__TTL_LEGA): "
            "expected a variable that names a key, found an unknown one. "
            "Did you mean XARB_LIMITS__TTL_LEG_A?"),
        ),
        (
            "XARB_LIMITS_TTL_LEG_A", "1s",
            ("XC201 limits_ttl_leg_a (XARB_LIMITS_TTL_LEG_A): "
            "expected a variable that names a key, found an unknown one. "
            "Did you mean XARB_LIMITS__TTL_LEG_A?"),
        ),
        (
            "XARB_", "1",
            ("XC201 XARB_: expected a name such as XARB_LIMITS__TTL_LEG_A, found XARB_. "
            "Two underscores separate a section from a key."),
        ),
        (
            "XARB_BUS__IN_FLIGHT", "many",
            ("XC202 bus.in_flight (XARB_BUS__IN_FLIGHT): "
            "expected a whole number, 1 or more, found 'many'."),
        ),
        (
            "XARB_LIMITS", "5",
            "XC202 limits (XARB_LIMITS): expected a section of keys, found '5'.",
        ),
        (
            "XARB_LIMITS", "{a: ",
            "XC102 limits (XARB_LIMITS): expected YAML, found: ",
        ),
        (
            "XARB_VENUES__SX__A", "[1",
            "XC102 venues.sx.a (XARB_VENUES__SX__A): expected YAML, found: ",
        ),
        (
            "XARB_CONTROL__HOST", "example.org",
            ("XC203 control.host (XARB_CONTROL__HOST): "
            "expected a loopback address: 127.0.0.1, ::1 or localhost, found example.org."),
        ),
        (
            "XARB_LIMITS__MAX_LOSS__X", "1",
            ("XC202 limits.max_loss (XARB_LIMITS__MAX_LOSS__X): "
            "expected a number, found a section. Write a value, or remove the line."),
        ),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named(tmp_path, variable, text, said) -> None:
    found = findings(tmp_path, "venues: {sx: {kind: ghost}}", **{variable: text})

    assert any(finding.startswith(said) for finding in found), found


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    found = findings(
        tmp_path,
        "limits: {ttl_leg_a: x, nope: 1, max_loss: 7}",
        "bus: {in_flight: none}",
        XARB_MODE="dry",
    )

    assert [line.split(" (")[0] for line in found] == [
        "XC201 limits.nope",
        "XC202 mode",
        "XC202 bus.in_flight",
        "XC202 limits.ttl_leg_a",
        "XC203 limits.max_loss",
    ]


def test_a_mistake_in_a_lower_layer_is_not_hidden_by_a_higher_one(tmp_path: Path) -> None:
    found = findings(tmp_path, "limits: 5", XARB_LIMITS="{ttl_leg_a: 1s}")

    assert found == ["XC202 limits (settings.yaml:1): expected a section of keys, found 5."]


def test_a_rule_over_a_value_that_does_not_fit_is_not_asked(tmp_path: Path) -> None:
    found = findings(tmp_path, "kpi: {window: x, min_sample: 100}")

    assert [line.split(" (")[0] for line in found] == ["XC202 kpi.window"]


@pytest.mark.parametrize(
    "written",
    [
        "venues: {sx: {kind: 5}}",
        "kpi: {min_fill_ratio: 7}",
        "kpi: {min_fill_ratio: 1e99999999999999999999}",
        "limits: {max_stake: 1e400000000}",
        "limits: {max_open_stake: -1}",
        "limits: {max_in_flight: 99999999999999999999999}",
        "limits: {stake_tick: 1e-400000000}",
        "venue_health: {probe_ok: 0}",
        "mode: !x ghost",
    ],
)
def test_one_mistake_is_one_finding(tmp_path: Path, written: str) -> None:
    assert len(findings(tmp_path, written)) == 1


def test_a_missing_settings_file_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "nowhere", {})

    assert [finding.code for finding in caught.value.findings] == ["XC101"]
    assert "settings.yaml" in str(caught.value)


def test_bytes_that_are_not_utf_8_are_a_finding(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_bytes(b"mode: \xff")
    with pytest.raises(
        SettingsError, match="expected text in UTF-8, found other bytes at offset 6"
    ):
        load_settings(tmp_path, {})


def test_endless_nesting_is_a_finding(tmp_path: Path) -> None:
    found = findings(tmp_path, "a: " + "[" * 1_500)

    assert found == [
        "XC102 settings.yaml: expected a few levels of sections, found nesting without end."
    ]


def test_the_error_can_be_pickled_and_counts_its_problems(tmp_path: Path) -> None:
    finding = SettingFinding(code="XC201", key="a", where="b", message="expected c, found d")
    error = pickle.loads(pickle.dumps(SettingsError((finding,))))

    assert error.findings == (finding,)
    assert str(error) == "1 problem in the settings:\n  XC201 a (b): expected c, found d."
    assert str(SettingsError((finding, finding))).startswith("2 problems in the settings:")
