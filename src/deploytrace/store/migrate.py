"""Makes a store's tables, and brings those of an older deploytrace up to date; refuses those of a newer one.

It all happens in one transaction that other openers wait for, so that however many processes meet a new or an old
store at once, one of them does the work.
"""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.schema import SetColumnComment, SetTableComment

from ..errors import StoreError
from .schema import SCHEMA, SCHEMA_VERSION, store

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["alembic_config", "migrate"]

_LOCK = 0x6465706C6F79  # "deploy": the key of PostgreSQL's advisory lock


def migrate(connection: Connection, name: str) -> None:
    """Bring the store ``name`` up to date. Raises `StoreError` where it is none, or a newer one."""
    with connection.begin():
        if _version(connection, name) == SCHEMA_VERSION:
            return
    connection = connection.execution_options(writing=True)  # to look at it waits for no writer
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = _version(connection, name)
        if found == SCHEMA_VERSION:
            return
        if found is None:
            _make(connection)
        else:
            _upgrade(connection)
        if connection.scalar(select(store.c.one)) is None:
            now = time.time_ns()
            row = {"one": 1, "store_id": str(uuid.uuid4()), "created_ns": now, "generation": 0}
            connection.execute(insert(store), row)


def _version(connection: Connection, name: str) -> str | None:
    """Return the store's version, None where it is empty."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables and connection.dialect.name == "sqlite":
            raise StoreError(f"{name} is a database of something else: name another file in store_url.")
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and (not str(found).isdecimal() or int(found) > int(SCHEMA_VERSION)):
        raise StoreError(
            f"The store {name} was made by a newer deploytrace (schema {found}; this one knows {SCHEMA_VERSION}): "
            "update deploytrace, or name another store in store_url."
        )
    return None if found is None else str(found)


def _make(connection: Connection) -> None:
    """Make all tables as they are now, without Alembic, which takes longer to load than a whole new store to make."""
    SCHEMA.create_all(connection, checkfirst=False)
    key = "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"
    connection.execute(text(f"CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, {key})"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": SCHEMA_VERSION})


def alembic_config(connection: Connection) -> Config:
    """Return what Alembic needs to know; it is loaded only where there is something to migrate."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "deploytrace.store:migrations")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command

    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(alembic_config(connection), "head")
    if connection.dialect.supports_comments:
        for table in SCHEMA.sorted_tables:
            connection.execute(SetTableComment(table))
            for column in table.columns:
                connection.execute(SetColumnComment(column))
