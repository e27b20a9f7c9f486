"""
Views of the ledger by slot, for expressions in charts:
`legs.a.fill_ratio >= limits.min_fill_ratio`.
"""

from collections.abc import Sequence
from decimal import Decimal

from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.position import Fill


class Leg:
    """All orders of one slot, seen together."""

    __slots__ = ("_lines", "slot")

    def __init__(self, slot: str, lines: Sequence[OrderLine]) -> None:
        self.slot = slot
        self._lines = [line for line in lines if line.slot == slot]

    @property
    def newest(self) -> OrderLine | None:
        """The order placed last, or None."""
        return self._lines[-1] if self._lines else None

    @property
    def in_question(self) -> OrderLine | None:
        """The order to ask about: the newest in doubt, or provisional, or of all."""
        doubtful = [line for line in self._lines if line.in_doubt]
        open_to_change = doubtful or [line for line in self._lines if line.provisional]
        return open_to_change[-1] if open_to_change else self.newest

    @property
    def provisional(self) -> bool:
        """Whether the venue may still take back a fill of this leg."""
        return any(line.provisional for line in self._lines)

    @property
    def count(self) -> int:
        """How many orders were ever sent for this leg."""
        return len(self._lines)

    @property
    def live(self) -> int:
        """How many orders of this leg may still fill."""
        return sum(line.in_doubt for line in self._lines)

    @property
    def placed(self) -> bool:
        """Whether an order was ever sent for this leg."""
        return bool(self._lines)

    @property
    def stake(self) -> Decimal:
        """The stake of the newest order."""
        return self._lines[-1].stake if self._lines else ZERO

    @property
    def filled(self) -> Decimal:
        """The filled stake of all orders of this leg."""
        return sum((line.filled for line in self._lines), ZERO)

    @property
    def fill_ratio(self) -> Decimal:
        """Filled share of the newest order's stake, 0 to 1; 0 when nothing was sent."""
        newest = self.newest
        return newest.filled / newest.stake if newest and newest.stake else ZERO

    @property
    def fill(self) -> Fill:
        """The newest order's fill."""
        newest = self.newest
        return newest.as_filled if newest else Fill(ZERO, ZERO, ())

    @property
    def in_doubt(self) -> bool:
        """Whether any order of this leg may be filled further than we know."""
        return any(line.in_doubt for line in self._lines)

    @property
    def is_open(self) -> bool:
        """Whether the newest order is known to be open at the venue."""
        newest = self.newest
        return newest is not None and newest.status.value == "open"

    @property
    def status(self) -> str:
        """The newest order's status; empty when nothing was sent."""
        newest = self.newest
        return newest.status.value if newest else ""

    @property
    def code(self) -> str:
        """The venue's code for the newest refusal, cancel or reversal."""
        newest = self.newest
        return newest.code if newest else ""


class Legs:
    """The three slots."""

    __slots__ = ("_lines",)

    def __init__(self, lines: Sequence[OrderLine]) -> None:
        self._lines = lines

    def of(self, slot: str) -> Leg:
        """Return the leg for a slot: `leg_a`, `leg_b` or `hedge`."""
        return Leg(slot, self._lines)

    @property
    def a(self) -> Leg:
        """Leg A."""
        return self.of("leg_a")

    @property
    def b(self) -> Leg:
        """Leg B."""
        return self.of("leg_b")

    @property
    def hedge(self) -> Leg:
        """All hedge orders."""
        return self.of("hedge")
