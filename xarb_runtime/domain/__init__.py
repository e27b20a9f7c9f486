"""
What an arbitrage is made of: money, odds, orders, fills, positions, and the contexts charts run on.

Pure data and arithmetic. Nothing here reads a clock, draws a random number or does I/O.
"""
