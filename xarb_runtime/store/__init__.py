"""
The store: everything that is known, on disk before anyone acts on it.

`Journal` is the only writer, `Queries` reads. One commit is one transaction for any number of
steps: inbox rows, transitions, snapshots, timers and commands stand or fall together.
"""
