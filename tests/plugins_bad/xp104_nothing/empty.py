"""Offers no hook at all."""
