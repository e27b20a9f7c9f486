"""
Charts as pictures, drawn from the same file that runs.
"""

from xarb_runtime.statechart.render.mermaid import to_mermaid
from xarb_runtime.statechart.render.svg import to_svg

__all__ = ["to_mermaid", "to_svg"]
