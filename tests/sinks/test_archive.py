"""The archive: when there is one, what is in it, and that it is whole under its name, or not there."""

from __future__ import annotations

import stat
import tarfile
from pathlib import Path

import pytest

from deploytrace.errors import DeliveryUnavailable
from deploytrace.events import Event, RunLost, RunStarted
from deploytrace.run.model import Outcome
from deploytrace.settings import Settings
from deploytrace.sinks.archive import wanted
from deploytrace.sinks.logs import archive_of
from deploytrace.sinks.trace_file import trace_file_path
from run.stories import SECOND

from .logs import deliver, log_of
from .test_log_file import story

_VARIABLES = {"env": "staging", "brand": "acme"}
_NAME = "staging_acme_Undefined-2023-11-15-0013"


def _archives(state_dir: Path) -> list[str]:
    return sorted(path.name for path in (state_dir / "logs").glob("*.tar.gz"))


def _contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        assert all((member.mode, member.uid, member.uname) == (0o600, 0, "") for member in members)
        return {member.name: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]


def _with_trace(state_dir: Path, events: list[Event]) -> None:
    started = events[0]
    assert isinstance(started, RunStarted)
    path = trace_file_path(state_dir, started.run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"resourceSpans":[]}\n')


def test_it_holds_the_log_ansibles_own_and_the_trace(tmp_path: Path) -> None:
    """Of Ansible's own log, only what this run wrote."""
    own = tmp_path / "ansible.log"
    own.write_text("earlier run\nthis run\n")
    events = story(context_vars=_VARIABLES, ansible_log_path=str(own), ansible_log_size=12)
    _with_trace(tmp_path, events)
    deliver(events, tmp_path, archive="always")
    (name,) = _archives(tmp_path)
    assert name == f"{_NAME}.tar.gz"
    path = tmp_path / "logs" / name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert _contents(path) == {
        f"{_NAME}/deploy.log": log_of(tmp_path).read_bytes(),
        f"{_NAME}/ansible.log": b"this run\n",
        f"{_NAME}/trace.jsonl": b'{"resourceSpans":[]}\n',
    }


def test_ansibles_log_that_was_rotated_meanwhile_is_taken_whole(tmp_path: Path) -> None:
    own = tmp_path / "ansible.log"
    own.write_text("this run\n")
    deliver(story(ansible_log_path=str(own), ansible_log_size=1000), tmp_path, archive="always")
    (name,) = _archives(tmp_path)
    assert b"this run\n" in _contents(tmp_path / "logs" / name).values()


def test_what_is_not_there_is_left_out(tmp_path: Path) -> None:
    deliver(story(ansible_log_path=str(tmp_path / "gone.log")), tmp_path, archive="always")
    (name,) = _archives(tmp_path)
    assert [Path(member).name for member in _contents(tmp_path / "logs" / name)] == ["deploy.log"]


def test_a_second_delivery_gives_the_same_bytes_under_the_same_name(tmp_path: Path) -> None:
    events = story(context_vars=_VARIABLES)
    found = []
    for _ in range(2):
        deliver(events, tmp_path, archive="always")
        (name,) = _archives(tmp_path)
        found.append((tmp_path / "logs" / name).read_bytes())
    assert found[0] == found[1]
    assert not list((tmp_path / "logs").glob(".*draft"))


def test_runs_of_the_same_name_have_their_own(tmp_path: Path) -> None:
    for number in (1, 2):
        deliver(story(number, context_vars=_VARIABLES), tmp_path, archive="always")
    assert _archives(tmp_path) == [f"{_NAME}-2.tar.gz", f"{_NAME}.tar.gz"]
    for number, name in ((1, f"{_NAME}.tar.gz"), (2, f"{_NAME}-2.tar.gz")):
        started = story(number, context_vars=_VARIABLES)[0]
        assert isinstance(started, RunStarted)
        assert archive_of(Settings(), started, tmp_path) == tmp_path / "logs" / name
        log = next(
            text for member, text in _contents(tmp_path / "logs" / name).items() if member.endswith("deploy.log")
        )
        assert log.startswith(f"deploytrace log of run {started.run_id}".encode())


@pytest.mark.parametrize(
    ("archive", "outcomes"),
    [
        ("never", set()),
        ("failure", {Outcome.FAILED, Outcome.UNREACHABLE, Outcome.INTERRUPTED}),
        ("always", set(Outcome)),
    ],
)
def test_which_runs_are_archived(archive: str, outcomes: set[Outcome]) -> None:
    got = {outcome for outcome in Outcome if outcome is not Outcome.RUNNING and wanted(archive, outcome)}
    assert got == outcomes - {Outcome.RUNNING}


def test_a_good_run_has_none_a_killed_one_has(tmp_path: Path) -> None:
    events = story()
    deliver(events, tmp_path)
    assert _archives(tmp_path) == []
    deliver([*events[:-1], RunLost(2 * SECOND)], tmp_path)
    assert len(_archives(tmp_path)) == 1


def test_old_archives_go(tmp_path: Path) -> None:
    for number in range(1, 5):
        deliver(story(number, later=number * 60 * SECOND), tmp_path, archive="always", keep_logs=2)
    # Room is made when a log is begun; the archive of the run that goes on comes on top.
    assert [name[-11:-7] for name in _archives(tmp_path)] == ["0015", "0016", "0017"]


def test_a_directory_that_takes_nothing_is_a_delivery_that_waits(tmp_path: Path) -> None:
    events = story()
    directory = tmp_path / "logs"
    deliver(events, tmp_path, archive="never")
    (directory / f".{1:032x}.archive-draft").mkdir()
    with pytest.raises(DeliveryUnavailable, match=r"The archive .* cannot be written \("):
        deliver(events, tmp_path, archive="always")
    assert _archives(tmp_path) == []
