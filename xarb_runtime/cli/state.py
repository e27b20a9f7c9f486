"""
What the options before the command's name set.
"""

_debugging = False


def set_debugging(*, on: bool) -> None:
    """Show tracebacks of unexpected errors, or do not."""
    global _debugging  # noqa: PLW0603  one process, one command line
    _debugging = on


def is_debugging() -> bool:
    """Whether tracebacks are shown."""
    return _debugging
