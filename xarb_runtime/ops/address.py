"""
Where a running control API listens, for those who come later: a file beside the token's.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec


class Address(msgspec.Struct, frozen=True):
    """The URL of a control API, and the process that serves it."""

    url: str
    pid: int


def address_file(token_file: Path) -> Path:
    """Return the file that holds the address."""
    return token_file.with_name(f"{token_file.name}.address")


@contextmanager
def written_address(token_file: Path, url: str) -> Iterator[None]:
    """Have the address in its file until the end of the context."""
    path = address_file(token_file)
    path.write_bytes(msgspec.json.encode(Address(url, os.getpid())))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_address(token_file: Path) -> Address | None:
    """Return the address that a runtime has written; None if there is none."""
    try:
        return msgspec.json.decode(address_file(token_file).read_bytes(), type=Address)
    except (OSError, msgspec.DecodeError):
        return None
