"""What the broker refuses is said in words for people, with what to do, and without secrets."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bus.rabbitmq_world import a_bus, connected, far, opening, take, waiting
from tests.servers.proxy import TcpProxy
from tests.servers.rabbitmq import Broker
from xarb_runtime.bus.rabbitmq.bus import open_rabbitmq

PASSWORD = "open-sesame-4711"


async def test_wrong_credentials_are_said_and_right_ones_need_no_restart(
    broker: Broker, prefix: str, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("aio_pika", "aiormq", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    url = broker.url_of(user=prefix, password=PASSWORD)
    async with open_rabbitmq(opening(url, prefix=prefix)) as bus:
        reason = await waiting(bus, "refuses the user")
        assert f"the user {prefix} with this password" in reason
        assert "bus.options.password" in reason

        await asyncio.to_thread(broker.add_user, prefix, PASSWORD)

        await connected(bus)
    said = "\n".join([*(record.getMessage() for record in caplog.records), *capsys.readouterr()])
    assert PASSWORD not in said
    assert "Connecting to" in said  # the library's own log was really listened to


async def test_a_virtual_host_that_is_missing_is_named(broker: Broker, prefix: str) -> None:
    async with open_rabbitmq(opening(broker.url_of(vhost="no/where"), prefix=prefix)) as bus:
        reason = await waiting(bus)

    assert "may not enter the virtual host no/where, or there is none of this name" in reason


async def test_a_user_without_permissions_in_a_virtual_host_is_told_so(
    broker: Broker, prefix: str
) -> None:
    await asyncio.to_thread(broker.add_user, prefix, PASSWORD)
    await asyncio.to_thread(broker.add_vhost, f"{prefix}/own")
    url = broker.url_of(user=prefix, password=PASSWORD, vhost=f"{prefix}/own")
    async with open_rabbitmq(opening(url, prefix=prefix)) as bus:
        reason = await waiting(bus)

    assert f"may not enter the virtual host {prefix}/own" in reason
    assert "rabbitmqctl set_permissions" in reason


async def test_a_missing_permission_names_what_it_is_for(broker: Broker, prefix: str) -> None:
    await asyncio.to_thread(
        broker.add_user, prefix, PASSWORD, configure="^nothing$", write=".*", read=".*"
    )
    url = broker.url_of(user=prefix, password=PASSWORD)
    async with open_rabbitmq(opening(url, prefix=prefix)) as bus:
        reason = await waiting(bus)

    assert f"the user {prefix} has no" in reason
    assert f"permission for the queue {prefix}.dead" in reason


async def test_a_locked_down_broker_needs_no_right_to_configure(
    broker: Broker, prefix: str
) -> None:
    """Others have declared everything; the runtime may only make the queue of its heartbeat."""
    may = {
        "configure": rf"^{prefix}\.beat\.",
        "write": rf"^{prefix}\.(out|beat)",
        "read": rf"^{prefix}\.(opportunities|operator|beat)",
    }  # as docs/how-to/rabbitmq.md says
    await asyncio.to_thread(broker.add_user, prefix, PASSWORD, **may)
    url = broker.url_of(user=prefix, password=PASSWORD)
    async with open_rabbitmq(opening(url, prefix=prefix, declare=False)) as bus:
        reason = await waiting(bus, "is missing")
        assert f"the exchange {prefix}.dead is missing" in reason
        assert "xarb bus declare" in reason

        async with a_bus(broker.url, prefix):
            pass  # declares it all

        await connected(bus)
        async with far(broker.url, prefix) as others:
            await others.submit(b"1")
            (message,) = await take(bus.messages(), 1)
            await bus.acknowledge(message)
        await bus.publish(b"2", "kpi.window")


async def test_another_argument_is_named_with_both_values_and_the_option(
    broker: Broker, prefix: str
) -> None:
    async with a_bus(broker.url, prefix, max_length=500):
        pass
    async with open_rabbitmq(opening(broker.url, prefix=prefix, max_length=600)) as bus:
        reason = await waiting(bus)

    assert f"the queue {prefix}.dead exists with another x-max-length" in reason
    assert "expected 600, found 500" in reason
    assert "set bus.options.max_length to 500" in reason


async def test_nobody_there_is_said(broker: Broker, prefix: str, proxy: Any) -> None:
    way = proxy(broker.port)
    way.refuse()
    async with open_rabbitmq(opening(broker.url_of(port=way.port), prefix=prefix)) as bus:
        reason = await waiting(bus)

        assert f"nothing listens at amqp://127.0.0.1:{way.port}" in reason
        with pytest.raises(ConnectionError, match="nothing listens"):
            await bus.publish(b"1", "kpi.window")
        assert bus.state().unconfirmed == 1


async def test_a_host_that_nobody_knows_is_said(prefix: str) -> None:
    async with open_rabbitmq(opening("amqp://broker.invalid/", prefix=prefix)) as bus:
        assert "the host broker.invalid of bus.url is not known" in await waiting(bus)


async def test_something_that_does_not_answer_is_given_up(
    broker: Broker, prefix: str, proxy: Callable[[int], TcpProxy]
) -> None:
    way = proxy(broker.port)
    async with a_bus(broker.url, prefix):
        pass  # makes the queues: nobody has to hurry with them afterwards
    way.stall()
    told = opening(broker.url_of(port=way.port), prefix=prefix, connect_deadline="1s")
    async with open_rabbitmq(told) as bus:
        assert "did not answer within 1s" in await waiting(bus)

        way.resume()
        await connected(bus)


# -- TLS -------------------------------------------------------------------------------------------


async def test_tls_with_an_authority_of_our_own(broker: Broker, prefix: str) -> None:
    files = broker.certificates
    assert files is not None
    async with a_bus(
        broker.tls_url,
        prefix,
        ca_file=str(files.authority),
        cert_file=str(files.client),
        key_file=str(files.client_key),
    ) as bus:
        await bus.publish(b"1", "kpi.window")

        assert bus.state().confirmed == 1


async def test_a_certificate_that_nobody_trusts_is_said(broker: Broker, prefix: str) -> None:
    async with open_rabbitmq(opening(broker.tls_url, prefix=prefix)) as bus:
        reason = await waiting(bus)

    assert "its certificate is not trusted" in reason
    assert "bus.options.ca_file" in reason


async def test_a_certificate_for_another_host_is_not_trusted(broker: Broker, prefix: str) -> None:
    files = broker.certificates
    assert files is not None
    url = broker.tls_url.replace("localhost", "127.0.0.1")
    async with open_rabbitmq(opening(url, prefix=prefix, ca_file=str(files.authority))) as bus:
        assert "its certificate is not trusted" in await waiting(bus)


async def test_without_verifying_any_certificate_will_do(broker: Broker, prefix: str) -> None:
    async with a_bus(broker.tls_url, prefix, verify=False) as bus:
        assert bus.state().state == "connected"


async def test_tls_to_a_port_without_it_is_said(broker: Broker, prefix: str) -> None:
    url = broker.url.replace("amqp://", "amqps://")
    async with open_rabbitmq(opening(url, prefix=prefix)) as bus:
        assert "Does this port speak TLS" in await waiting(bus)


async def test_no_tls_to_a_port_with_it_is_said(broker: Broker, prefix: str) -> None:
    url = broker.url_of(port=broker.tls_port)
    async with open_rabbitmq(opening(url, prefix=prefix)) as bus:
        assert "does this port speak TLS (amqps)?" in await waiting(bus)


async def test_a_file_that_is_no_certificate_is_said_at_once(
    broker: Broker, prefix: str, tmp_path: Path
) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("hello")
    with pytest.raises(ValueError, match=r"ca_file: expected a PEM file, found .*ca\.pem"):
        async with open_rabbitmq(opening(broker.tls_url, prefix=prefix, ca_file=str(wrong))):
            pass
