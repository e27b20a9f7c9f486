"""
The traps of aio-pika and aiormq, closed once for all of our calls.

- When a connection dies, aiormq cancels whoever waits for it: to our tasks that looks as if they
  were cancelled themselves.
- Errors come as several families, some of them not even connection errors.
- Their loggers write an error for each attempt to connect, and all messages at level debug.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from aio_pika.exceptions import CONNECTION_EXCEPTIONS

#: Whatever goes wrong between us and the broker.
ERRORS: tuple[type[BaseException], ...] = (
    *CONNECTION_EXCEPTIONS,
    TimeoutError,
    asyncio.TimeoutError,
)


class Lost(ConnectionError):
    """The connection cannot be used any more; the text says why, for people."""


@contextmanager
def ours() -> Iterator[None]:
    """
    Run a call of the library; a cancellation that nobody of us asked for is a lost connection.

    Raises:
        Lost: the library has cancelled itself.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        cause = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
        raise Lost("the connection was closed while a call was under way") from cause


def quiet() -> None:
    """
    Let the libraries' loggers be silent unless somebody has set their level.

    What they say is in the bus's state and in our own log, once and in words for people.
    """
    for name in ("aio_pika", "aiormq"):
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.CRITICAL + 1)
