"""Settings: a secret is never shown."""

import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tests.settings.deployment import findings, load
from xarb_runtime.service.settings import SecretText, SettingsError, load_settings
from xarb_runtime.service.settings_check import check
from xarb_runtime.service.settings_layers import read_layers
from xarb_runtime.service.settings_secret import hide_url_password, is_secret_name, redact

HUSH = "hunter2-hunter2"


def shown(value: object) -> str:
    paper = io.StringIO()
    Console(file=paper, width=10_000).print(value)
    return f"{value!r} {value} {paper.getvalue()}"


def test_values_of_the_secrets_file_are_hidden_wherever_they_are_shown(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "venues: {sx: {kind: ghost}}",
        f"""
        bus: {{url: 'embedded://{HUSH}'}}
        venues: {{sx: {{account: {HUSH}, deep: {{list: [{{x: {HUSH}}}]}}, pin: 90210}}}}
        """,
    )

    for value in (settings, settings.bus, settings.venues, settings.redacted()):
        assert HUSH not in shown(value)
    assert "90210" not in shown(settings)
    assert "90210" not in str(settings.redacted())
    assert str(settings.bus.url) == f"embedded://{HUSH}"


NAMES = ["api_key", "apiKey", "TOKEN", "password", "passphrase", "client_secret"]


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_name_hides_its_value_in_any_layer(tmp_path: Path, name: str) -> None:
    written = f"venues: {{sx: {{kind: ghost, {name}: {HUSH}, deep: {{{name}: [{HUSH}]}}}}}}"
    (tmp_path / "settings.yaml").write_text(written)
    settings, _ = check(read_layers(tmp_path, {}))

    assert HUSH not in shown(settings)
    assert HUSH not in shown(settings.venues)
    assert settings.venue_own("sx")[name] == HUSH


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_in_settings_yaml_is_refused_and_not_repeated(tmp_path: Path, name: str) -> None:
    long = f"{HUSH}-{HUSH}"
    written = f"{{kind: ghost, a: {{{name}: {long}}}, b: [{{{name}: {long}}}], {name}: [{long}]}}"
    found = findings(tmp_path, f"venues:\n  sx: {written}")

    keys = ["a." + name, "b", name]
    assert [text.partition(":")[0] for text in found] == [
        f"XC205 venues.sx.{key} (settings.yaml" for key in keys
    ]
    assert all("expected no secret in this file, found one" in text for text in found)
    assert (
        f".secrets.yaml (mode 0600) or into the environment, XARB_VENUES__SX__A__{name}".upper()
        in found[0].upper()
    )
    assert HUSH not in str(found)


@pytest.mark.parametrize(
    "section",
    [
        f"bus: {{options: {{password: {HUSH}}}}}",
        "venues: {sx: {kind: ghost, password: 12345}}",
        f"venues: {{sx: {{kind: ghost, password_env: x, wallet: {{private_key: {HUSH}}}}}}}",
    ],
)
def test_secrets_of_every_plugin_are_refused_there(tmp_path: Path, section: str) -> None:
    (found,) = findings(tmp_path, section)

    assert found.startswith("XC205 ")
    assert HUSH not in found


@pytest.mark.parametrize(
    "entry",
    [
        "api_key: ''",
        "api_key_env: SX_API_KEY",
        "token: USDC",
        "bet_token: '0x6629Ce1Cf35Cc1329ebB4F63202F3f197b3F050B'",
        "token_file: var/control.token",
        "max_tokens: 5",
        "routing_key: opportunities",
        "password: true",
        "keystore_file: sx.json",
    ],
)
def test_what_only_sounds_like_a_secret_may_stand_there(tmp_path: Path, entry: str) -> None:
    load(tmp_path, f"venues: {{sx: {{kind: ghost, {entry}}}}}")


def test_secrets_may_stand_where_they_belong(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "venues: {sx: {kind: ghost}}",
        f"venues: {{sx: {{api_key: {HUSH}}}}}",
        XARB_VENUES__SX__PASSWORD=HUSH,
    )

    assert settings.venue_own("sx") == {"api_key": HUSH, "password": HUSH}


@pytest.mark.parametrize("name", ["key_env", "password_env", "api_key_env", "passphrase_env"])
@pytest.mark.parametrize(
    "variable", ["SX_KEY", "SXKEY", "SX_KEY_2", "_SX", "XARB_KEYSTORE_PASSWORD"]
)
def test_the_name_of_a_variable_is_shown(tmp_path: Path, name: str, variable: str) -> None:
    settings = load(
        tmp_path,
        f"venues: {{sx: {{kind: ghost, {name}: {variable}, a: [{{{name}: {variable}}}]}}}}",
    )

    assert repr(settings.venues).count(variable) == 2
    assert str(settings.redacted()).count(variable) == 2
    assert settings.venue_own("sx")[name].__class__ is str


