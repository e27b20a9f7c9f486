"""
What some packages change for everybody, and must not.

Python's recursion limit is what keeps a message of a hundred thousand brackets from overrunning the
stack, which nothing survives: packages for keys and signatures raise it for sums of their own.
The context of decimals says how money is rounded where nobody says how: ccxt changes it with every
price that it writes, and lets tiny numbers raise.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from decimal import getcontext, localcontext, setcontext


@contextmanager
def process_kept() -> Generator[None, None, None]:
    """
    Keep both as they are, whatever is imported or called in the context.

    Tasks that are begun in it have a context of decimals that is not ours, for as long as they run.
    """
    limit = sys.getrecursionlimit()
    try:
        with localcontext():
            yield
    finally:
        sys.setrecursionlimit(limit)


def own_decimals() -> None:
    """Give the running task a context of decimals of its own: what a plugin does to it is lost."""
    setcontext(getcontext().copy())


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
