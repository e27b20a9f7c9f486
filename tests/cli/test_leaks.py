"""
Whatever a venue lets slip, no key, password or API key is ever seen: not in the journal, not in a
log, not on any console.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from tests.cli.deployed import QUOTING, service, told, write_opportunities, xarb
from tests.ops.running import write_deployment
from tests.ops.test_keystore import KEY, PASSWORD

API_KEY = "sk-live-4f9a0c77e2"
SECRETS = (KEY, KEY.upper(), str(int(KEY, 16)), PASSWORD, API_KEY)
ENVIRON = {"XARB_KEYSTORE_PASSWORD": PASSWORD, "LEAKY_API_KEY": API_KEY}
LEAKY = {"kind": "leaky", "keystore_file": "var/leaky.json", "open_limit": 5000}
HASTY = {"ttl_leg_a": "300ms", "find_retry": "50ms", "finality": "300ms", "realert": "200ms"}


def deploy(folder: Path) -> None:
    """Put the plugin and its keystore, quick to open, into a deployment."""
    shutil.copytree(Path(__file__).parent / "leaky", folder / "plugins" / "leaky")
    keystore = Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=10)
    (folder / "var").mkdir(exist_ok=True)
    file = folder / "var" / "leaky.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(keystore), encoding="utf-8")


def leaked(text: str) -> list[str]:
    """Which secrets are in a text, as their first letters."""
    return [secret[:4] for secret in SECRETS if secret in text]


def test_what_a_venue_lets_slip_is_seen_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(tmp_path)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    venues: dict[str, Any] = {"sx": LEAKY, "azuro": QUOTING}
    sections: dict[str, Any] = {"mode": "live", "limits": HASTY, "environ": ENVIRON}
    sections |= {"logging": {"level": "debug"}, "service": {"drain_deadline": "100ms"}}
    at = ("-C", tmp_path)
    with service(tmp_path, venues, **sections) as run:
        for name in "1234":
            xarb("submit", write_opportunities(tmp_path, name), *at)
            run.until(f"x-{name}", "exposed", "aborted")
        shown = [
            xarb(*words, *at)
            for words in (
                ("check",),
                ("check", "--json"),
                ("status",),
                ("status", "--json"),
                ("executions", "--json"),
                ("incidents", "--all"),
                ("show", "venue:sx"),
                *(("show", f"x-{name}", *more) for name in "1234" for more in ((), ("--json",))),
            )
        ]
        figures = json.loads(xarb("status", *at, "--json").stdout)["venues"][1]["figures"]
        run.process.terminate()
        ended = run.end()

    texts = [told(result) for result in shown]
    # It did speak, and was heard: what is hidden stands where the secrets were.
    assert any("SIGNATURE" in text and "***" in text for text in texts)
    assert "sx: allowance: key ***" in texts[0].replace("0x", "")
    assert set(figures) == {"orders_placed"}
    assert [leaked(text) for text in texts if leaked(text)] == []
    assert leaked(" ".join(map(str, (*run.announced, *ended)))) == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    log = (tmp_path / "var" / "execution_service.log").read_text()
    assert "signing" in log
    assert "***" in log
    found = {str(it): leaked(it.read_bytes().decode("latin-1")) for it in files}
    assert {name: what for name, what in found.items() if what} == {}
    assert {path.suffix for path in files} >= {".db", ".log"}


def test_a_venue_that_cannot_be_opened_says_why_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(tmp_path)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    venues = {"sx": {**LEAKY, "refuses_to_open": True}, "azuro": QUOTING}
    write_deployment(tmp_path, venues, mode="live")

    checked, started = xarb("check", "-C", tmp_path), xarb("run", "-C", tmp_path)
    debugged = xarb("--debug", "run", "-C", tmp_path)

    assert checked.exit_code == 2
    assert "sx cannot be opened: LeakyError: key" in told(checked)
    assert "LeakyError: key" in told(started)
    assert [leaked(told(it)) for it in (checked, started, debugged)] == [[], [], []]


def test_a_key_that_is_not_there_is_named_with_its_venue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(tmp_path)
    monkeypatch.setenv("LEAKY_API_KEY", API_KEY)
    monkeypatch.delenv("XARB_KEYSTORE_PASSWORD", raising=False)
    write_deployment(tmp_path, {"sx": LEAKY, "azuro": QUOTING}, mode="live")

    for command in ("check", "run"):
        refused = xarb(command, "-C", tmp_path)

        assert refused.exit_code == 2
        assert "expected the variable XARB_KEYSTORE_PASSWORD in the environment" in told(refused)
        assert "venues.sx" in told(refused)
