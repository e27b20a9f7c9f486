"""Is not Python."""

def xarb_venues(:
