"""A port that a test has been given is nobody else's, before a server starts on it and between."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.servers.ports import claim, free_port
from tests.servers.proxy import TcpProxy

CLAIM = "import sys; from tests.servers.ports import claim; print(claim(int(sys.argv[1])))"


def claimed_elsewhere(port: int) -> bool:
    command = [sys.executable, "-c", CLAIM, str(port)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip() == "True"


def test_no_port_is_given_twice() -> None:
    ports = [free_port() for _ in range(50)]

    assert len(set(ports)) == len(ports)
    assert not any(claim(port) for port in ports)


def test_what_one_process_has_another_one_is_not_given() -> None:
    port = free_port()

    assert not claimed_elsewhere(port)


def test_a_port_on_which_somebody_listens_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, free = free_port(), free_port()
    monkeypatch.setattr("tests.servers.ports._mine", set())
    monkeypatch.setattr("tests.servers.ports._PORTS", [taken, free])
    with socket.create_server(("127.0.0.1", taken)):
        assert free_port() == free


def test_nobody_who_connects_is_given_the_port_of_a_proxy_that_refuses() -> None:
    told = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    lowest = int(told.split()[0])

    with TcpProxy(1) as proxy:
        assert proxy.port < lowest
