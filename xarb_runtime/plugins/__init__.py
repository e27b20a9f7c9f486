"""
Plugins: what they promise (`contracts`), how they say hello (`hookspecs`), how they are found
(`discovery`).

An author needs two names from here, `hookimpl` and `API`, and the classes in `contracts`.
"""

from xarb_runtime.plugins.contracts import API
from xarb_runtime.plugins.hookspecs import hookimpl

__all__ = ["API", "hookimpl"]
