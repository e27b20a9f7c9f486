"""The parts of RabbitMQ that decide without a broker: pauses, names, options, words for people."""

import ssl

import msgspec
import pytest
from aio_pika.exceptions import ChannelPreconditionFailed, ProbableAuthenticationError
from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.bus.rabbitmq.backoff import JITTER, Backoff
from xarb_runtime.bus.rabbitmq.driver import Lost
from xarb_runtime.bus.rabbitmq.options import Address, RabbitOptions, read_address
from xarb_runtime.bus.rabbitmq.reasons import explain
from xarb_runtime.bus.rabbitmq.spec import rabbitmq_specs
from xarb_runtime.bus.rabbitmq.topology import topology
from xarb_runtime.plugins.contracts import API
from xarb_runtime.plugins.settings import SectionError, read_section
from xarb_runtime.service.settings_schema import documentation

OPTIONS = RabbitOptions()
HOME = read_address("amqp://me:hush-hush@broker/desk", OPTIONS)


# -- Pauses ----------------------------------------------------------------------------------------


@given(
    st.integers(1, 10_000),
    st.integers(0, 100_000),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=40),
)
def test_pauses_double_up_to_the_limit_and_chance_only_shortens_them(
    from_ms: int, more_ms: int, chances: list[float]
) -> None:
    up_to_ms, drawn = from_ms + more_ms, iter(chances)
    backoff = Backoff(from_ms, up_to_ms, lambda: next(drawn))
    for attempt in range(len(chances)):
        longest = min(from_ms * 2**attempt, up_to_ms)
        assert longest * (1 - JITTER) - 1 <= backoff.next_ms() <= longest


def test_after_a_good_connection_the_first_pause_is_short_again() -> None:
    backoff = Backoff(100, 10_000, lambda: 0.0)
    assert [backoff.next_ms() for _ in range(3)] == [100, 200, 400]

    backoff.reset()

    assert backoff.next_ms() == 100


# -- Topology --------------------------------------------------------------------------------------


@given(st.from_regex(r"[a-z][a-z0-9_.-]{0,20}", fullmatch=True), st.integers(0, 3))
def test_everything_begins_with_the_prefix_and_is_joined(prefix: str, recent: int) -> None:
    made = topology(RabbitOptions(prefix=prefix, recent=recent))
    exchanges = {it.name for it in made.exchanges}
    queues = {it.name for it in made.queues}

    assert all(name.startswith(f"{prefix}.") for name in exchanges | queues)
    assert {it.queue for it in made.bindings} == queues
    assert {it.exchange for it in made.bindings} <= exchanges
    pointed = {
        value
        for it in (*made.exchanges, *made.queues)
        for key, value in it.arguments.items()
        if key in {"alternate-exchange", "x-dead-letter-exchange"}
    }
    assert pointed == {f"{prefix}.dead"} <= exchanges
    assert (f"{prefix}.recent" in queues) == (recent > 0)


def test_a_dead_message_is_safe_on_its_way() -> None:
    """The strategy at-least-once is silently at-most-once with another overflow."""
    incoming = [
        it.arguments for it in topology(OPTIONS).queues if "x-dead-letter-exchange" in it.arguments
    ]

    assert len(incoming) == 2
    for arguments in incoming:
        assert arguments["x-dead-letter-strategy"] == "at-least-once"
        assert arguments["x-overflow"] == "reject-publish"
        assert arguments["x-queue-type"] == "quorum"


def test_options_reach_the_arguments_that_they_are_said_to_reach() -> None:
    changed = topology(RabbitOptions(delivery_limit=3, max_length=4, recent=5))
    values = {"delivery_limit": 3, "max_length": 4, "recent": 5}

    for queue in changed.queues:
        for argument, option in queue.options.items():
            assert queue.arguments[argument] == values[option]


# -- Options and address ---------------------------------------------------------------------------


def test_every_option_is_explained() -> None:
    assert set(documentation(RabbitOptions)) == set(RabbitOptions.__struct_fields__)


