"""Settings: the bus's own keys, the key of operators' words, and what is published."""

from pathlib import Path

import msgspec
import pytest

from tests.settings.deployment import findings, load
from tests.settings.test_secrets import HUSH, shown
from xarb_runtime.bus.embedded import embedded_spec
from xarb_runtime.plugins.contracts import BusSpec
from xarb_runtime.plugins.findings import PluginSettingsError
from xarb_runtime.plugins.settings import open_options

KEY = "0123456789abcdef0123456789abcdef"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a bus that does not exist."""

    prefix: str = "xarb"
    max_length: int = 100
    password: str = ""


SPEC = BusSpec(scheme="lines", version="1", open=embedded_spec().open, options=Options)


def test_any_key_may_stand_in_the_options_in_any_layer(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "bus: {options: {prefix: a, deep: {list: [1, x]}, max_length: 5}}",
        "bus: {options: {password: hush}}",
        XARB_BUS__OPTIONS__PREFIX="b",
        XARB_BUS__OPTIONS__MAX_LENGTH="7",
    )

    assert settings.bus.options == {
        "prefix": "b",
        "deep": {"list": [1, "x"]},
        "max_length": "7",
        "password": "hush",
    }


def test_one_variable_may_hold_all_options(tmp_path: Path) -> None:
    settings = load(tmp_path, XARB_BUS__OPTIONS="{prefix: b, declare: false}")

    assert settings.bus.options == {"prefix": "b", "declare": False}


def test_secrets_in_the_options_are_never_shown(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "",
        f"bus: {{options: {{password: {HUSH}, username: {HUSH}}}, operator_key: {HUSH * 4}}}",
    )

    for value in (settings, settings.bus, settings.bus.options, settings.redacted()):
        assert HUSH not in shown(value)
    assert settings.bus.options == {"password": HUSH, "username": HUSH}
    assert settings.bus.operator_key == HUSH * 4


def test_the_key_of_operators_is_a_secret_wherever_it_comes_from(tmp_path: Path) -> None:
    settings = load(tmp_path, "", f"bus: {{operator_key: {KEY}}}")
    by_variable = load(tmp_path, XARB_BUS__OPERATOR_KEY=KEY)

    assert KEY not in shown(settings) + shown(settings.redacted()) + shown(by_variable)
    assert by_variable.bus.operator_key == KEY


CASES = [
    (
        "bus: {options: 5}",
        "XC202 bus.options (settings.yaml:1): expected a section of keys, found 5.",
    ),
    (
        "bus: {options: {dynaconf_merge: true}}",
        ("XC201 bus.options.dynaconf_merge (settings.yaml:1): "
        "expected a key of the plugin, found a word of dynaconf."),
    ),
    (
        "bus: {publish: [execution.*, opportunity.*]}",
        ("XC203 bus.publish (settings.yaml:1): expected types that go out, or patterns of them "
        "such as execution.* or *, found execution.*, opportunity.*."),
    ),
]  # fmt: skip


def test_a_key_of_operators_is_long(tmp_path: Path) -> None:
    assert findings(tmp_path, "", f"bus: {{operator_key: {KEY[:31]}}}") == [
        (
            "XC203 bus.operator_key (.secrets.yaml:1): "
            "expected a secret of at least 32 characters, or none, found something else."
        )
    ]


@pytest.mark.parametrize("text", [
    f"bus: {{operator_key: {KEY}}}",
    "store: {password: swordfish}",
    "tracing: {secret_headers: 'authorization=Bearer x'}",
])  # fmt: skip
def test_our_own_secrets_are_refused_where_others_may_read_them(tmp_path: Path, text: str) -> None:
    (refused,) = findings(tmp_path, text)

    assert refused.startswith("XC205 ")
    assert "expected no secret in this file, found one" in refused
    assert not {KEY, "swordfish", "Bearer"} & set(refused.replace(",", " ").split())


@pytest.mark.parametrize(("text", "said"), CASES)
def test_what_does_not_fit_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert findings(tmp_path, text) == [said]


def test_nothing_at_all_may_be_published(tmp_path: Path) -> None:
    assert load(tmp_path, "bus: {publish: []}").bus.publish == ()


def test_options_are_read_as_the_type_of_the_bus() -> None:
    assert open_options(SPEC, {"max_length": "7"}) == Options(max_length=7)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prefx": "a"}, "bus.options.prefx: expected one of prefix, max_length, password"),
        ({"max_length": "many"}, "bus.options.max_length: expected `int`, found `str`"),
    ],
)
def test_options_that_do_not_fit_the_bus_name_the_key(options: dict[str, str], said: str) -> None:
    with pytest.raises(PluginSettingsError, match=said) as failed:
        open_options(SPEC, options)

    assert failed.value.findings[0].plugin == "lines"


def test_a_bus_without_options_takes_none() -> None:
    with pytest.raises(PluginSettingsError, match=r"bus\.options\.prefix"):
        open_options(embedded_spec(), {"prefix": "a"})
