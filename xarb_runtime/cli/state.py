"""
What holds for one command line: whether errors show where they come from, and what stays hidden.
"""

from collections.abc import Callable, Iterable

_debugging = False
_hide: Callable[[str], str] = str


def begin(*, debugging: bool) -> None:
    """Begin a command line."""
    global _debugging, _hide
    _debugging, _hide = debugging, str


def is_debugging() -> bool:
    """Whether tracebacks of unexpected errors are shown."""
    return _debugging


def keep_secret(texts: Iterable[str]) -> None:
    """Never show these texts."""
    global _hide  # noqa: PLW0603  one process, one command line
    from xarb_runtime.ops.redaction import Redaction

    _hide = Redaction(tuple(texts)).text


def hide_with(hide: Callable[[str], str]) -> None:
    """Let something hide secrets that learns of them as time goes on."""
    global _hide  # noqa: PLW0603  one process, one command line
    _hide = hide


def hidden(text: str) -> str:
    """Return a text without secrets."""
    return _hide(text)
