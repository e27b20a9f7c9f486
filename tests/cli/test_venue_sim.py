"""`xarb venue-sim`: a simulator listens, says how it is reached, or says what is wrong."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.deployed import told, write_deployment, xarb
from tests.ops.running import clean_environment
from xarb_runtime.bundle import bundled
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.settings import open_settings

#: Keys of a venue's section that are no plugin's own.
PASTED = {"kind", "open_limit"}
KEY = "0x" + "12" * 32
PLUGIN = f'''\
import asyncio
from contextlib import asynccontextmanager
import msgspec
from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import Capabilities, Simulated, VenueSpec


class Own(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    fee: str = "0"


@asynccontextmanager
async def simulate(opening):
    async def answer(reader, writer):
        writer.write(opening.settings.fee.encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", opening.port) as server:
        url = f"http://127.0.0.1:{{server.sockets[0].getsockname()[1]}}"
        section = {{"url": url, "fee": "0.10"}}
        yield Simulated(url=url, section=section, environ={{"TOLL_KEY": "{KEY}"}})


@asynccontextmanager
async def lacking(opening):
    import nothing_like_it
    yield


@hookimpl
def xarb_venues():
    for name, simulator in (("toll_road", simulate), ("toll_bridge", lacking), ("path", None)):
        yield VenueSpec(
            name=name, version="1", api=API, capabilities=lambda own: Capabilities(), settings=Own,
            open=simulate, simulator=simulator, simulator_settings=Own,
        )
'''


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A deployment whose plugin `toll` has two simulators."""
    folder = write_deployment(tmp_path / "desk")
    (folder / "plugins").mkdir()
    (folder / "plugins" / "toll.py").write_text(PLUGIN)
    return folder


@contextmanager
def simulating(desk: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "xarb_runtime.cli", "venue-sim", *map(str, words)]
    with subprocess.Popen(
        [*command, "-C", str(desk)],
        stdout=subprocess.PIPE,
        text=True,
        env={**clean_environment(), "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_until(process: subprocess.Popen[str], beginning: str) -> list[str]:
    """What is told, up to the first line that begins so, or the end."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(beginning):
            break
    return lines


def pasted(process: subprocess.Popen[str]) -> tuple[str, dict[str, Any], str]:
    """What is told: first line and offers, the section of the settings, the environment."""
    *head, section, environment = "".join(lines_until(process, "export")).split("\n\n")
    return "\n".join(head), yaml.safe_load(section), environment


def test_a_simulator_says_what_to_paste(desk: Path) -> None:
    with simulating(desk, "toll_road") as process:
        head, section, environment = pasted(process)

    url = head.split()[-1]
    own = {"kind": "toll_road", "open_limit": "100000", "url": url, "fee": "0.10"}
    assert section == {"venues": {"toll_road": own}}
    assert environment.splitlines()[-1] == f"export TOLL_KEY={KEY}"


def test_the_beginning_of_a_name_is_enough_and_settings_reach_the_simulator(
    desk: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "own.yaml"
    settings.write_text("fee: 0.0500\n")
    with simulating(desk, "toll_r", "--settings", settings, "--json") as process:
        found = json.loads("".join(lines_until(process, "}")))
        port = int(found["url"].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            fee = connection.makefile().read()

    assert fee == "0.0500"
    assert found["environ"] == {"TOLL_KEY": KEY}


def test_the_venue_has_the_name_that_opportunities_use(desk: Path) -> None:
    with simulating(desk, "toll_road", "--name", "sx") as process:
        _, section, _ = pasted(process)

    assert list(section["venues"]) == ["sx"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "toll",
            "toll: this may be several kinds of venue. expected one of toll_bridge, toll_road",
        ),
        ("path", "path: this kind of venue has no simulator."),
        ("pa", "pa: this kind of venue has no simulator."),
        ("tollroad", "'tollroad'. Did you mean 'toll_road'?"),
    ],
)
def test_a_kind_that_cannot_be_simulated_lists_those_that_can(
    desk: Path, kind: str, expected: str
) -> None:
    result = xarb("venue-sim", kind, "-C", desk)

    assert result.exit_code == 2
    assert expected in told(result)
    assert "toll_bridge, toll_road" in told(result)


def test_settings_that_do_not_fit_name_the_key(desk: Path, tmp_path: Path) -> None:
    settings = tmp_path / "own.yaml"
    settings.write_text("fe: 1\n")

    result = xarb("venue-sim", "toll_road", "-C", desk, "--settings", settings)

    assert result.exit_code == 2
    assert "own.yaml.fe: expected one of fee, found fe. Did you mean 'fee'?" in told(result)


def test_a_port_that_is_taken_is_named(desk: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = xarb("venue-sim", "toll_road", "-C", desk, "--port", port)

    assert result.exit_code == 2
    assert f"port {port}: the simulator of toll_road cannot start. expected a port" in told(result)


def test_a_simulator_that_lacks_something_says_what_to_install(desk: Path) -> None:
    result = xarb("venue-sim", "toll_bridge", "-C", desk)

    assert result.exit_code == 2
    assert "No module named 'nothing_like_it'. Install what the plugin needs" in told(result)


@pytest.mark.parametrize("kind", ["sx_bet", "azuro"])
def test_the_simulators_that_ship_are_reached_by_what_is_pasted(desk: Path, kind: str) -> None:
    with simulating(desk, kind.partition("_")[0]) as process:
        head, section, environment = pasted(process)

    own = {key: value for key, value in section["venues"][kind].items() if key not in PASTED}
    spec = discover(builtin=bundled("plugins"), entry_points=False).venue(kind)
    settings: Any = open_settings(spec, own, where=kind)
    assert settings.url.startswith("http://127.0.0.1:")
    assert f"export {settings.key_env}=0x" in environment
    assert OFFERS[kind] in head


#: What can be bet on, as it is told.
OFFERS = {
    "sx_bet": f"""\
Los Angeles Rams - San Francisco 49ers (ACTIVE)
  market: "0x{"7a" * 32}"
    outcome: "one"  Los Angeles Rams  2.0000 up to 1000000.00
""",
    "azuro": """\
Lan Mi - Xinyu Jiang: Handicap Games (Live Active)
  market: "300610060000000000306992750000000000009084689496"
    outcome: "377"  Lan Mi (-7)  2.08 up to 4629.62
""",
}
