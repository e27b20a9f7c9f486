"""
The table of a tabletop exercise: one deployment, the process that runs it, and a person who types.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import yaml
from typer.testing import CliRunner

from tests.ops.running import keep_secrets
from tests.runbooks.hatchery import Hatched
from tests.runbooks.literate import words
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import Broker
from xarb_runtime.cli.main import app
from xarb_runtime.ops.client import ControlClient, open_client
from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.ops.status import StatusAnswer
from xarb_runtime.service.settings import load_settings
from xarb_runtime.simulation import market
from xarb_runtime.simulation.scenario import Published

#: Longest wait for anything, seconds; nothing here takes a tenth of it on a quiet machine.
PATIENCE = 60.0
_RUNNING = "Ctrl-C stops it safely"


class Typed(msgspec.Struct, frozen=True):
    """
    What came of a command.

    Attributes:
        command: as it stands in the page.
        exit_code: its exit code; None for a service that runs on.
        output: what it wrote, standard output first.
    """

    command: str
    exit_code: int | None
    output: str

    @property
    def first_line(self) -> str:
        """The first line that is not empty."""
        lines = (line.strip() for line in self.output.splitlines())
        return next((line for line in lines if line), "")


class Servers(msgspec.Struct, frozen=True):
    """Servers of the test run that scenes may use, each in a corner of its own."""

    broker: Broker | None = None
    postgres: PostgresServer | None = None


class Table:
    """
    Attributes:
        folder: the deployment.
        names: what stands for the placeholders in commands.
        ours: what stands here for words of a page that cannot be the same everywhere, e.g. a port.
        runtime: the newest `xarb run` that really runs.
        servers: the broker and the database, for scenes that need them.
        stack: what is to be closed with the table.
    """

    def __init__(self, folder: Path, servers: Servers | None = None) -> None:
        self.folder = folder
        self.servers = servers or Servers()
        self.names: dict[str, str] = {}
        self.ours: dict[str, str] = {}
        self.runtime: Hatched | None = None
        self._hatched: list[Hatched] = []
        self.stack = ExitStack()

    # -- Laying out ------------------------------------------------------------------------------

    def lay_out(self, venues: Mapping[str, Any] | None = None, **sections: Any) -> None:
        """Make the deployment by `xarb init`, with the usual market and these settings."""
        self.invoke(["init", str(self.folder)], self.folder.parent)
        self.configure(venues, **sections)

    def configure(self, venues: Mapping[str, Any] | None = None, **sections: Any) -> None:
        """Write the deployment's settings."""
        settings = {
            "control": {"port": 0},
            "metrics": {"port": 0},
            "logging": {"file": "var/xarb.log"},
            "venues": market.venues(venues or {}),
            **keep_secrets(self.folder, sections),
        }
        text = yaml.safe_dump(msgspec.to_builtins(settings), sort_keys=False)
        (self.folder / "settings.yaml").write_text(text, encoding="utf-8")

    def set_venue(self, name: str, **section: Any) -> None:
        """Write one venue's section anew."""
        path = self.folder / "settings.yaml"
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings["venues"][name] = section
        path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")

    def chart(self, name: str, old: str, new: str) -> None:
        """Change a chart of the deployment."""
        path = self.folder / "statecharts" / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    # -- The process -----------------------------------------------------------------------------

    def start(self, environment: Mapping[str, str] | None = None) -> Typed:
        """Start `xarb run` and wait until it runs or has ended."""
        runtime = self.hatch(["run"], environment)
        if runtime.wait_for(_RUNNING, PATIENCE):
            self.runtime = runtime
            return Typed("xarb run", None, runtime.said)
        return Typed("xarb run", runtime.process.exitcode, runtime.said + runtime.complained)

    def hatch(self, arguments: list[str], environment: Mapping[str, str] | None = None) -> Hatched:
        """Start a process that goes on by itself."""
        files = self.folder.parent / f"{self.folder.name}-{len(self._hatched)}"
        self._hatched.append(Hatched(arguments, self.folder, files, environment))
        return self._hatched[-1]

    def open_venue(self, script: Mapping[str, Any]) -> str:
        """Start a venue as a process of its own; return its URL."""
        outside = self.folder.parent
        keys = {key: value for key, value in script.items() if key != "kind"}
        (outside / "script.yaml").write_text(yaml.safe_dump(keys), encoding="utf-8")
        arguments = ["ghost-venue", "--book", "book.jsonl", "--settings", "script.yaml"]
        venue = Hatched(arguments, outside, outside / "venue")
        self._hatched.append(venue)
        assert venue.wait_for("ghost venue at", PATIENCE), venue.complained
        return venue.said.split()[-1]

    def kill(self) -> None:
        """Kill the runtime with signal 9."""
        assert self.runtime is not None
        self.runtime.kill()

    def ended(self) -> int | None:
        """Wait until the runtime has ended by itself; return its exit code."""
        assert self.runtime is not None
        self.runtime.process.join(PATIENCE)
        return self.runtime.process.exitcode

    def close(self) -> None:
        """Leave nothing behind."""
        for hatched in self._hatched:
            if hatched.process.is_alive():
                hatched.kill()
        self.stack.close()

    # -- Looking on ------------------------------------------------------------------------------

    def client(self) -> ControlClient:
        """Return a client of the control API."""
        return open_client(self.folder, load_settings(self.folder, {}))

    def status(self) -> StatusAnswer:
        """Return the status."""
        return self.client().get("/status", StatusAnswer)

    def until(self, holds: Callable[[StatusAnswer], bool], what: str) -> StatusAnswer:
        """Wait until something holds, and return the status in which it does."""
        seen: list[StatusAnswer] = []

        def look() -> bool:
            try:
                seen.append(self.status())
            except ProblemError:
                return False
            return holds(seen[-1])

        self.wait(look, what)
        return seen[-1]

    def until_level(self, level: str) -> None:
        """Wait for a level of the supervisor."""
        self.until(lambda status: status.level.level == level, level)

    def until_incident(self, kind: str) -> None:
        """Wait for an incident, and let it be the one that commands speak of."""
        status = self.until(
            lambda status: any(each.kind == kind for each in status.incidents), f"incident {kind}"
        )
        self.names["INCIDENT"] = next(it.id for it in status.incidents if it.kind == kind)

    def until_state(self, execution: str, *states: str) -> None:
        """Wait until an execution is in one of some states, and let commands speak of it."""
        path, found = f"/executions/{execution}", ""

        def look() -> bool:
            nonlocal found
            try:
                view = self.client().get(path, dict[str, Any])
            except ProblemError:
                return False
            found = "+".join(view["execution"]["leaves"])
            return found in states

        self.wait(look, f"{execution} in {', '.join(states)}")
        self.names["ID"] = execution

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Look again and again until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"{what}: {self._last_words()}"
            time.sleep(0.01)

    def _last_words(self) -> str:
        return "".join(each.said + each.complained for each in self._hatched)[-2000:]

    # -- Typing ----------------------------------------------------------------------------------

    def type(self, command: str) -> Typed:
        """Type a command in the deployment's folder."""
        return msgspec.structs.replace(self._type(command), command=command)

    def _type(self, command: str) -> Typed:
        if command == "make ghost":  # what it does once everything is installed
            return self.invoke(["ghost"], self.folder)
        typed = words(self._ours(command), self.names)
        if typed[:2] == ["sudo", "rabbitmqctl"]:
            assert self.servers.broker is not None, command
            return Typed("", 0, self.servers.broker.ctl(*typed[2:]))
        at = typed.index("xarb")
        variables, arguments = typed[:at], typed[at + 1 :]
        if arguments[0] == "run":
            return self.start(dict(each.split("=", 1) for each in variables))
        assert not variables, command
        if arguments[0] == "ghost-venue":
            return self._open_venue(arguments)
        return self.invoke(arguments, self.folder if self.folder.exists() else self.folder.parent)

    def _open_venue(self, arguments: list[str]) -> Typed:
        venue = self.hatch(arguments)
        runs = venue.wait_for("ghost venue at", PATIENCE)
        return Typed("", None if runs else venue.process.exitcode, venue.said + venue.complained)

    def write(self, file: str, text: str) -> None:
        """Write a file of the deployment, as a page tells to."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._ours(text), encoding="utf-8")

    def _ours(self, text: str) -> str:
        for name, value in self.ours.items():
            text = text.replace(name, value)
        return text

    def invoke(self, arguments: list[str], folder: Path) -> Typed:
        """Run a command of the command line in a folder."""
        with chdir(folder), _plain_environment():
            result = CliRunner().invoke(app, arguments, prog_name="xarb")
        output = result.stdout + result.stderr
        return Typed(" ".join(arguments), result.exit_code, output)

    def submit(self, *names: str) -> None:
        """Let the engine submit opportunities of the usual market."""
        self.write_opportunities("var/submitted.json", *names)
        typed = self.invoke(["submit", "var/submitted.json"], self.folder)
        assert typed.exit_code == 0, typed.output

    def write_opportunities(self, file: str, *names: str) -> None:
        """Write opportunities of the usual market, detected now."""
        now_ms = time.time_ns() // 1_000_000
        made = [market.opportunity(Published(id=name), name, now_ms) for name in names]
        (self.folder / file).write_bytes(msgspec.json.encode(made))


@contextmanager
def _plain_environment() -> Iterator[None]:
    """Neither settings nor the terminal of whoever runs the tests."""
    kept = dict(os.environ)
    for name in kept:
        if name.startswith("XARB_") or name in {"COLUMNS", "FORCE_COLOR"}:
            del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(kept)


_VOLATILE = (
    (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}[.\d]*(?: UTC)?|\d{2}:\d{2}:\d{2}", "TIME"),
    (r"\b(?:\d+ [dhm] )?\d+(?:\.\d+)? (?:ms|s|m|h)\b", "SPAN"),
    (r"https?://[\w.]+:\d+", "URL"),
    (r"\b[0-9a-f]{12}\b", "HASH"),
    (r"(process|pid|epoch) \d+", r"\1 N"),
    (r"\(host [^,]+,", "(host HOST,"),
    (r"xarb \d+\.\d+\.\d+", "xarb VERSION"),
    (r"\.yaml:\d+:\d+", ".yaml:LINE:COLUMN"),
    (r"(?<![\w.])/(?:[\w.~-]+/)+[\w.~-]*", "PATH"),
)


def settled(line: str) -> str:
    """Return a line with everything replaced that another run would write differently."""
    for pattern, word in _VOLATILE:
        line = re.sub(pattern, word, line)
    return re.sub(r"\s+", " ", line).strip()
