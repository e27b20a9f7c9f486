"""
Death in a simulation: the runtime is gone from one moment to the next, and leaves only its disk.
"""

from collections.abc import Callable

from xarb_runtime.service.killpoints import KillPoints


class SimulatedCrash(BaseException):
    """The runtime has died. A BaseException: nothing in it may catch its own death."""


class MortalKillPoints(KillPoints):
    """
    Kill points of a runtime that can die in a simulation.

    Whatever of it still runs while it is being cleared away dies as well, before it can do anything
    that others would see.

    Attributes:
        dead: whether it has died.
    """

    def __init__(self, kill_at: str, on_death: Callable[[], None]) -> None:
        super().__init__(kill_at, kill=self._die)
        self._on_death = on_death
        self.dead = False

    def reach(self, name: str, what: str = "") -> None:
        """Say that a point is reached; does not return for a runtime that is dead."""
        self.must_live()
        super().reach(name, what)

    def must_live(self) -> None:
        """
        Make sure that it is alive.

        Raises:
            SimulatedCrash: it is not.
        """
        if self.dead:
            raise SimulatedCrash

    def _die(self) -> None:
        self.dead = True
        self._on_death()
        raise SimulatedCrash
