"""
One module per revision. A released revision is never edited.
"""
