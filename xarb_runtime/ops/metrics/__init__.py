"""Metrics: one list, and everything that is made from it."""
