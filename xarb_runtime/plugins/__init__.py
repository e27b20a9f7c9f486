"""Plugins: what they promise (`contracts`), how they say hello (`hookspecs`), how they are found (`discovery`)."""
