"""
Plain charts of python-statemachine, for the tests that say what it does.
"""

from typing import Any

from statemachine.io import load

STRICT = {"catch_errors_as_events": False, "atomic_configuration_update": True}


class Model:
    """Whatever a chart's callbacks are called, they are noted; one of them is broken."""

    def __init__(self, state: Any = None, **fields: Any) -> None:
        self.state = state
        self.log: list[str] = []
        self.__dict__.update(fields)

    def first(self) -> None:
        self.log.append("first")

    def second(self) -> None:
        self.log.append("second")

    def broken(self) -> None:
        message = "broken"
        raise RuntimeError(message)


_names = iter(range(10_000))


def loaded(text: str, **flags: Any) -> Any:
    """Load a chart under a name of its own, and subclass it if flags are given."""
    chart: Any = load(text, format="yaml", name=f"chart_{next(_names)}")
    return type(chart.__name__, (chart,), flags) if flags else chart


def leaves(machine: Any) -> list[str]:
    return sorted(state.id for state in machine.configuration if state.is_atomic)
