"""
Statecharts: loading, checking, stepping and drawing them.
"""
