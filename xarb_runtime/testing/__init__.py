"""
For authors of venues: numbered cases that a venue must pass before it touches money.
"""
