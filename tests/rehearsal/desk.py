"""
A table at which simulators of venues are started, and keys without worth are exported.
"""

from pathlib import Path

from tests.runbooks.table import PATIENCE, Table, Typed


class Desk(Table):
    """
    Types what the other tables do not: `export`, and `xarb venue-sim`.

    Attributes:
        exported: the environment of `xarb run`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.exported: dict[str, str] = {}

    def _type(self, command: str) -> Typed:
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            self.exported[name] = value
            return Typed("", 0, "")
        if command.startswith("xarb venue-sim "):
            return self._simulate(self._ours(command).split()[1:])
        if command == "xarb run":
            return self.start(self.exported)
        return super()._type(command)

    def _simulate(self, arguments: list[str]) -> Typed:
        simulator = self.hatch(arguments)
        runs = simulator.wait_for("# settings.yaml", PATIENCE)
        code = None if runs else simulator.process.exitcode
        return Typed("", code, simulator.said + simulator.complained)
