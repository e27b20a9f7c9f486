"""
What RabbitMQ is told in the settings: `bus.url`, and `bus.options` for all that is no address.
"""

from typing import Annotated, Any, NoReturn
from urllib.parse import unquote, urlsplit

import msgspec

from xarb_runtime.domain.money import parse_duration_ms

SCHEMES = {"amqp": 5672, "amqps": 5671}
GUEST = "guest"
HIDDEN = "***"

Count = Annotated[int, msgspec.Meta(ge=1)]
_SHAPE = (
    "amqp://user:password@host:port/vhost or amqps://…, with %2F for a / in a name or a password"
)
_DURATIONS = ("heartbeat", "connect_deadline", "confirm_deadline", "retry_from", "retry_up_to")


class RabbitOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    `bus.options` for RabbitMQ.

    Attributes:
        prefix: what the names of all exchanges and queues begin with.
        username: who connects; also possible in `bus.url`. `guest` if nobody is named.
        password: its password, from the environment or from `.secrets.yaml`.
        ca_file: certificates of the authorities to trust, PEM; empty for those of the system.
        cert_file: our own certificate for brokers that ask for one, PEM.
        key_file: the key of `cert_file`, PEM.
        verify: check the broker's certificate and name; `false` only for experiments.
        declare: make exchanges and queues that are missing; `false` if others make them.
        delivery_limit: after so many deliveries without an answer a message is a dead one.
        max_length: messages that wait in one queue; more are refused to their publisher.
        recent: the newest messages out that are kept for whoever wants to look; 0 for none.
        heartbeat: pause between two messages to ourselves; if one needs longer than three pauses,
            the connection is dead and another one is made.
        connect_deadline: longest wait for a connection with all its queues.
        confirm_deadline: longest wait for the broker to confirm a message.
        retry_from: shortest pause between two attempts to connect; it doubles each time.
        retry_up_to: longest pause between two attempts to connect.
    """

    prefix: str = "xarb"
    username: str = ""
    password: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify: bool = True
    declare: bool = True
    delivery_limit: Count = 10
    max_length: Count = 100_000
    recent: Annotated[int, msgspec.Meta(ge=0)] = 10_000
    heartbeat: str = "2s"
    connect_deadline: str = "10s"
    confirm_deadline: str = "5s"
    retry_from: str = "250ms"
    retry_up_to: str = "15s"

    def __post_init__(self) -> None:
        for name in _DURATIONS:
            try:
                milliseconds = parse_duration_ms(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
            if not milliseconds:
                _refuse(name, "more than nothing", getattr(self, name))
        if not self.prefix or not self.prefix.isascii() or set(self.prefix) & set("*# \t\n"):
            _refuse("prefix", "a name without blanks, * and #", repr(self.prefix))
        if self.key_file and not self.cert_file:
            _refuse("cert_file", "the certificate that key_file belongs to", "none")
        if self.retry_up_to_ms < self.retry_from_ms:
            _refuse("retry_up_to", f"at least retry_from, {self.retry_from}", self.retry_up_to)

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return list(self._shown().items())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._shown().items())
        return f"{type(self).__name__}({shown})"

    def _shown(self) -> dict[str, Any]:
        values = msgspec.structs.asdict(self)
        return values | ({"password": HIDDEN} if self.password else {})

    @property
    def heartbeat_ms(self) -> int:
        """`heartbeat` in milliseconds."""
        return parse_duration_ms(self.heartbeat)

    @property
    def connect_seconds(self) -> float:
        """`connect_deadline` in seconds."""
        return parse_duration_ms(self.connect_deadline) / 1000

    @property
    def confirm_seconds(self) -> float:
        """`confirm_deadline` in seconds."""
        return parse_duration_ms(self.confirm_deadline) / 1000

    @property
    def retry_from_ms(self) -> int:
        """`retry_from` in milliseconds."""
        return parse_duration_ms(self.retry_from)

    @property
    def retry_up_to_ms(self) -> int:
        """`retry_up_to` in milliseconds."""
        return parse_duration_ms(self.retry_up_to)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where the broker is, and who we are there.

    Attributes:
        host, port: where it listens.
        vhost: the virtual host, `/` if the URL names none.
        username, password: who we are.
        tls: whether the connection is encrypted.
    """

    host: str
    port: int
    vhost: str
    username: str
    password: str
    tls: bool

    def __repr__(self) -> str:
        return f"Address({self})"

    def __str__(self) -> str:
        """For people: without the password."""
        scheme = "amqps" if self.tls else "amqp"
        return f"{scheme}://{self.host}:{self.port}, virtual host {self.vhost}"


def read_address(url: str, options: RabbitOptions) -> Address:
    """
    Return what a URL and the options say together; the options go first.

    Raises:
        ValueError: the URL is none of RabbitMQ's. The message does not hold its password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Python's own words may hold a part of a password that is not encoded.
        raise ValueError(f"bus.url: expected {_SHAPE}") from None
    if parts.scheme not in SCHEMES or not parts.hostname:
        _refuse("bus.url", _SHAPE, f"{parts.scheme or 'no scheme'}, {parts.hostname or 'no host'}")
    if parts.query or parts.fragment:
        _refuse("bus.url", "no ? and no #: options belong into bus.options", "one of them")
    vhost = parts.path.removeprefix("/")
    if "/" in vhost:
        _refuse("bus.url", _SHAPE, "more than one / after the host")
    return Address(
        host=parts.hostname,
        port=port or SCHEMES[parts.scheme],
        vhost=unquote(vhost) or "/",
        username=options.username or unquote(parts.username or "") or GUEST,
        password=options.password or unquote(parts.password or "") or GUEST,
        tls=parts.scheme == "amqps",
    )


def _refuse(name: str, expected: str, found: object) -> NoReturn:
    raise ValueError(f"{name}: expected {expected}, found {found}")
