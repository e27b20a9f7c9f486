"""
What can go wrong with the store.

    StoreError (RuntimeError)
    ├── LeaseHeld        another runtime works on this store
    ├── LeaseLost        another runtime took this store over; nothing was written
    ├── WrongMode        the store was made in another mode
    └── JournalBroken    an earlier commit failed; this journal accepts no more

All of them are fatal for a runtime: stop, let go, recover from what is on disk.
"""

from datetime import UTC, datetime


def clock_text(time_ms: int) -> str:
    """Return a time in milliseconds since the epoch as people write it, UTC."""
    time = datetime.fromtimestamp(time_ms / 1000, UTC).replace(tzinfo=None)
    return time.isoformat(sep=" ", timespec="milliseconds")


class StoreError(RuntimeError):
    """The store cannot be opened, read or written; the text says which and what to do."""


class LeaseHeld(StoreError):
    """
    Another runtime works on this store.

    Attributes:
        owner, host, pid: who.
        since_ms: when it took the lease.
        expires_ms: when the lease runs out unless it is renewed.
    """

    def __init__(
        self, *, store: str, owner: str, host: str, pid: int, since_ms: int, expires_ms: int
    ) -> None:
        self.owner, self.host, self.pid = owner, host, pid
        self.since_ms, self.expires_ms = since_ms, expires_ms
        super().__init__(
            f"{store}: expected a free store, found it held by {owner!r} (host {host}, pid {pid}) "
            f"since {clock_text(since_ms)} UTC, lease until {clock_text(expires_ms)} UTC. "
            "Stop that runtime, or wait until its lease has run out, then start again."
        )


class LeaseLost(StoreError):
    """
    Another runtime took this store over; the commit that noticed wrote nothing.

    Attributes:
        epoch: the epoch that this journal held.
    """

    def __init__(self, *, store: str, epoch: int) -> None:
        self.epoch = epoch
        super().__init__(
            f"{store}: expected lease epoch {epoch}, found that another runtime has taken over. "
            "Nothing was written. Stop this runtime; `xarb check` names the present holder."
        )


class WrongMode(StoreError):
    """
    The store was made in another mode; nothing on it was looked at.

    Attributes:
        mode: the runtime's mode.
        found: the store's.
    """

    def __init__(self, *, store: str, mode: str, found: str) -> None:
        self.mode, self.found = mode, found
        super().__init__(
            f"{store}: expected a store of mode {mode}, found one of mode {found}. Orders of one "
            f"mode are never recovered in another: set `mode` back, or give mode {mode} a store "
            f"of its own, such as `store.url: sqlite:///var/{mode}.db`."
        )


class JournalBroken(StoreError):
    """An earlier commit failed, so what this runtime believes may not be what is on disk."""

    def __init__(self, *, store: str, first: BaseException) -> None:
        self.first = first
        super().__init__(
            f"{store}: expected a journal whose commits all succeeded, found that one failed: "
            f"{first} Restart the runtime; it continues from what is on disk."
        )