@pytest.mark.parametrize(
    "pasted", [HUSH, "Hunter2", "hunter2", "0xABCDEF", "JBSWY3DPEHPK3PXP", "AB" * 32, "A B", "7"]
)
def test_a_secret_in_the_place_of_a_variable_s_name_stays_hidden(
    tmp_path: Path, pasted: str
) -> None:
    (tmp_path / "settings.yaml").write_text(
        f"venues: {{sx: {{kind: ghost, key_env: '{pasted}', a: [{{key_env: '{pasted}'}}]}}}}"
    )
    settings, _ = check(read_layers(tmp_path, {}))

    assert f"'{pasted}'" not in repr(settings.venues)
    assert f"'{pasted}'" not in str(settings.redacted())


def test_a_variable_with_a_secret_name_is_hidden(tmp_path: Path) -> None:
    settings = load(tmp_path, "venues: {sx: {kind: ghost}}", XARB_VENUES__SX__PRIVATE_KEY=HUSH)

    assert HUSH not in shown(settings)
    assert settings.venue_own("sx")["private_key"] == HUSH


def test_what_the_secrets_file_names_stays_secret_when_a_variable_overrides_it(tmp_path) -> None:
    settings = load(
        tmp_path, "", "bus: {url: 'embedded://old'}", XARB_BUS__URL=f"embedded://{HUSH}"
    )

    assert HUSH not in shown(settings)
    assert HUSH not in shown(settings.bus)


def test_limits_of_the_secrets_file_can_be_written_into_the_journal(tmp_path: Path) -> None:
    settings = load(tmp_path, "", "limits: {ttl_leg_a: 777ms}")

    assert msgspec.to_builtins(settings.limits)["ttl_leg_a"] == "777ms"
    assert "777ms" not in shown(settings)


def test_a_password_inside_a_url_is_hidden(tmp_path: Path) -> None:
    settings = load(tmp_path, f"store: {{url: 'postgresql://xarb:{HUSH}@db/xarb'}}")

    assert HUSH not in shown(settings)
    assert HUSH not in shown(settings.store)
    assert "postgresql://xarb:***@db/xarb" in repr(settings.store)


def test_a_plugin_can_read_a_secret_as_its_own_type(tmp_path: Path) -> None:
    class Own(msgspec.Struct):
        api_key: str

    settings = load(tmp_path, "venues: {sx: {kind: ghost}}", f"venues: {{sx: {{api_key: {HUSH}}}}}")
    own = msgspec.convert(settings.venue_own("sx"), Own, strict=False)

    assert own.api_key == HUSH
    assert HUSH not in repr(own)


def test_a_secret_cannot_be_encoded_by_accident() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode({"key": SecretText(HUSH)})


def test_the_name_of_a_file_with_a_secret_is_not_a_secret(tmp_path: Path) -> None:
    assert "var/control.token" in repr(load(tmp_path))


@pytest.mark.parametrize(
    "secrets",
    [
        f"control: {{port: {HUSH}}}",
        f"store: {{url: {HUSH}}}",
        f"bus: {HUSH}",
        f"limits: {{hedge_order: [{HUSH}, {HUSH}]}}",
        f"mode: !{HUSH} x",
        f"a: *{HUSH}",
        f"{HUSH}: [",
        f'"{HUSH}',
        f"%{HUSH}",
        f"venues: {{sx: {{kind: {HUSH}}}}}",
        f"venues: {{sx: {{call_deadline: {HUSH}}}}}",
    ],
)
def test_no_finding_quotes_a_value_of_the_secrets_file(tmp_path: Path, secrets: str) -> None:
    found = findings(tmp_path, "venues: {sx: {kind: ghost}}", secrets)

    assert found
    assert not [line for line in found if HUSH in line]


def test_no_finding_quotes_the_value_of_a_secret_name(tmp_path: Path) -> None:
    found = findings(
        tmp_path, "", XARB_VENUES__SX__API_KEY=f"[{HUSH}", XARB_VENUES__SX__KIND="ghost"
    )

    assert found
    assert HUSH not in str(found)


def test_no_finding_quotes_the_password_of_a_url(tmp_path: Path) -> None:
    found = findings(tmp_path, f"store: {{url: 'mysql://a:{HUSH}@db/x'}}")

    assert found == [
        (
            "XC203 store.url (settings.yaml:1): expected a URL that begins with sqlite:/// or "
            "postgresql://, found mysql://a:***@db/x."
        )
    ]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777, 0o610])
