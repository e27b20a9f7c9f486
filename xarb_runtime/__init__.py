"""
xarb: two-leg arbitrages across venues that fail on their own, declared as statecharts.
"""

__version__ = "0.1.0"
