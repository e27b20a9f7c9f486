"""One of its own modules breaks."""

from . import rest  # noqa: F401
