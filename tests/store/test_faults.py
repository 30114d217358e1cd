"""A store that is down, locked, full, damaged, older or newer: the run waits, and is committed once, later."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text

from deploytrace.errors import DeliveryUnavailable, SettingError, StoreError
from deploytrace.store.database import Store, open_store
from deploytrace.store.migrate import alembic_config
from deploytrace.store.schema import SCHEMA, SCHEMA_VERSION
from deploytrace.store.view import View, read_snapshot
from ground.postgres import PostgreSQL, running_postgresql
from ground.waiting import PATIENCE_S, wait_for
from sidecar.place import Place, state_directory

from .recorded import content, run_of, totals


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A state directory whose traces go to files."""
    with state_directory(tmp_path / "state", DEPLOYTRACE_DELIVERY_WAIT="1") as there:
        yield there


def _spoilt(path: Path) -> None:
    """Make a file that is no database of it."""
    path.write_bytes(b"These are not the pages of a database. " * 200)


def _given_up(place: Place, run_id: str) -> bool:
    position = place.cursor(run_id).positions.get("history")
    return position is not None and position.trouble is not None


def test_many_connections_of_one_process(tmp_path: Path) -> None:
    """To open a store once more takes nothing away from who has it open: another process does not believe itself alone.

    It would, if anything but SQLite closed the file here (https://sqlite.org/howtocorrupt.html, 2.2), and would remove
    the log that this process goes on writing to.
    """
    path = tmp_path / "store.db"
    with contextlib.closing(open_store(f"sqlite:///{path}")) as store:
        with store.reading() as connection:
            connection.execute(text("SELECT * FROM store"))
        open_store(f"sqlite:///{path}").close()
        elsewhere = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM store'); c.close()"
        subprocess.run([sys.executable, "-c", elsewhere, str(path)], check=True, timeout=60)
        assert path.with_name("store.db-wal").exists()


def test_the_tables_are_those_of_the_migrations(store: Store, url: str) -> None:
    """What the steps make, one after the other, is what the code and the page say, and what a new store has at once."""
    _as_the_code_says(store)
    with store.writing() as connection:
        SCHEMA.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        upgrade(alembic_config(connection), "0001")
    with contextlib.closing(open_store(url)) as upgraded:
        _as_the_code_says(upgraded)


def _as_the_code_says(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SCHEMA) == []
        script = ScriptDirectory.from_config(alembic_config(connection))
        assert script.get_current_head() == SCHEMA_VERSION == context.get_current_revision()
        if not store.sqlite:
            comment = connection.scalar(text("SELECT obj_description('runs'::regclass)"))
            assert comment == SCHEMA.tables["runs"].comment


def test_a_newer_store_is_refused(store: Store, url: str) -> None:
    """In one sentence, and the run waits."""
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="made by a newer deploytrace \\(schema 9999; this one knows") as told:
        open_store(url)
    assert "pass" not in str(told.value)
    with pytest.raises(DeliveryUnavailable, match="newer deploytrace"):
        run_of("meta-2.21").commit(url)


TO_THE_SECOND_SCHEMA = (
    "DROP TABLE containers",
    *(
        f"ALTER TABLE {table} DROP COLUMN {column}"
        for table, columns in (
            ("runs", ("message",)),
            ("plays", ("hosts",)),
            ("tasks", ("container", "told_ns", "written")),
            ("host_results", ("late_ns", "waited_ns", "own_ns", "delegate")),
            ("host_times", ("connection",)),
            ("downtimes", ("execution", "at_least_from_ns", "play", "span_ns")),
        )
        for column in columns
    ),
    "UPDATE alembic_version SET version_num = '0002'",
)
"""What takes a store back to what an earlier deploytrace knew."""

