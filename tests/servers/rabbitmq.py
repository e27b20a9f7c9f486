"""
A RabbitMQ broker of our own: real, private, quick to start, and easy to break.

Its data, its log and its cookie are in one temporary folder, its `epmd` is its own; nothing outside
is touched. The methods block for as long as they need; in a test with an event loop call them by
`asyncio.to_thread`.
"""

import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.servers.certificates import Certificates
from tests.servers.leash import PATIENCE_SECONDS, Leash, installed
from tests.servers.ports import free_port

SCRIPTS = "/usr/lib/rabbitmq/bin"
PACKAGE = "rabbitmq-server"
GUEST = "guest"
ALL = ".*"

#: What a client says first; the broker answers with the frame `Connection.Start`.
_HELLO = b"AMQP\x00\x00\x09\x01"


class Broker:
    """
    One broker on a free port.

    Args:
        tls: listens with TLS too, on `tls_port`, with certificates of `certificates`.
        configuration: more lines for `rabbitmq.conf`.

    Attributes:
        folder: everything that it owns.
        port: plain AMQP on 127.0.0.1.
        tls_port: AMQP with TLS; 0 without `tls`.
        certificates: the authority that clients have to trust, and theirs; None without `tls`.
    """

    def __init__(self, *, tls: bool = False, configuration: Iterable[str] = ()) -> None:
        self._programs = {
            name: installed(f"{SCRIPTS}/{name}", PACKAGE)
            for name in ("rabbitmq-server", "rabbitmqctl")
        }
        self.folder = Path(tempfile.mkdtemp(prefix="xarb-rabbitmq-"))
        self.port, self._dist_port, self._epmd_port = free_port(), free_port(), free_port()
        self.tls_port = free_port() if tls else 0
        self.certificates = Certificates(self.folder / "tls") if tls else None
        self._extra = tuple(configuration)
        self._node = f"xarb{self.port}@localhost"
        self._server: Leash | None = None
        self._epmd: Leash | None = None
        self._frozen = False
        self._configure()
        atexit.register(self.close)

    # -- Where it is -----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where guest finds the default virtual host."""
        return self.url_of()

    def url_of(
        self, user: str = GUEST, password: str = GUEST, vhost: str = "/", port: int = 0
    ) -> str:
        """Return the URL for a user and a virtual host, perhaps on a proxy's port."""
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        where = "" if vhost == "/" else quote(vhost, safe="")
        return f"amqp://{who}@127.0.0.1:{port or self.port}/{where}"

    @property
    def tls_url(self) -> str:
        """Where guest finds the default virtual host by TLS; the certificate is for `localhost`."""
        return f"amqps://{GUEST}:{GUEST}@localhost:{self.tls_port}/"

    # -- Life ------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether it was started and neither stopped nor killed since."""
        return self._server is not None

    def start(self) -> "Broker":
        """Start, and return when it answers."""
        assert self._server is None, "the broker is running already"
        if self._epmd is None:
            # On its own, and in the foreground: the broker would leave one behind as a daemon.
            self._epmd = Leash(
                [installed("/usr/bin/epmd", "erlang-base"), "-address", "127.0.0.1"],
                environment=self._environment,
                log=self.folder / "epmd.log",
                folder=self.folder,
            )
        self._server = Leash(
            [self._programs["rabbitmq-server"]],
            environment=self._environment,
            log=self.folder / "console.log",
            folder=self.folder,
        )
        self._wait_until_it_answers()
        return self

    def stop(self) -> None:
        """Stop it cleanly; connected clients are told."""
        if self._server is not None:
            self._server.ask()
            self._server = None

    def kill(self) -> None:
        """
        Kill it with signal 9, the Erlang machine included: nobody is told anything.

        RabbitMQ 3.10 writes the files that know its quorum queues three seconds late: one that is
        younger when the broker is killed never has a leader again, and confirms nothing. That is
        the broker's own defect, so the files are written before.
        """
        if self._server is not None and self._server.running and not self._frozen:
            self.ctl("eval", "[dets:sync(Table) || Table <- dets:all()].")
        self._end()

    def _end(self) -> None:
        self._frozen = False
        if self._server is not None:
            self._server.kill()
            self._server = None

    def restart(self) -> None:
        """Start it again on the same data and port; stops it cleanly if it is running."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Stop all its processes where they are: connections stay open, nothing answers."""
        assert self._server is not None
        self._frozen = True
        self._server.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        assert self._server is not None
        self._frozen = False
        self._server.signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill everything and remove the folder; does no harm when called again."""
        self._end()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd = None
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    # -- Management ------------------------------------------------------------------------------

    def ctl(self, *arguments: str, stdin: str = "") -> str:
        """
        Run `rabbitmqctl` and return what it prints; takes a second or two.

        An argument may be a password: it does not come up when the command fails.
        """
        command = [self._programs["rabbitmqctl"], "--quiet", "--node", self._node, *arguments]
        done = subprocess.run(
            command,
            env=self._environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, (
            f"rabbitmqctl {arguments[0]}: {done.stdout}{done.stderr}\n{self.log_tail()}"
        )
        return done.stdout

    def listing(self, *arguments: str) -> list[dict[str, Any]]:
        """Return what `rabbitmqctl list_...` says, as rows."""
        return json.loads(self.ctl(*arguments, "--formatter", "json") or "[]")

    def definitions(self, **parts: list[dict[str, Any]]) -> None:
        """Import definitions in one go: `vhosts`, `users`, `permissions`, `policies`, `queues`."""
        self.ctl("import_definitions", stdin=json.dumps(parts))

    def add_user(
        self,
        name: str,
        password: str,
        *,
        vhost: str = "/",
        configure: str = ALL,
        write: str = ALL,
        read: str = ALL,
    ) -> None:
        """Make a virtual host where there is none, and a user with these permissions there."""
        self.definitions(
            vhosts=[{"name": vhost}],
            users=[{"name": name, "password": password, "tags": "", "limits": {}}],
            permissions=[
                {"user": name, "vhost": vhost, "configure": configure, "write": write, "read": read}
            ],
        )

    def add_vhost(self, name: str) -> None:
        """Make a virtual host in which guest may do everything."""
        self.definitions(
            vhosts=[{"name": name}],
            permissions=[
                {"user": GUEST, "vhost": name, "configure": ALL, "write": ALL, "read": ALL}
            ],
        )

    def queues(self, vhost: str = "/") -> dict[str, dict[str, Any]]:
        """Return all queues by name: `messages`, `messages_ready`, `consumers`, `arguments`."""
        columns = ("name", "messages", "messages_ready", "messages_unacknowledged", "consumers")
        rows = self.listing("list_queues", "--vhost", vhost, *columns, "type", "arguments")
        return {row["name"]: row for row in rows}

    def close_connections(self, reason: str = "test") -> None:
        """Let the broker close every client's connection, with a word."""
        self.ctl("close_all_connections", reason)

    def set_memory_alarm(self, *, on: bool) -> None:
        """Make the broker believe that its memory is full, or not any more: publishers block."""
        self.ctl("set_vm_memory_high_watermark", "0.0000001" if on else "0.6")

    def set_disk_alarm(self, *, on: bool) -> None:
        """Make the broker believe that its disk is full, or not any more: publishers block."""
        self.ctl("set_disk_free_limit", "999999GB" if on else "1MB")

    def log_tail(self, lines: int = 40) -> str:
        """Return the end of what it logged, for messages of failed tests."""
        logs = [*sorted((self.folder / "log").glob("*.log")), self.folder / "console.log"]
        shown = [
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
            for log in logs
            if log.exists()
        ]
        return "\n".join(shown)

    # -- Inside ----------------------------------------------------------------------------------

    def _configure(self) -> None:
        home = self.folder / "home"
        home.mkdir()
        cookie = home / ".erlang.cookie"
        cookie.write_text("xarb")
        cookie.chmod(0o400)
        (self.folder / "enabled_plugins").write_text("[].\n")
        lines = [
            f"listeners.tcp.default = 127.0.0.1:{self.port}",
            "log.console = false",
            "log.file.level = info",
            "disk_free_limit.absolute = 1MB",
            "vm_memory_high_watermark.relative = 0.6",
            *self._extra,
        ]
        if self.certificates is not None:
            lines += [
                f"listeners.ssl.default = 127.0.0.1:{self.tls_port}",
                f"ssl_options.cacertfile = {self.certificates.authority}",
                f"ssl_options.certfile = {self.certificates.server}",
                f"ssl_options.keyfile = {self.certificates.server_key}",
                "ssl_options.verify = verify_peer",
                "ssl_options.fail_if_no_peer_cert = false",
            ]
        (self.folder / "rabbitmq.conf").write_text("\n".join([*lines, ""]))

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false",
            "RABBITMQ_CTL_ERL_ARGS": "-start_epmd false",
        }

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _answers(self.port):
            assert self._server is not None
            assert self._server.running, f"the broker ended\n{self.log_tail()}"
            assert time.monotonic() < deadline, f"the broker did not come up\n{self.log_tail()}"
            time.sleep(0.05)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(_HELLO)
        return client.recv(1) == b"\x01"
    return False
