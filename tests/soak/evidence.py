"""
What is held against each other when a soak is over: everybody's own records.

The publisher says what it sent, the journal what the runtime made of it, the venues' books what
really happened, the recorder what others heard, the broker what is left.
"""

from decimal import Decimal

import msgspec


class Sent(msgspec.Struct, kw_only=True):
    """
    A message as its publisher remembers it.

    Attributes:
        kind, id, opportunity: as in `messages`.
        digest: of the body.
        times: how often it was published, repetitions after a missing confirm included.
        confirmed: how often the broker confirmed it.
    """

    kind: str
    id: str
    opportunity: str
    digest: str
    times: int = 0
    confirmed: int = 0


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the journal's inbox that came by the bus."""

    id: str
    execution: str
    outcome: str


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution in the journal."""

    status: str
    state: str
    reason: str
    seq: int


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the journal to place an order."""

    execution: str
    venue: str
    reduces: bool


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """
    An order in a venue's own book.

    Attributes:
        calls: how often the venue was asked to place it.
        wins: the scenarios in which it wins.
    """

    client_id: str
    venue: str
    calls: int
    filled: Decimal
    odds: Decimal
    wins: tuple[str, ...]

    @property
    def execution(self) -> str:
        """The execution that it belongs to, from the key of the command that placed it."""
        return self.client_id.rsplit(":", 2)[0]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """
    A message on `P.out`, as the recorder got it.

    Attributes:
        seq: the number of the step, for a transition; otherwise 0.
        digest: of the body.
    """

    id: str
    type: str
    execution: str
    seq: int
    digest: str


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """
    One life of the runtime.

    Attributes:
        code: its exit code; negative for a signal.
        wanted: the exit codes that what was done to it explains.
        tail: the end of its log.
    """

    code: int
    wanted: tuple[int, ...]
    tail: str = ""


class Evidence(msgspec.Struct, kw_only=True):
    """
    Everything.

    Attributes:
        sent: what was published, by id.
        received: rows of the inbox, one for each message.
        executions: by id, those of opportunities.
        dead_letters: digests of the bodies in the journal's dead letters.
        dead: digests of the bodies in the broker's dead-letter queue.
        left: how many messages are left in each queue that should be empty.
        outbox: how many rows are left in the outbox.
        placed: orders that the journal knows, by client id.
        turned_away: how often the venues were asked to place what they never took, by client id.
        orders: those in the venues' books.
        incidents: executions that had one.
        heard: what was on `P.out`, in the order of arrival, repetitions included.
        lives: how the lives of the runtime ended.
        words: how often each word of an operator was obeyed, by operator.
    """

    sent: dict[str, Sent] = {}
    received: list[Received] = []
    executions: dict[str, Execution] = {}
    dead_letters: list[str] = []
    dead: list[str] = []
    left: dict[str, int] = {}
    outbox: int = 0
    placed: dict[str, Placed] = {}
    turned_away: dict[str, int] = {}
    orders: list[Order] = []
    incidents: set[str] = set()
    heard: list[Heard] = []
    lives: list[Ended] = []
    words: dict[str, int] = {}
