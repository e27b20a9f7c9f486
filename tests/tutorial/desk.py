"""
A table with two people at it: one types in the deployment's folder, one in the engine's.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tests.house.source import ROOT
from tests.runbooks.table import PATIENCE, Servers, Table, Typed
from tests.servers.rabbitmq import Broker

ENGINE = ROOT / "docs" / "tutorial" / "publisher"
#: Longest wait for a program that is not ours, seconds; npm may have to download.
_LONG = 4 * PATIENCE


class Desk(Table):
    """
    Types everything that a page tells to: `xarb`, and in a shell whatever else there is.

    Attributes:
        broker: a RabbitMQ that the page may change.
        engine: the engine's folder, beside the deployment.
        here: where the next command is typed.
    """

    def __init__(self, folder: Path, broker: Broker) -> None:
        super().__init__(folder, Servers(broker))
        self.broker = broker
        self.engine = folder.parent / "publisher"
        self.here = folder
        self._exported: dict[str, str] = {}
        shutil.copytree(ENGINE, self.engine, ignore=shutil.ignore_patterns("node_modules"))

    def _type(self, command: str) -> Typed:
        if command.startswith(("xarb ", "sudo rabbitmqctl ")):
            return super()._type(command)
        if command.startswith("export "):
            name, _, value = self._ours(command).removeprefix("export ").partition("=")
            self._exported[name] = value
            return Typed("", 0, "")
        return self._shell(self._ours(command))

    def _shell(self, command: str) -> Typed:
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", command],
            cwd=self.here,
            env=_environment() | self._exported,
            capture_output=True,
            text=True,
            timeout=_LONG,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return Typed("", done.returncode, done.stdout)

    def write(self, file: str, text: str) -> None:
        """Write a file of the deployment; a file of the engine must be what it is already."""
        if self.here == self.engine:
            assert text == (self.engine / file).read_text(encoding="utf-8"), file
        else:
            super().write(file, text)


def _environment() -> dict[str, str]:
    """What npm downloads once is kept with what is built; nobody's own settings count."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    npm = {
        "npm_config_cache": str(ROOT / "build" / "npm"),
        "npm_config_prefer_offline": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }
    return kept | npm | {"LANG": "C.UTF-8"}
