"""Each run's contribution once: replayed, killed, side by side."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deploytrace.store.database import Store, open_store

from .recorded import JOURNALS, content, run_of

TESTS = Path(__file__).resolve().parents[1]
KILLED = Path(__file__).with_name("killed.py")
FIVE = ("roles-2.21", "free-2.21", "failures-2.21", "serial-2.21", "retries-2.21")
ENVIRON = os.environ | {"PYTHONPATH": str(TESTS)}


def _once(tmp_path: Path, *names: str) -> dict[str, object]:
    """What a store holds in which each run was committed once, one after the other."""
    url = f"sqlite:///{tmp_path}/once/store.db"
    for name in names:
        run_of(name).commit(url)
    store = open_store(url)
    try:
        return content(store)
    finally:
        store.close()


def test_both_databases_hold_the_same(store: Store, url: str, tmp_path: Path) -> None:
    """Every recorded run, in small batches on one side and in one piece on the other."""
    names = [path.stem for path in JOURNALS]
    for name in names:
        run_of(name).commit(url, size=7)
    assert content(store) == _once(tmp_path, *names)


def test_replayed_again(store: Store, url: str) -> None:
    """A journal whose cursor is lost is delivered from its beginning: in other batches, twice."""
    run_of("roles-2.21").commit(url, size=5)
    before = content(store)
    run_of("roles-2.21").commit(url)
    run_of("roles-2.21").commit(url, size=1)
    assert content(store) == before


def test_killed_at_random_moments(store: Store, url: str, tmp_path: Path) -> None:
    """Forty processes that commit are killed, each goes on where the one before it stood."""
    command = [sys.executable, str(KILLED), url, "roles-2.21", "1", "40"]
    outcome = subprocess.run(command, env=ENVIRON, capture_output=True, text=True, timeout=200, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert int(outcome.stdout) >= 10, "hardly any was killed at work"
    assert content(store) == _once(tmp_path, "roles-2.21")


def test_five_at_the_same_time(url: str, tmp_path: Path) -> None:
    """Each of them is killed three times meanwhile; there is no store yet, so they make it too."""
    commands = [[sys.executable, str(KILLED), url, name, "7", "3"] for name in FIVE]
    started = [subprocess.Popen(command, env=ENVIRON, stderr=subprocess.PIPE, text=True) for command in commands]
    for process in started:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
    store = open_store(url)
    expected, found = _once(tmp_path, *FIVE), content(store)
    store.close()
    for each in (expected, found):  # which observation was the latest depends on who came last
        del each["exemplars"]
    assert found == expected
