"""Breaks."""

raise RuntimeError("no licence")
