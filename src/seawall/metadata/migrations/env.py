"""Run migrations on the connection that :func:`seawall.metadata.migrate.migrate` opened."""

from alembic import context

from seawall.metadata.own import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
