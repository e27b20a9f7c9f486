"""
What PostgreSQL's errors mean for whoever has to repair them.
"""

import asyncpg

from xarb_runtime.store.errors import StoreError

#: By SQLSTATE, or its first two characters.
_WHAT_TO_DO = {
    "28P01": "The password is wrong, or there is no such role: check `store.url` and "
    "`store.password`.",
    "28": "The server does not let this role in: check `store.url` and the server's pg_hba.conf.",
    "3D000": "There is no such database: create it, see docs/how-to/postgresql.md.",
    "3F000": "There is no schema to work in: check the role's search_path.",
    "42501": "The role lacks a right: make it the owner of the database, see "
    "docs/how-to/postgresql.md.",
    "25006": "This server or role can only read: point `store.url` at the primary.",
    "25P03": "The server ended a transaction that stood still: the machine or this process was "
    "paused. Restart the runtime.",
    "53100": "The server's disk is full: free space there, then start again.",
    "53200": "The server is out of memory: look at its log.",
    "53300": "The server has no connection to spare: raise max_connections, or close others.",
    "55P03": "Another session holds a lock on the store: look at pg_locks, end it, start again.",
    "57014": "The server gave the statement up after its time limit: look at its load and locks.",
    "57P01": "The server was shut down, or an administrator ended the connection.",
    "57P02": "The server has crashed: look at its log.",
    "57P03": "The server is starting up or shutting down: try again when it is ready.",
    "08": "The connection was lost: check server and network.",
    "XX": "The server reports damage or a fault of its own: look at its log.",
}
_NOT_WRITTEN = "Nothing of this transaction was written; restart the runtime."

#: Errors after which a connection is no good any more, besides those of the server.
BROKEN = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def explain(error: BaseException, name: str) -> StoreError:
    """Return what `error` means; `name` is the store's."""
    if isinstance(error, asyncpg.PostgresError):
        state = getattr(error, "sqlstate", None) or ""
        advice = _WHAT_TO_DO.get(state) or _WHAT_TO_DO.get(state[:2]) or _NOT_WRITTEN
        found = f"{type(error).__name__.removesuffix('Error')} ({state}): {error}"
        return StoreError(f"{name}: expected PostgreSQL to succeed, found {found}. {advice}")
    return StoreError(
        f"{name}: expected a connection, found {_words(error)}. "
        "Is the server running, and can it be reached from here? Check `store.url`."
    )


def lost(error: BaseException | str, name: str, *, committing: bool) -> StoreError:
    """Return what it means that the connection was lost in the middle of a transaction."""
    known = (
        "Whether the last commit was written is not known"
        if committing
        else "Nothing of the last transaction was written"
    )
    return StoreError(
        f"{name}: expected the connection to last, found {_words(error)}. {known}. "
        "Restart the runtime; it continues from what is on disk."
    )


def ends_the_connection(error: BaseException) -> bool:
    """Whether nothing more can be asked after this error."""
    if isinstance(error, asyncpg.PostgresError):
        state = getattr(error, "sqlstate", None) or ""
        severity = getattr(error, "severity_en", None) or getattr(error, "severity", None)
        return severity in {"FATAL", "PANIC"} or state.startswith(("08", "57P"))
    return isinstance(error, BROKEN)


def _words(error: BaseException | str) -> str:
    if isinstance(error, str):
        return error
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer in time"
    text = getattr(error, "strerror", None) or str(error)
    found = f"{type(error).__name__}: {text}" if text else type(error).__name__
    # The driver's own words for it tell nobody but its makers what has happened.
    is_driver_s = isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError)
    return f"a connection that is closed ({found})" if is_driver_s else found
