"""
The history of the tables. Alembic applies what a store file lacks when it is opened.
"""
