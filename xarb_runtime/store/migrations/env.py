"""
Alembic's entry: migrate on the connection, and in the transaction, that the caller opened.
"""

from alembic import context

from xarb_runtime.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
