"""
Whether a PostgreSQL database can hold a store, and whether a runtime could be started on it.
"""

from collections.abc import Callable
from contextlib import nullcontext

from xarb_runtime.store import migrate, schema
from xarb_runtime.store.errors import LeaseHeld, StoreError
from xarb_runtime.store.lease import Holder, read_lease, refuse_if_held
from xarb_runtime.store.origin import ANY_EXECUTION, read_origin, refuse_other_mode
from xarb_runtime.store.postgres import READ_BACK, PostgresReader
from xarb_runtime.store.postgres_address import PostgresAddress
from xarb_runtime.store.postgres_migrate import tables_of
from xarb_runtime.store.session import Source

#: The oldest server that is accepted; what the tests run on is newer.
OLDEST_VERSION = 13

_SERVER = """
SELECT current_setting('server_version_num')::int / 10000,
       pg_is_in_recovery(),
       current_setting('fsync'),
       current_setting('synchronous_commit'),
       current_setting('server_encoding'),
       current_schema()::text
"""
_SETTINGS = "SELECT name, current_setting(name) FROM unnest($1::text[]) AS s(name)"
_CREATE = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
_RIGHTS = """
SELECT t.name, r.name
FROM unnest($1::text[]) AS t(name), unnest($2::text[]) AS r(name)
WHERE NOT has_table_privilege(quote_ident(t.name), r.name)
ORDER BY 1, 2
"""
_ALL = ["SELECT", "INSERT", "UPDATE", "DELETE"]


async def refuse_if_unfit(source: Source) -> None:
    """
    Refuse a server that is too old, can only be read, or on which a commit would not last, and a
    connection that is not as it was asked for.

    Raises:
        StoreError: with the first thing that is wrong.
    """
    for finding in [*await _unfit(source), *await _unset(source)]:
        raise StoreError(finding)


async def _unset(source: Source) -> list[str]:
    """A pooler may keep settings to itself, or for somebody else."""
    found = dict(await source.fetch(_SETTINGS, [list(READ_BACK)]))
    return [
        f"{source.name}: expected {name} to be {expected!r} on this connection, found "
        f"{found[name]!r}. Connect directly, not through a pooler."
        for name, expected in READ_BACK.items()
        if found[name] != expected
    ]


async def problems(
    address: PostgresAddress, is_alive: Callable[[Holder], bool], mode: str = ""
) -> list[str]:
    """Return everything that would stop a runtime from opening the store; change nothing."""
    try:
        async with PostgresReader.open(address, nullcontext) as source:
            return [*await _unfit(source), *await _contents(source, is_alive, mode)]
    except (LeaseHeld, StoreError) as error:
        return [str(error)]


async def _unfit(source: Source) -> list[str]:
    ((version, standby, fsync, commit, encoding, place),) = await source.fetch(_SERVER)
    wrong = [
        (
            version < OLDEST_VERSION,
            f"PostgreSQL {OLDEST_VERSION} or newer, found {version}",
            "Use a newer server",
        ),
        (
            standby,
            "a server that takes writes, found a standby",
            "Point `store.url` at the primary",
        ),
        (
            fsync != "on",
            "fsync to be on, found off: a power failure would lose commits",
            "Turn it on in the server's configuration",
        ),
        (
            commit == "off",
            "synchronous_commit to be on, found off: a crash would lose commits",
            "Turn it on for this role or database",
        ),
        (
            encoding != "UTF8",
            f"a database in UTF8, found {encoding}",
            "Create one with that encoding",
        ),
        (
            place is None,
            "a schema to work in, found none that exists in search_path",
            "Create it, or set search_path for this role",
        ),
    ]
    return [f"{source.name}: expected {what}. {do}." for is_wrong, what, do in wrong if is_wrong]


async def _contents(source: Source, is_alive: Callable[[Holder], bool], mode: str) -> list[str]:
    tables = await tables_of(source)
    migrate.refuse_if_foreign(source.name, tables, "database")
    if not tables:
        return await _may_create(source)
    if missing := await _missing_rights(source, tables):
        return missing
    revision = await migrate.read_revision(source)
    if (lease := await read_lease(source)) is not None:
        # The caller's clock does not count: it is the server's that leases are measured by.
        refuse_if_held(source.name, lease, await source.now_ms(lambda: 0), is_alive)
    found = await read_origin(source) if "origin" in tables else None
    is_used = bool(await source.fetch(ANY_EXECUTION))
    refuse_other_mode(source.name, mode, found, is_used=is_used)
    return [] if revision == migrate.REVISIONS[-1] else await _may_create(source)


async def _may_create(source: Source) -> list[str]:
    ((may,),) = await source.fetch(_CREATE)
    if may:
        return []
    found = "a role that may create tables, found that it may not. Make it the owner"
    return [f"{source.name}: expected {found} of the database, see docs/how-to/postgresql.md."]


async def _missing_rights(source: Source, tables: list[str]) -> list[str]:
    ours = [name for name in schema.metadata.tables if name in tables]
    missing = await source.fetch(_RIGHTS, [ours, _ALL])
    if not missing:
        return []
    found = ", ".join(f"{right} on {table}" for table, right in missing)
    message = (
        f"{source.name}: expected every right on the store's tables, found that these are "
        f"missing: {found}. Make the role their owner, see docs/how-to/postgresql.md."
    )
    return [message]
