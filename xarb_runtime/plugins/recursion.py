"""
A limit that some packages change for everybody when they are imported.

Python's recursion limit is what keeps a message of a hundred thousand brackets from overrunning the
stack, which nothing survives. Packages for keys and signatures raise it for sums of their own.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def recursion_limit_kept() -> Generator[None, None, None]:
    """Put the recursion limit back at the end of the context, whatever was imported in it."""
    limit = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@contextmanager
def recursion_limited(most: int) -> Generator[None, None, None]:
    """Lower the recursion limit to `most` for as long as the context lasts, if it is higher."""
    limit = sys.getrecursionlimit()
    if limit <= most:
        yield
        return
    sys.setrecursionlimit(most)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
