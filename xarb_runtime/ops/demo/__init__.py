"""
The whole mission on real protocols: two simulators and the service, each a process of its own.
"""
