"""
The sections of the settings. Every key is documented here and nowhere else: the reference for
people and the checks at start are derived from these classes.

Durations are written with a unit (`800ms`, `2.5s`, `10m`); each has a property `..._ms`. File and
folder names are relative to the deployment folder.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.service.settings_secret import redact

_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(kB|MB|GB)\s*$")
_UNIT_BYTES = {"kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all sections: shows itself without its secrets."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return list(redact(msgspec.structs.asdict(self)).items())


def parse_size(text: str) -> int:
    """
    Return the bytes of a size written with a unit: `500kB`, `50MB`, `1.5GB`.

    Raises:
        ValueError: the text is not a number followed by kB, MB or GB.
    """
    match = _SIZE.match(text)
    if match is None:
        message = f"expected a size such as 500kB, 50MB or 1GB, found {text!r}"
        raise ValueError(message)
    number, unit = match.groups()
    return int(Decimal(number) * _UNIT_BYTES[unit])


class StoreSettings(Section, frozen=True, kw_only=True):
    """
    Where executions are kept.

    Attributes:
        url: the database: `sqlite:///var/xarb.db`, or `postgresql://user@host:5432/database`.
        password: the password that a server's URL leaves out; belongs into `.secrets.yaml`.
        lease: how long a runtime owns the store without renewing; a second one waits that long.
    """

    url: str = "sqlite:///var/xarb.db"
    password: str = ""
    lease: str = "10s"

    @property
    def lease_ms(self) -> int:
        """`lease` in milliseconds."""
        return parse_duration_ms(self.lease)


class BusSettings(Section, frozen=True, kw_only=True):
    """
    Where opportunities come from, and where others hear what became of them.

    Attributes:
        url: the bus; its scheme chooses the kind, e.g. `embedded://`.
        options: the bus's own keys; which there are depends on its kind.
        in_flight: most messages taken from the bus and not yet acknowledged.
        max_age: messages older than this are dropped, and counted.
        operator_key: what operators' words on the bus are signed with, at least 32 characters;
            belongs into `.secrets.yaml`. Without it no such word is obeyed.
        operator_max_age: operators' words older than this are dropped, and counted.
        publish: types of messages that go out: whole names, `execution.*`, or `*` for all.
    """

    url: str = "embedded://"
    options: dict[str, Any] = {}
    in_flight: Count = 50
    max_age: str = "5s"
    operator_key: str = ""
    operator_max_age: str = "30s"
    publish: tuple[str, ...] = ("*",)

    @property
    def max_age_ms(self) -> int:
        """`max_age` in milliseconds."""
        return parse_duration_ms(self.max_age)

    @property
    def operator_max_age_ms(self) -> int:
        """`operator_max_age` in milliseconds."""
        return parse_duration_ms(self.operator_max_age)


class ControlSettings(Section, frozen=True, kw_only=True):
    """
    The control API that `xarb status`, `pause`, `stop` and the others talk to.

    Attributes:
        host: a loopback address; nothing else is accepted.
        port: the port; 0 takes any free one.
        token_file: file with the token of this installation; made at the first start, mode 0600.
    """

    host: str = "127.0.0.1"
    port: Port = 8642
    token_file: str = "var/control.token"  # noqa: S105 -- the name of a file


class ChartSettings(Section, frozen=True, kw_only=True):
    """
    Which charts run.

    Attributes:
        folder: folder of the charts.
        flow: chart of an opportunity's execution, without `.yaml`.
        supervisor: chart that says what may be done at all.
        venue_health: chart of a venue's breaker.
    """

    folder: str = "statecharts"
    flow: str = "cross_venue"
    supervisor: str = "supervisor"
    venue_health: str = "venue_health"


class PluginSettings(Section, frozen=True, kw_only=True):
    """
    Which plugins are loaded.

    Attributes:
        folders: folders in which every sub-folder is a plugin.
        allow: names of the only plugins that may be loaded, `*` for anything; empty allows all.
        block: names of plugins that are never loaded, whatever `allow` says.
        required: names of plugins without which the runtime does not start.
        entry_points: load installed packages that declare the entry point group `xarb.plugins`.
    """

    folders: tuple[str, ...] = ("plugins",)
    allow: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    entry_points: bool = True


class VenueSettings(Section, frozen=True, kw_only=True):
    """
    What the runtime reads of a venue's section; all other keys in it are the plugin's own.

    Attributes:
        kind: the kind of venue; a plugin provides it, `xarb plugins` lists those that are known.
        call_deadline: longest wait for this venue to answer; empty for `service.call_deadline`.
        open_limit: most that executions in flight may stake here together; none for no limit. Mode
            `live` asks for it, except of ghosts.
        order_limit: largest stake of one order here, of hedges too; none for `open_limit`.
        shadow_delay: in mode `shadow`, how long the venue takes to accept an order.
        max_p95_accept: a longer 95th percentile of the accept time here is a breach; empty for
        `kpi.max_p95_accept`. A venue that writes bets on a chain needs one of its own.
        clear_p95_accept: the accept time from which that breach is over; empty for
        `max_p95_accept`, or where that is empty too for `kpi.clear_p95_accept`.
    """

    kind: str
    call_deadline: str = ""
    open_limit: Decimal | None = None
    order_limit: Decimal | None = None
    shadow_delay: str = "0s"
    max_p95_accept: str = ""
    clear_p95_accept: str = ""


class KpiSettings(Section, frozen=True, kw_only=True):
    """
    When trading pauses by itself, per venue and overall.

    The figures that end a breach are stricter than those that begin one, so that a figure at the
    edge does not flap.

    Attributes:
        window: how many of the newest trades count.
        min_sample: fewer trades than this decide nothing.
        min_fill_ratio: a smaller share of filled trades is a breach.
        clear_fill_ratio: the share from which the breach is over.
        max_p95_accept: a longer 95th percentile of the accept time is a breach.
        clear_p95_accept: the accept time from which the breach is over.
    """

    window: Count = 20
    min_sample: Count = 20
    min_fill_ratio: Decimal = Decimal("0.60")
    clear_fill_ratio: Decimal = Decimal("0.70")
    max_p95_accept: str = "1s"
    clear_p95_accept: str = "800ms"

    @property
    def max_p95_accept_ms(self) -> int:
        """`max_p95_accept` in milliseconds."""
        return parse_duration_ms(self.max_p95_accept)

    @property
    def clear_p95_accept_ms(self) -> int:
        """`clear_p95_accept` in milliseconds."""
        return parse_duration_ms(self.clear_p95_accept)


class ServiceSettings(Section, frozen=True, kw_only=True):
    """
    The execution service itself.

    Attributes:
        heartbeat: pause between two heartbeats to a venue.
        drain_deadline: how long a safe stop waits for executions in flight.
        batch: most messages, answers and timers that are worked on for one commit.
        orders: once so many orders are to be sent after a commit, it is made: the first does not
        wait until the last is worked out, and they are signed while the next commit is written.
        call_deadline: longest wait for a venue to answer; a venue's own `call_deadline` goes first.
        find_deadline: longest wait for an answer about an order in doubt.
        plan_deadline: longest wait for a hedge strategy.
        publish_deadline: longest wait for the bus to confirm a message.
        blocked_loop: a plugin that holds up everything for longer than this is named in the log.
    """

    heartbeat: str = "2s"
    drain_deadline: str = "30s"
    batch: Count = 64
    orders: Count = 6
    call_deadline: str = "3s"
    find_deadline: str = "2s"
    plan_deadline: str = "1s"
    publish_deadline: str = "5s"
    blocked_loop: str = "250ms"

    @property
    def heartbeat_ms(self) -> int:
        """`heartbeat` in milliseconds."""
        return parse_duration_ms(self.heartbeat)

    @property
    def drain_deadline_ms(self) -> int:
        """`drain_deadline` in milliseconds."""
        return parse_duration_ms(self.drain_deadline)

    @property
    def call_deadline_ms(self) -> int:
        """`call_deadline` in milliseconds."""
        return parse_duration_ms(self.call_deadline)

    @property
    def find_deadline_ms(self) -> int:
        """`find_deadline` in milliseconds."""
        return parse_duration_ms(self.find_deadline)

    @property
    def plan_deadline_ms(self) -> int:
        """`plan_deadline` in milliseconds."""
        return parse_duration_ms(self.plan_deadline)

    @property
    def publish_deadline_ms(self) -> int:
        """`publish_deadline` in milliseconds."""
        return parse_duration_ms(self.publish_deadline)

    @property
    def blocked_loop_ms(self) -> int:
        """`blocked_loop` in milliseconds."""
        return parse_duration_ms(self.blocked_loop)


class MetricsSettings(Section, frozen=True, kw_only=True):
    """
    Where Prometheus reads metrics, and a service manager `/healthz` and `/readyz`.

    Attributes:
        enabled: listen at all. A port that is taken costs the metrics, not the start.
        host: where to listen; a loopback address unless `remote` is true.
        port: the port; 0 takes any free one.
        remote: allow an address that others can reach. Whoever reaches it can read all metrics.
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Port = 9464
    remote: bool = False


