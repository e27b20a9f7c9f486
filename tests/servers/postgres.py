"""
A PostgreSQL of our own: loopback only, a free port, a folder that is gone afterwards.
"""

import asyncio
import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from tests.servers.leash import Leash, wait_for
from tests.servers.ports import free_port

#: The role that runtimes log in as: it owns its database and nothing else.
ROLE = "xarb"
PASSWORD = "open sesame/1"
QUOTED_PASSWORD = "open%20sesame%2F1"
SUPERUSER = "boss"
_SYSTEM_USER = "postgres"
_PREFIX = "xarb-postgres-"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "logging_collector": "off",
}


class PostgresServer:
    """
    One server, with as many databases as tests ask for.

    Attributes:
        port: where it listens.
    """

    def __init__(self) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version)
        assert programs, (
            "expected /usr/lib/postgresql/*/bin/postgres, found nothing. These tests need the real"
            " thing: install Debian's postgresql (`.ci/services` does)"
        )
        self.port = free_port()
        self._bin = programs[-1]
        _sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        self._user = _as_whom()
        if self._user:
            shutil.chown(self._folder, **self._user)
        self._names = (f"test_{number}" for number in itertools.count(1))
        self._consoles = _Loop()
        self._leash: Leash | None = None

    def create(self) -> None:
        """Make the data folder and the role, and start."""
        secret = self._folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        self._call(
            "initdb", "--no-sync", "--encoding=UTF8", "--locale=C", f"--username={SUPERUSER}",
            "--auth=scram-sha-256", f"--pwfile={secret}", f"--pgdata={self._folder / 'data'}",
        )  # fmt: skip
        self.start()
        with self.console("postgres") as boss:
            boss.run(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")

    def destroy(self) -> None:
        """Kill it, and remove everything it had."""
        self._consoles.close()
        self.kill()
        shutil.rmtree(self._folder)

    # -- Up and down -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        assert self._leash is None
        settings = _SETTINGS | {
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._leash = leash = Leash(
            [str(self._bin / "postgres"), "-D", str(self._folder / "data"), *options],
            environment={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            log=self._folder / "log",
            cwd=self._folder,
            **self._as_user(),
        )
        wait_for(lambda: self._ready(leash), "PostgreSQL to be ready")

    def stop(self) -> None:
        """Shut the server down in order; connections are cut."""
        assert self._leash is not None
        os.kill(self._leash.pid, signal.SIGINT)
        wait_for(lambda: not self._leash or not self._leash.running, "PostgreSQL to stop")
        self._leash.kill()
        self._leash = None

    def kill(self) -> None:
        """Kill every process of the server with signal 9, as a power failure would."""
        if self._leash is None:
            return
        # Backends are in groups of their own, so that the group of the first process is it alone.
        children = _children(self._leash.pid)
        self._leash.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        wait_for(lambda: not any(map(_runs, children)), "PostgreSQL's backends to be gone")
        self._leash = None

    @contextmanager
    def as_standby(self) -> Iterator[None]:
        """Run as a standby, which can be read and not written, for as long as the block lasts."""
        mark = self._folder / "data" / "standby.signal"
        self.stop()
        mark.touch()
        self.start()
        try:
            yield
        finally:
            self.stop()
            mark.unlink()
            self.start()

    def log(self) -> str:
        """Return everything the server has logged."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    # -- Databases -------------------------------------------------------------------------------

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the name of an empty database, owned by the role, for as long as the block lasts."""
        name = next(self._names)
        with self.console("postgres") as boss:
            boss.run(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE template0")
        yield name
        with self.console("postgres") as boss:
            boss.run(f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, database: str, *, user: str = ROLE, password: str = QUOTED_PASSWORD) -> str:
        """Return the address of a database, as settings have it."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def console(self, database: str) -> Iterator["Console"]:
        """Look at a database, and change it, with every right."""
        console = Console(self._consoles, self.url(database, user=SUPERUSER))
        try:
            yield console
        finally:
            console.close()

    def kill_backends(self, database: str, user: str = ROLE) -> int:
        """End a role's connections to a database from the server's side; return how many."""
        ending = (
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
            f" WHERE datname = '{database}' AND usename = '{user}'"
        )
        with self.console("postgres") as boss:
            ((ended,),) = boss.rows(ending)
        return ended

    # -- The rest --------------------------------------------------------------------------------

    def _ready(self, leash: Leash) -> bool:
        assert leash.running, self.log()[-4000:]
        try:
            lines = (self._folder / "data" / "postmaster.pid").read_text("utf-8").splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(leash.pid) and lines[7].strip() == "ready"

    def _call(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin / program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            **self._as_user(),
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    def _as_user(self) -> dict[str, Any]:
        return {**self._user, "extra_groups": []} if self._user else {}


class Console:
    """A connection with every right, for code that cannot wait."""

    def __init__(self, loop: "_Loop", url: str) -> None:
        self._loop = loop
        self._url = url
        self.connect()

    def connect(self) -> None:
        """Connect; anew, when the server has been away."""
        self._connection = self._loop.call(
            asyncpg.connect(self._url, timeout=60, command_timeout=60)
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return [tuple(row) for row in self._loop.call(self._connection.fetch(query))]

    def run(self, statements: str) -> None:
        """Run statements, several if need be."""
        self._loop.call(self._connection.execute(statements))

    def close(self) -> None:
        """Leave; also a server that is gone already."""
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._loop.call(self._connection.close(timeout=10))


class _Loop:
    """An event loop in a thread, so that tests with a loop of their own can wait for a console."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="consoles")
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(150)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _sweep() -> None:
    """Remove what test runs that were killed have left; their servers died with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not _runs(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _version(folder: Path) -> int:
    return int(folder.parent.name)


def _as_whom() -> dict[str, Any]:
    """PostgreSQL refuses to run as the superuser; anybody else runs it as themselves."""
    if os.geteuid() != 0:
        return {}
    found = pwd.getpwnam(_SYSTEM_USER)
    return {"user": found.pw_uid, "group": found.pw_gid}


def _children(pid: int) -> list[int]:
    return [child for child in _processes() if _parent(child) == pid]


def _runs(pid: int) -> bool:
    return _parent(pid) is not None


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _parent(pid: int) -> int | None:
    """The parent of a process; None if there is no such, or only its remains."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, parent = stat.rpartition(")")[2].split()[:2]
    return None if state in {"Z", "X"} else int(parent)
