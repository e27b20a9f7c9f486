"""
The collector of cyclic garbage, told what a service is like.

By default it looks through everything that was ever imported, again and again: 70 ms at a time in
which nothing happens, a sixth of the work of a busy runtime. What is there after the start stays
until the end, and what comes later is mostly freed by reference counts.
"""

import gc

#: So many more objects than were freed make it look at the youngest.
YOUNG = 10_000
#: After so many looks at the youngest it looks at the middle, and the same again at all.
OLDER = 50


def spare_what_stays() -> None:
    """Never look again at what exists now, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)
