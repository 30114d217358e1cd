"""How Alembic runs the steps: in the transaction of the connection that `store.migrate` gives it."""

from __future__ import annotations

from alembic import context

from deploytrace.store.schema import SCHEMA

__all__ = ()

context.configure(connection=context.config.attributes["connection"], target_metadata=SCHEMA, transactional_ddl=True)
context.run_migrations()