class TracingSettings(Section, frozen=True, kw_only=True):
    """
    Traces of executions, sent to an OpenTelemetry collector. They need the extra `traces`.

    Attributes:
        enabled: make traces, and let messages that go out carry `traceparent`.
        endpoint: where the collector takes OTLP over HTTP.
        service_name: how the deployment is called there; two deployments have two names.
        secret_headers: what is sent with each request, `name=value` with commas between them;
            belongs into `.secrets.yaml`.
    """

    enabled: bool = False
    endpoint: str = "http://127.0.0.1:4318/v1/traces"
    service_name: str = "xarb"
    secret_headers: str = ""

    @property
    def header_map(self) -> dict[str, str]:
        """`secret_headers` by name."""
        pairs = [each.partition("=") for each in self.secret_headers.split(",") if each.strip()]
        return {name.strip(): value.strip() for name, _, value in pairs}


class LogSettings(Section, frozen=True, kw_only=True):
    """
    What is logged, and where.

    Attributes:
        level: the least important level that is written.
        file: file that the log is appended to, one JSON object a line; then standard error gets
            warnings and errors only, or readable lines where it is a terminal. Empty for standard
            error.
        checkpoints: file for the line after each commit, so that they do not crowd the log; empty
            for where the other lines go.
        rotate_size: a file that has grown to this is renamed, and a new one begun; with a unit: kB,
            MB or GB.
        keep: how many renamed files are kept beside each file.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: str = "var/execution_service.log"
    checkpoints: str = ""
    rotate_size: str = "50MB"
    keep: Count = 5

    @property
    def rotate_bytes(self) -> int:
        """`rotate_size` in bytes."""
        return parse_size(self.rotate_size)


class DebugSettings(Section, frozen=True, kw_only=True):
    """
    For tests of the runtime itself; leave this alone in production.

    Attributes:
        kill_at: the kill point at which the process kills itself with signal 9; empty for never.
    """

    kill_at: str = ""
