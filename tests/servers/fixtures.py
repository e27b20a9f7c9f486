"""Fixtures of brokers and networks, for every test."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.servers.proxy import TcpProxy
from tests.servers.rabbitmq import Broker


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """
    A broker that all tests share, with TLS too: nobody breaks it, everybody uses a `prefix` of
    their own.
    """
    shared = Broker(tls=True)
    try:
        yield shared.start()
    finally:
        shared.close()


@pytest.fixture
def own_broker() -> Iterator[Callable[..., Broker]]:
    """Make brokers that may be killed, frozen and filled up; takes the arguments of `Broker`."""
    made: list[Broker] = []

    def make(**arguments: Any) -> Broker:
        made.append(Broker(**arguments))
        return made[-1].start()

    try:
        yield make
    finally:
        for own in made:
            own.close()


@pytest.fixture
def proxy() -> Iterator[Callable[[int], TcpProxy]]:
    """Put a proxy in front of a port."""
    made: list[TcpProxy] = []

    def make(port: int) -> TcpProxy:
        made.append(TcpProxy(port))
        return made[-1]

    try:
        yield make
    finally:
        for own in made:
            own.close()


@pytest.fixture
def prefix() -> str:
    """Names of a test's own exchanges and queues on a shared broker begin with this."""
    return f"t{uuid.uuid4().hex[:10]}"
