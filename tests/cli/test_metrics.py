"""`xarb metrics`, and what `xarb check` and `xarb run` say of them."""

import json
import socket
from pathlib import Path

import yaml

from tests.cli.deployed import xarb
from tests.ops.running import write_deployment


def test_metrics_are_listed() -> None:
    listed = xarb("metrics", "list", "naked")
    everything = json.loads(xarb("metrics", "list", "--json").stdout)

    assert listed.exit_code == 0
    assert listed.stdout.count("xarb_") == 3
    assert "xarb_naked_seconds_total" in listed.stdout
    assert {"name", "kind", "help", "labels"} <= set(everything[0])


def test_dashboard_and_alerts_are_written_without_a_deployment() -> None:
    dashboard = json.loads(xarb("metrics", "dashboard").stdout)
    alerts = yaml.safe_load(xarb("metrics", "alerts").stdout)

    assert dashboard["title"] == "xarb"
    assert alerts["groups"][0]["name"] == "xarb"


def test_a_port_that_is_taken_is_a_warning_and_no_error(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        checked = xarb("check", "-C", write_deployment(tmp_path, metrics={"port": port}), "--json")
    (found,) = [it for it in json.loads(checked.stdout) if it["area"] == "metrics"]

    assert checked.exit_code == 0
    assert found["severity"] == "warning"
    assert found["problem"]["where"] == f"metrics.port, 127.0.0.1:{port}"