_TO_THE_FIRST_SCHEMA = (
    *TO_THE_SECOND_SCHEMA,
    *(f"DROP TABLE {table}" for table in ("task_times", "role_times", "host_times")),
    "DROP INDEX runs_by_kind",
    *(f"ALTER TABLE runs DROP COLUMN {column}" for column in ("kind", "expected_end_ns", "latest_end_ns")),
    "ALTER TABLE definitions DROP COLUMN place",
    "UPDATE alembic_version SET version_num = '0001'",
)


def test_an_older_store_is_brought_up_to_date(store: Store, url: str) -> None:
    """Opening it does that: what it held is there, and the numbers go on from it."""
    run_of("meta-2.21").commit(url)
    before, runs = content(store), totals(store, "ansible_playbook_runs_total")
    with store.writing() as connection:
        for statement in _TO_THE_FIRST_SCHEMA:
            connection.execute(text(statement))
    with contextlib.closing(open_store(url)) as newer:
        assert content(newer) == before
        with newer.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), SCHEMA) == []
        run_of("meta-2.21", run_id="9" * 32).commit(url)
        assert content(newer)["runs"] == 2
        twice = {labels: (2 * count, 2 * total) for labels, (count, total) in runs.items()}
        assert totals(newer, "ansible_playbook_runs_total") == twice != runs


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://u:secret@h/d", "store_url must be sqlite:///PATH or postgresql://USER@HOST/DATABASE"),
        ("/var/lib/store.db", "store_url must be"),
        ("sqlite://", "store_url names no file"),
        ("postgresql://u:secret@127.0.0.1:1/d", "cannot be used now"),
    ],
)
def test_bad_addresses(address: str, said: str) -> None:
    """One sentence, without the password."""
    with pytest.raises((SettingError, DeliveryUnavailable), match=said) as told:
        open_store(address)
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)


def test_wrong_credentials(postgresql: PostgreSQL) -> None:
    """PostgreSQL's own reason in one sentence, with neither the right password nor the wrong one; the run waits."""
    url = make_url(postgresql.database()).set(password="not-this-one")
    with pytest.raises(DeliveryUnavailable, match=r"deploys_\w+ cannot be used now \(.*authentication failed") as told:
        run_of("meta-2.21").commit(url.render_as_string(hide_password=False))
    assert "not-this-one" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_path_that_no_store_can_have(tmp_path: Path) -> None:
    """The path, the reason and the remedy in one sentence."""
    (tmp_path / "file").touch()
    for path, reason in ((tmp_path, "it is no regular file"), (tmp_path / "file" / "store.db", "Not a directory")):
        with pytest.raises(DeliveryUnavailable, match=f"The store {path} cannot be opened \\({reason}\\): check its"):
            open_store(f"sqlite:///{path}")


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    """Neither garbage nor somebody else's database is touched."""
    garbage, foreign = tmp_path / "garbage.db", tmp_path / "foreign.db"
    _spoilt(garbage)
    with contextlib.closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.commit()
    before = garbage.read_bytes()
    with pytest.raises(StoreError, match=r"damaged or no store .* move it out of the way"):
        open_store(f"sqlite:///{garbage}")
    assert garbage.read_bytes() == before
    with pytest.raises(StoreError, match="a database of something else"):
        open_store(f"sqlite:///{foreign}")


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    """The store and what SQLite puts beside it; a link in its place is not followed."""
    place = tmp_path / "state"
    run_of("meta-2.21").commit(f"sqlite:///{place}/store.db")
    opened = open_store(f"sqlite:///{place}/store.db")
    with opened.writing():
        modes = {path.name: path.stat().st_mode & 0o777 for path in place.iterdir()}
    opened.close()
    assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm"), 0o600)
    assert place.stat().st_mode & 0o777 == 0o700
    (tmp_path / "link.db").symlink_to(place / "store.db")
    with pytest.raises(DeliveryUnavailable, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}/link.db")


