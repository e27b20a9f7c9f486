"""
Runs `xarb` with one thing in it broken on purpose: `python launch.py "SCAR" run --folder ...`.
"""

import os
import signal
import sys
from typing import Any

from xarb_runtime.bus.rabbitmq.bus import RabbitBus
from xarb_runtime.cli.main import main
from xarb_runtime.plugins.contracts import BusMessage
from xarb_runtime.service.reading import Reader

DIES_AT_ACKNOWLEDGE = "dies between commit and acknowledge"
DIES_OF_POISON = "dies of poison"
POISON = b"poison"


def die() -> None:
    """End as in a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


async def _dies(*_: Any) -> None:
    die()


def _poisoned() -> None:
    read = Reader.read

    def reads(self: Reader, message: BusMessage, *arguments: Any, **more: Any) -> Any:
        if POISON in message.body:
            die()
        return read(self, message, *arguments, **more)

    Reader.read = reads  # type: ignore[method-assign]


def _unacknowledging() -> None:
    RabbitBus.acknowledge = _dies  # type: ignore[method-assign]


SCARS = {DIES_AT_ACKNOWLEDGE: _unacknowledging, DIES_OF_POISON: _poisoned}

if __name__ == "__main__":
    SCARS[sys.argv.pop(1)]()
    main()
