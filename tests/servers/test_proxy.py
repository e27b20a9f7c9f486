"""The proxy does to a connection what the tests of the bus rely on."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.servers.leash import wait_for
from tests.servers.proxy import TcpProxy

Make = Callable[[int], TcpProxy]


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        yield listener


def ends(proxy: TcpProxy, server: socket.socket) -> tuple[socket.socket, socket.socket]:
    client = socket.create_connection(("127.0.0.1", proxy.port), 60)
    accepted, _ = server.accept()
    accepted.settimeout(60)
    return client, accepted


def test_both_directions_are_forwarded(proxy: Make, server: socket.socket) -> None:
    client, accepted = ends(proxy(server.getsockname()[1]), server)
    with client, accepted:
        client.sendall(b"ping")
        assert accepted.recv(4) == b"ping"
        accepted.sendall(b"pong")
        assert client.recv(4) == b"pong"


def test_a_cut_resets_both_ends_and_lets_new_ones_in(proxy: Make, server: socket.socket) -> None:
    way = proxy(server.getsockname()[1])
    client, accepted = ends(way, server)
    way.wait_for_connections(1)
    with client, accepted:
        way.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(1)

    client, accepted = ends(way, server)
    with client, accepted:
        wait_for(lambda: way.accepted == 2, "a second connection to be counted")


def test_a_stall_holds_back_until_it_is_over(proxy: Make, server: socket.socket) -> None:
    way = proxy(server.getsockname()[1])
    client, accepted = ends(way, server)
    with client, accepted:
        way.stall()
        client.sendall(b"late")
        accepted.settimeout(0.2)
        with pytest.raises(TimeoutError):
            accepted.recv(4)

        way.resume()
        accepted.settimeout(60)
        assert accepted.recv(4) == b"late"


def test_who_is_refused_is_welcome_again_later(proxy: Make, server: socket.socket) -> None:
    way = proxy(server.getsockname()[1])
    way.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", way.port), 60)

    way.resume()
    client, accepted = ends(way, server)
    with client, accepted:
        client.sendall(b"again")
        assert accepted.recv(5) == b"again"


def test_an_end_that_closes_closes_the_other(proxy: Make, server: socket.socket) -> None:
    way = proxy(server.getsockname()[1])
    client, accepted = ends(way, server)
    with client:
        accepted.close()

        assert client.recv(1) == b""
        wait_for(lambda: way.connections == 0, "no connection left")