def test_a_server_that_is_down(place: Place) -> None:
    """The run waits in its journal; flush commits it once, and nobody sees the password."""
    with running_postgresql() as server:
        url = server.database()
        place.environ["DEPLOYTRACE_STORE_URL"] = url
        server.stop()
        recording = place.record()
        recording.recorded()
        recording.process.wait(PATIENCE_S)
        wait_for(lambda: "history wait in the journal" in place.log, "the outage is said")
        wait_for(lambda: _given_up(place, recording.run_id), "it is given up for now")
        server.start()
        wait_for(lambda: "delivered" in place.flush().stdout, "it is flushed")
        _delivered_once(url, recording.run_id, place)
        place.flush()
        _delivered_once(url, recording.run_id, place)
        written = [path for path in place.root.rglob("*") if path.is_file()]
        assert written
        for path in written:
            assert b"pass:w/rd" not in path.read_bytes()
            assert b"pass%3Aw" not in path.read_bytes()


def test_a_damaged_store(place: Place) -> None:
    """It is said; with the file out of the way the run that waited is committed to a new one."""
    place.root.mkdir(mode=0o700)
    damaged = place.root / "store.db"
    _spoilt(damaged)
    recording = place.record()
    recording.recorded()
    recording.process.wait(PATIENCE_S)
    wait_for(lambda: "is damaged or no store" in place.log, "it is said")
    wait_for(lambda: _given_up(place, recording.run_id), "it is given up for now")
    wait_for(lambda: place.cursor(recording.run_id).positions["trace_file"].complete, "the trace is there all the same")
    shutil.move(damaged, place.root / "broken.db")
    wait_for(lambda: "delivered" in place.flush().stdout, "it is flushed")
    _delivered_once(f"sqlite:///{damaged}", recording.run_id, place)


def _delivered_once(url: str, run_id: str, place: Place) -> None:
    assert place.cursor(run_id).complete
    store = open_store(url)
    try:
        assert totals(store, "ansible_playbook_runs_total")["site.yml", "success"] == (0, 1)
        assert content(store)["host_results"] == 9
    finally:
        store.close()


def test_locked_for_a_while(tmp_path: Path) -> None:
    """Another's lock is waited for, then it is an outage; what was to be committed is not lost, and to read goes on."""
    url = f"sqlite:///{tmp_path}/store.db?timeout=0.5"
    run = run_of("meta-2.21")
    run_of("roles-2.21").commit(url)
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DeliveryUnavailable, match="database is locked"):
            run.commit(url)
        reader = open_store(url)
        assert content(reader)["runs"] == 1
        reader.close()
        other.execute("ROLLBACK")
    run.commit(url)


def test_a_full_disk(tmp_path: Path) -> None:
    """What found no room is not there at all, and is committed once there is some; in a mount of the test's own."""
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    kept.mkdir()
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    program = (sys.executable, Path(__file__).with_name("full.py"), f"sqlite:///{disk}/store.db", disk, "roles-2.21")
    script = 'mount -t tmpfs -o size=200k none "$0" && "$@" && cp "$0/store.db" "$0/../kept"'
    apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    command = [*apart, "sh", "-c", script, disk, *program]
    outcome = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert outcome.returncode == 0, outcome.stderr
    said, whole = outcome.stdout.splitlines()
    assert "cannot be used now (database or disk is full)" in said
    assert whole.endswith("is whole")
    once = tmp_path / "once.db"
    run_of("roles-2.21").commit(f"sqlite:///{once}")
    found = []
    for path in (once, kept / "store.db"):
        store = open_store(f"sqlite:///{path}")
        found.append(content(store))
        store.close()
    assert found[0] == found[1]


def test_a_writer_that_vanished(postgresql: PostgreSQL) -> None:
    """A commit that was broken off in the middle leaves nothing behind, and holds up nobody."""
    url = postgresql.database()
    store = open_store(url)
    before = content(store)
    with pytest.raises(DeliveryUnavailable, match=r"NOT NULL|null value"), store.writing() as connection:
        connection.execute(text("INSERT INTO hosts (name) VALUES ('h'), (NULL)"))
    assert content(store) == before
    read_snapshot(store, View(), 0.0)
    store.close()
