"""The fixtures: real Ansible of every version, a real Jaeger, a receiver for faults, SSH hosts, SQLite and PostgreSQL.

They only hand out what ``ground`` makes. ``--ansible 2.21`` (repeatable) limits the tests to some versions.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from ground.ansible import Ansible
from ground.environments import NEWEST_STABLE, RELEASES, Release, installed, python_for
from ground.postgres import PostgreSQL, running_postgresql
from ground.processes import SESSION_MARK, end_all, naming, new_mark, wait_until_gone
from ground.receiver import Receiver, running_receiver
from ground.servers import Jaeger, running_jaeger
from ground.waiting import PATIENCE_S

_ROOM = pytest.StashKey[TextIO | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of versions, for quick work, and the way to accept a change of committed expectations."""
    versions = [release.version for release in RELEASES]
    parser.addoption("--ansible", action="append", choices=versions, help="test with this version only (repeatable)")
    parser.addoption("--accept", action="store_true", help="rewrite the committed expectations (CONTRIBUTING.md)")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and heed Ctrl-C: what is started in the background ignores it, and so do its children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "alone: measures time or load; no other test runs meanwhile")
    config.addinivalue_line(
        "markers",
        "long(shared): takes long; begins early. Those that share what takes long, by its name, stay together",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """Say which versions are tested, and which are not although they should be."""
    chosen = _chosen(config)
    left_out = [release.version for release in RELEASES if release not in chosen]
    versions = ", ".join(release.version for release in chosen)
    return f"ansible-core: {versions}" + (f" (left out: {', '.join(left_out)})" if left_out else "")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with those that are to be alone, while nobody needs to stop for them, and with those that take long.

    Each worker is given its part of the list, as many tests as any other, and whoever has none left takes over the last
    of another's. So the long ones are dealt out, and what is left for the end is short and shares nothing. A short one
    goes before them, lest who is to be alone has to wait for a long one at once.
    """
    workers: int = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    alone, long, others = list[pytest.Item](), dict[object, list[pytest.Item]](), list[pytest.Item]()
    for item in items:
        marker = item.get_closest_marker("long")
        kin = long.setdefault(marker.args or item.nodeid, []) if marker else others
        (alone if _is_alone(item) else kin).append(item)
    parts = [alone, *([others.pop(0)] if alone and others else [] for _ in range(workers - 1))]
    for number, kin in enumerate(long.values()):
        parts[number % workers] += kin
    left = len(items)
    for number, part in enumerate(parts):
        more = max(0, left // (workers - number) - len(part))
        part += others[:more]
        del others[:more]
        left -= len(part)
    items[:] = [item for part in (*parts, others) for item in part]


def _is_alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker("alone") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Let tests marked ``alone``, and the fixtures that they begin with, run while no other worker runs any.

    Two locks: the room, shared by ordinary tests and exclusive for one that wants to be alone, and the door, which
    the latter holds while it waits, lest the others keep going in and out for ever. Whoever is alone stays for the next
    that wants to be.
    """
    locks = item.config.cache.mkdir("locks")
    room = item.config.stash.get(_ROOM, None)
    if room is None:
        room = item.config.stash[_ROOM] = (locks / "room").open("w")
        with (locks / "door").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(room, fcntl.LOCK_EX if _is_alone(item) else fcntl.LOCK_SH)
    try:
        return (yield)
    finally:
        if not (_is_alone(item) and _is_alone(nextitem)):
            item.config.stash[_ROOM] = None
            room.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes ``each_ansible`` once for each version."""
    if "each_ansible" in metafunc.fixturenames:
        releases = _chosen(metafunc.config)
        metafunc.parametrize("each_ansible", releases, ids=[release.version for release in releases], indirect=True)


def _chosen(config: pytest.Config) -> list[Release]:
    """The versions to test: those asked for, else all. One that has no Python here is left out, but never in CI."""
    wanted = config.getoption("--ansible") or [release.version for release in RELEASES]
    asked_for = [release for release in RELEASES if release.version in wanted]
    return [release for release in asked_for if os.environ.get("CI") or python_for(release)]


@pytest.fixture(scope="session")
def release(request: pytest.FixtureRequest) -> Release:
    """The newest stable ansible-core (or the newest of those chosen), for tests that need only one."""
    chosen = _chosen(request.config)
    return next((release for release in chosen if release.version == NEWEST_STABLE), chosen[-1])


@pytest.fixture(scope="session")
def oldest_release(request: pytest.FixtureRequest) -> Release:
    """The oldest ansible-core of those chosen, where it is likeliest to behave otherwise."""
    return _chosen(request.config)[0]


@pytest.fixture
def ansible(release: Release, tmp_path: Path) -> Iterator[Ansible]:
    """Ansible of the one release."""
    with _user(release, tmp_path) as user:
        yield user


@pytest.fixture
def each_ansible(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ansible]:
    """Ansible in every supported version, one after the other."""
    with _user(request.param, tmp_path) as user:
        yield user


@pytest.fixture
def ansibles(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Ansible]]:
    """Ansible in every supported version, all at the same time, for what waits more than it works."""
    with contextlib.ExitStack() as stack:
        chosen = _chosen(request.config)
        yield [stack.enter_context(_user(release, tmp_path / release.version)) for release in chosen]


@contextlib.contextmanager
def _user(release: Release, directory: Path) -> Iterator[Ansible]:
    with tempfile.TemporaryDirectory(prefix="ansible-", ignore_cleanup_errors=True) as temporary:
        user = Ansible(installed(release), directory, Path(temporary))
        yield user
        user.end()


@pytest.fixture(scope="session")
def jaeger() -> Iterator[Jaeger]:
    """A running Jaeger, shared by all tests: ask it by trace id."""
    with running_jaeger() as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An OTLP receiver of the test's own, healthy until it is told otherwise."""
    with running_receiver() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def nothing_left_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail, and clean up, if anything that the tests started is still running after the last of them."""
    mark = os.environ[SESSION_MARK] = new_mark()
    yield
    left = wait_until_gone(SESSION_MARK, mark, PATIENCE_S) + naming(tmp_path_factory.getbasetemp())
    end_all(left)
    assert not left, f"still running after all tests: {left}"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A running PostgreSQL, shared by all tests of a worker."""
    with running_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that nobody has made yet: every test that takes it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state/store.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.database()