def test_a_secrets_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    load(tmp_path, "", "{}")
    (tmp_path / ".secrets.yaml").chmod(mode)
    with pytest.raises(SettingsError, match=rf"found mode {mode:04o}\. Type: chmod 600 "):
        load_settings(tmp_path, {})


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_secrets_file_of_its_owner_is_read(tmp_path: Path, mode: int) -> None:
    load(tmp_path, "", "mode: live")
    (tmp_path / ".secrets.yaml").chmod(mode)

    assert load_settings(tmp_path, {}).mode == "live"


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("token", True),
        ("bettor-private-key", True),
        ("passwd", True),
        ("passphrase", True),
        ("key_env", True),
        ("token_file", False),
        ("secrets_folder", False),
        ("turkey-norway/over 2.5", False),
        ("latency", False),
    ],
)
def test_names_tell_which_values_are_secret(name: str, is_secret: bool) -> None:
    assert is_secret_name(name) is is_secret


def test_redaction_keeps_what_is_not_secret() -> None:
    value = {"a": [1, {"token": ""}], "keys": True, "url": "amqp://guest@host", "token": 5}

    assert redact(value) == {
        "a": [1, {"token": ""}], "keys": True, "url": "amqp://guest@host", "token": "***",
    }  # fmt: skip


def test_every_password_in_a_text_is_hidden() -> None:
    text = "amqp://a:b@h, amqps://c:d@i"

    assert hide_url_password(text) == "amqp://a:***@h, amqps://c:***@i"


#: The first of the keys that every development chain gives away.
_KNOWN_KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


@pytest.mark.parametrize(
    "section",
    [
        f"{{kind: ghost, signer: '{_KNOWN_KEY}'}}",
        f"{{kind: ghost, signer: 0x{_KNOWN_KEY}}}",
        f"{{kind: ghost, wallet: {{signer: '0x{_KNOWN_KEY.upper()}'}}}}",
        f"{{kind: ghost, wallets: ['0x{_KNOWN_KEY}']}}",
        f"{{kind: ghost, signer: {'7' * 64}}}",
        f"{{kind: '{_KNOWN_KEY}'}}",
        f"{{kind: ghost, call_deadline: '{_KNOWN_KEY}'}}",
        f"{{kind: ghost, open_limit: '{_KNOWN_KEY}'}}",
    ],
)
def test_a_private_key_in_a_venue_s_section_is_refused_and_not_repeated(
    tmp_path: Path, section: str
) -> None:
    found = findings(tmp_path, f"venues: {{sx: {section}}}")

    assert any(
        text.startswith("XC205 venues.sx.") and "found what looks like one" in text
        for text in found
    )
    assert _KNOWN_KEY not in str(found).lower()
    assert "7777" not in str(found)


def test_a_private_key_from_the_environment_or_the_secrets_is_no_setting_either(
    tmp_path: Path,
) -> None:
    venue = "venues: {sx: {kind: ghost}}"
    secrets = f"venues: {{sx: {{private_key: '{_KNOWN_KEY}'}}}}"

    by_file = findings(tmp_path, venue, secrets)
    by_variable = findings(tmp_path, venue, XARB_VENUES__SX__PRIVATE_KEY=_KNOWN_KEY)

    assert [text.partition(" ")[0] for text in (*by_file, *by_variable)] == ["XC205", "XC205"]


def test_an_api_key_may_look_like_one_where_secrets_belong(tmp_path: Path) -> None:
    venue = "venues: {sx: {kind: ghost}}"

    by_file = load(tmp_path, venue, f"venues: {{sx: {{api_key: '{_KNOWN_KEY}'}}}}")
    (tmp_path / ".secrets.yaml").unlink()
    by_variable = load(tmp_path, venue, XARB_VENUES__SX__API_KEY=_KNOWN_KEY)
    (refused,) = findings(tmp_path, f"venues: {{sx: {{kind: ghost, api_key: '{_KNOWN_KEY}'}}}}")

    assert by_file.venue_own("sx") == by_variable.venue_own("sx") == {"api_key": _KNOWN_KEY}
    assert refused.startswith("XC205")


def test_what_is_as_long_as_a_key_elsewhere_is_not_repeated(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, f"limits: {{max_loss: '{_KNOWN_KEY}'}}")

    assert found.endswith("expected a number, found something else.")


def test_addresses_and_hashes_that_are_names_of_keys_are_no_private_keys(tmp_path: Path) -> None:
    address = "0x" + "ab" * 20
    load(
        tmp_path,
        f"venues: {{sx: {{kind: ghost, wallet: '{address}', m: {{'0x{_KNOWN_KEY}': 1}}}}}}",
    )
