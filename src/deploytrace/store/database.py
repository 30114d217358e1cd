"""One store, opened: SQLite in the state directory, or PostgreSQL by URL; the same code and promises on both.

There is one writer at a time: SQLite's ``BEGIN IMMEDIATE``, in PostgreSQL the lock of the one row of the table
``store``. Whatever the database says is turned into one sentence here: `StoreUnavailable` for what may pass,
`StoreError` for what will not.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url, text, update
from sqlalchemy.engine import URL

from ..errors import SettingError, StoreError, StoreUnavailable
from . import schema
from .address import described
from .migrate import migrate

__all__ = ["Store", "open_store"]

_BUSY_SECONDS = 30.0  # SQLite's waiters look again ten times a second, in no order: among many one may be unlucky
_LOOK_SECONDS = 0.01
_CONNECT_SECONDS = 5
_STATEMENT_MS = 60_000
_IDLE_MS = 30_000  # a writer that vanished must not keep the others waiting
_SQLITE = "sqlite"
_INCREMENTAL = 2  # as PRAGMA auto_vacuum tells it
_making = threading.Lock()


class Store:
    """A store that is open. Any number of processes may have it open; a process's threads each open their own."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self.sqlite = engine.dialect.name == _SQLITE
        self._engine = engine

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that sees the store as it is at one instant. Raises `StoreUnavailable`, `StoreError`."""
        with self._told(), self._engine.connect() as connection, connection.begin():
            if not self.sqlite:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction alone with the store; committed at the end of the block, undone where it raises.

        Raises `StoreUnavailable`, `StoreError`.
        """
        with self._told(), self._engine.connect() as plain:
            connection = plain.execution_options(writing=True)
            with connection.begin():
                row = schema.store
                connection.execute(update(row).where(row.c.one == 1).values(generation=row.c.generation + 1))
                yield connection

    def size(self, connection: Connection) -> int:
        """Return how many bytes the store takes."""
        if self.sqlite:
            pages = connection.scalar(text("PRAGMA page_count")) or 0
            return int(pages * (connection.scalar(text("PRAGMA page_size")) or 0))
        tables = ", ".join(f"'{table.name}'" for table in schema.SCHEMA.sorted_tables)
        query = f"SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname IN ({tables})"  # noqa: S608
        return int(connection.scalar(text(query)) or 0)

    def execute_alone(self, statement: str) -> None:
        """Run a statement outside any transaction (SQLite's upkeep). Raises `StoreUnavailable`, `StoreError`."""
        with self._told(), self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            try:
                driver.execute(statement).fetchall()  # type: ignore[union-attr]
            except sqlite3.Error as error:
                raise StoreUnavailable(f"The store {self.name} cannot be used now ({error}).") from None

    def migrate(self) -> None:
        """Bring the schema up to date. Raises `StoreUnavailable`, `StoreError` (it is a newer one, say)."""
        with self._told(), self._engine.connect() as connection:
            migrate(connection, self.name)

    def close(self) -> None:
        """Let go of the database; never raises."""
        with contextlib.suppress(Exception):
            self._engine.dispose()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the database says into one sentence."""
        try:
            yield
        except exc.DBAPIError as error:
            raise _explained(self.name, error) from None
        except exc.SQLAlchemyError as error:
            raise StoreUnavailable(f"The store {self.name} cannot be used ({_first_line(error)}).") from None


def open_store(url: str) -> Store:
    """Open a store; where it is not there it is made, where it is an older one it is brought up to date.

    Raises `SettingError` (an address that cannot be used), `StoreUnavailable` or `StoreError`.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (exc.ArgumentError, ValueError):
        parsed, backend = None, ""
    if parsed is None or backend not in (_SQLITE, "postgresql"):
        raise SettingError(
            f"store_url must be sqlite:///PATH or postgresql://USER@HOST/DATABASE, which {described(url)} is not."
        )
    engine = _sqlite_engine(parsed) if backend == _SQLITE else _postgresql_engine(parsed)
    opened = Store(engine, described(url))
    try:
        opened.migrate()
    except BaseException:
        opened.close()
        raise
    return opened


def _sqlite_engine(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise SettingError("store_url names no file: write sqlite:////absolute/path/store.db, with four slashes.")
    _make_file(Path(url.database))
    given = {} if "timeout" in url.query else {"timeout": _BUSY_SECONDS}
    engine = create_engine(url, pool_size=1, connect_args=given)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        # auto_vacuum counts only before anything is written, and the journal's mode is written at once; to set it where
        # it is set waits for the writers
        if connection.execute("PRAGMA auto_vacuum").fetchone() != (_INCREMENTAL,):
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL").close()
        _write_ahead(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Set the journal's mode. Where several do so to a new store, SQLite refuses all but one, without any waiting."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return


def _make_file(path: Path) -> None:
    """Make the file of a store where there is none, for its owner alone. Raises `StoreUnavailable`.

    A file that is there is not opened: to close it again would take away the locks that this process has on it by
    other connections, and what two then write at the same time is damaged (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        if path.parent.name and not path.parent.is_dir():
            with contextlib.suppress(FileExistsError):  # another made it just now, or it is a file: told below
                path.parent.mkdir(mode=0o700, parents=True)
        with _making, contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        if path.is_symlink() or not path.is_file():
            raise OSError(errno.EINVAL, "it is no regular file")
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise StoreUnavailable(
            f"The store {path} cannot be opened ({error.strerror or error}): check its directory and its owner."
        ) from None


def _postgresql_engine(url: URL) -> Engine:
    options = f"-c statement_timeout={_STATEMENT_MS} -c idle_in_transaction_session_timeout={_IDLE_MS}"
    arguments = {"connect_timeout": _CONNECT_SECONDS, "options": options, "tcp_user_timeout": _STATEMENT_MS}
    given = {name: value for name, value in arguments.items() if name not in url.query}
    try:
        driver = url.set(drivername="postgresql+psycopg")
        return create_engine(driver, pool_size=1, pool_pre_ping=True, connect_args=given)
    except ImportError:
        raise SettingError(
            "store_url names PostgreSQL, which needs its driver: pip install 'deploytrace[postgresql]'."
        ) from None


def _explained(name: str, error: exc.DBAPIError) -> StoreError | StoreUnavailable:
    reason = _first_line(error.orig)
    if any(mark in reason for mark in ("not a database", "malformed")):
        return StoreError(
            f"The store {name} is damaged or no store ({reason}): move it out of the way; a new one is made, and what "
            "waits is committed to it."
        )
    return StoreUnavailable(f"The store {name} cannot be used now ({reason}).")


def _first_line(error: object) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), error.__class__.__name__)