def test_both_schemes_have_a_spec() -> None:
    specs = rabbitmq_specs()

    assert [(spec.scheme, spec.outbound, spec.api) for spec in specs] == [
        ("amqp", True, API),
        ("amqps", True, API),
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://broker", ("broker", 5672, "/", "guest", "guest", False)),
        ("amqps://broker/", ("broker", 5671, "/", "guest", "guest", True)),
        ("amqp://a:b@broker:1234/desk", ("broker", 1234, "desk", "a", "b", False)),
        ("amqp://a%40b:c%2Fd@broker/%2Fdesk", ("broker", 5672, "/desk", "a@b", "c/d", False)),
        ("amqp://[::1]:7/x", ("::1", 7, "x", "guest", "guest", False)),
    ],
)
def test_an_address_is_read(url: str, expected: tuple[object, ...]) -> None:
    assert msgspec.structs.astuple(read_address(url, OPTIONS)) == expected


def test_options_go_before_the_address() -> None:
    found = read_address("amqp://a:b@broker", RabbitOptions(username="c", password="d:/@"))

    assert (found.username, found.password) == ("c", "d:/@")


@pytest.mark.parametrize(
    "url",
    [
        "amqp://",
        "amqp:///desk",
        "http://broker",
        "amqp://me:sesame@broker:99999",
        "amqp://me:se/same@broker/",  # not encoded: the rest of the password looks like a path
        "amqp://me:12/sesame@broker/",
        "amqp://me:sesame@broker/a/b",
        "amqp://me:sesame@broker/?heartbeat=1",
    ],
)
def test_an_address_that_is_none_is_said_without_the_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"bus\.url: expected") as caught:
        read_address(url, OPTIONS)

    assert "same" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"heartbeat": "soon"}, "heartbeat"),
        ({"confirm_deadline": "0s"}, "confirm_deadline"),
        ({"prefix": ""}, "prefix"),
        ({"prefix": "a.*"}, "prefix"),
        ({"key_file": "a.pem"}, "cert_file"),
        ({"retry_from": "1m", "retry_up_to": "1s"}, "retry_up_to"),
        ({"recent": -1}, "recent"),
        ({"delivery_limit": 0}, "delivery_limit"),
        ({"paswd": "x"}, "paswd"),
    ],
)
def test_an_option_that_does_not_fit_names_its_key(raw: dict[str, object], key: str) -> None:
    with pytest.raises(SectionError) as caught:
        read_section(RabbitOptions, raw, "bus.options")

    assert caught.value.key == f"bus.options.{key}"


@given(st.text(min_size=8))
def test_a_password_is_shown_nowhere(password: str) -> None:
    secret = f"hush{password}"
    options = RabbitOptions(password=secret)
    address = Address(host="h", port=1, vhost="/", username="me", password=secret, tls=False)
    shown = [repr(options), str(options.__rich_repr__()), repr(address), str(address)]
    shown.append(explain(RuntimeError(f"amqp://me:{secret}@h failed"), address, options))

    assert not [text for text in shown if secret in text]


# -- Words for people ------------------------------------------------------------------------------


def test_a_different_argument_of_ours_names_the_option() -> None:
    said = (
        "PRECONDITION_FAILED - inequivalent arg 'x-delivery-limit' for queue 'xarb.operator' in"
        " vhost '/': received the value '10' of type 'signedint' but current is none"
    )
    text = explain(ChannelPreconditionFailed(said), HOME, OPTIONS)

    assert "the queue xarb.operator exists with another x-delivery-limit" in text
    assert "expected 10, found none" in text


def test_the_cause_says_more_than_what_it_caused() -> None:
    error = Lost("the connection was closed while a call was under way")
    error.__cause__ = ProbableAuthenticationError("ACCESS_REFUSED - Login was refused")

    assert "refuses the user me" in explain(error, HOME, OPTIONS)


def test_what_is_not_known_is_said_as_it_is() -> None:
    text = explain(RuntimeError("the moon is full"), HOME, OPTIONS)

    assert text == "amqp://broker:5672, virtual host desk: the moon is full"


def test_tls_errors_name_the_option() -> None:
    error = ConnectionError("wrapped")
    error.__cause__ = ssl.SSLCertVerificationError(1, "self-signed certificate")

    assert "bus.options.ca_file" in explain(error, HOME, OPTIONS)
