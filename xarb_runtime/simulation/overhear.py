"""
Listens to what the service logs, instead of letting it be printed.
"""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, NoReturn

import structlog

Heard = Callable[[str, str, dict[str, Any]], None]


@contextmanager
def overheard(heard: Heard) -> Iterator[None]:
    """
    Give every log line to `heard` (level, message, fields) and to nobody else.

    The list of processors is changed in place, so that loggers which hold it are heard as well.
    """

    def take(_logger: Any, method: str, line: MutableMapping[str, Any]) -> NoReturn:
        fields = dict(line)
        heard(method, str(fields.pop("event", "")), fields)
        raise structlog.DropEvent

    processors = structlog.get_config()["processors"]
    before = list(processors)
    processors[:] = [take]
    structlog.configure(processors=processors)
    try:
        yield
    finally:
        processors[:] = before
        structlog.configure(processors=processors)
