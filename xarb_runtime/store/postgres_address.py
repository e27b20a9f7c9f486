"""
Where a PostgreSQL store is, and how messages name it.
"""

import ssl
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

import msgspec

from xarb_runtime.store.errors import StoreError

_EXPECTED = "postgresql://user:password@host:5432/database"
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


class PostgresAddress(msgspec.Struct, frozen=True, kw_only=True):
    """
    A database on a server. Shows itself without the password.

    Attributes:
        host: name or address; empty for the server's socket on this machine.
        port: the port; 0 for the usual one.
        database: the database.
        user: the role; empty for the driver's own choice.
        password: its password; empty for none, or one that the driver finds by itself.
        ssl_mode: as everywhere in PostgreSQL, e.g. `verify-full`; empty for `prefer`.
        ssl_root_cert: file with the certificates to trust; empty for the system's own.
    """

    host: str
    port: int
    database: str
    user: str
    password: str
    ssl_mode: str = ""
    ssl_root_cert: str = ""

    @property
    def name(self) -> str:
        """The address without the password."""
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"postgresql://{user}{host}{port}/{quote(self.database, safe='')}"

    def __repr__(self) -> str:
        return f"PostgresAddress({self.name!r})"

    def arguments(self) -> dict[str, Any]:
        """
        Return what the driver connects with.

        Raises:
            StoreError: the file of `sslrootcert` cannot be read.
        """
        found = {
            "host": self.host or None,
            "port": self.port or None,
            "database": self.database,
            "user": self.user or None,
            "password": self.password or None,
            "ssl": self._ssl() if self.ssl_mode else None,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _ssl(self) -> str | ssl.SSLContext:
        if not self.ssl_mode.startswith("verify-"):
            return self.ssl_mode
        try:
            context = ssl.create_default_context(cafile=self.ssl_root_cert or None)
        except OSError as error:
            message = (
                f"{self.name}: expected certificates to trust in {self.ssl_root_cert}, found "
                f"{error.strerror or error}. Check `sslrootcert` in `store.url`."
            )
            raise StoreError(message) from error
        context.check_hostname = self.ssl_mode == "verify-full"
        return context


def read_address(url: str) -> PostgresAddress:
    """
    Return the database that `url` names.

    Raises:
        StoreError: it does not name one.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 0
    except ValueError as error:
        # The library's own text may hold what stands where the port should be: a password.
        raise _refused("what is no address") from error
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme != "postgresql" or not database or "/" in database or parts.fragment:
        raise _refused(repr(_shown(parts)))
    if parts.netloc.count("@") > 1:
        # It could be read, but not be hidden everywhere: what comes after the first one would show.
        raise _refused("more than one @ before the host")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    mode, certificate = options.pop("sslmode", ""), options.pop("sslrootcert", "")
    if options:
        raise _refused(f"{', '.join(sorted(options))} (known are sslmode and sslrootcert)")
    if mode and mode not in _SSL_MODES:
        raise _refused(f"sslmode {mode!r} (known are {', '.join(_SSL_MODES)})")
    return PostgresAddress(
        host=parts.hostname or "",
        port=port,
        database=database,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        ssl_mode=mode,
        ssl_root_cert=certificate,
    )


def _shown(parts: SplitResult) -> str:
    """Whatever stands before the host may be a password."""
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path}"


def _refused(found: str) -> StoreError:
    return StoreError(
        f"store.url: expected {_EXPECTED}, found {found}. "
        "Characters like @ : / in user and password are written as %40 %3A %2F."
    )
