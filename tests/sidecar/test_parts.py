"""The sidecar's smaller parts, each alone: who watches Ansible, what is logged, sinks that break, bad orders."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploytrace.errors import DeliveryUnavailable
from deploytrace.events import RunEnded
from deploytrace.journal.cursor import Cursor
from deploytrace.journal.directory import Directory
from deploytrace.journal.format import encode, encode_header
from deploytrace.journal.losses import read_losses
from deploytrace.journal.owner import start_ticks
from deploytrace.run.model import Node
from deploytrace.sidecar.ansible_process import AnsibleProcess
from deploytrace.sidecar.attendance import Attendance
from deploytrace.sidecar.controller import controller_ip
from deploytrace.sidecar.delivery import Course
from deploytrace.sidecar.fanout import Fanout
from deploytrace.sidecar.held_journal import HeldJournal, hold
from deploytrace.sidecar.orders import read_orders
from ground.waiting import PATIENCE_S, wait_for

from .place import Place, alive
from .recorder import run_started

RUN_ID = "a" * 32


@pytest.mark.parametrize("how", ["pidfd", "pid", "descriptor of nothing"])
def test_the_end_of_a_process_is_noticed(how: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    pidfd = os.pidfd_open(child.pid) if how == "pidfd" else None if how == "pid" else 9999
    process = AnsibleProcess(run_started(RUN_ID, pid=child.pid, pid_started=start_ticks(child.pid)), pidfd)
    assert not process.gone()
    child.kill()
    wait_for(process.gone, "its end is noticed, also before its parent takes note of it")
    child.communicate()
    assert process.gone()
    if how == "pidfd" and pidfd is not None:
        os.close(pidfd)


def test_the_address_is_one_of_this_machine_or_unknown() -> None:
    ip = controller_ip()
    if ip is not None:
        with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM) as mine:
            mine.bind((ip, 0))  # raises where it is not of this machine


@pytest.mark.parametrize("orders", [b"", b"{", b"[]", b'{"journal": 5, "state_dir": "x"}', b'{"state_dir": "x"}'])
def test_bad_orders_are_refused_in_a_sentence(orders: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own texts are as good as ours
        read_orders(orders)
    command = [sys.executable, "-c", "from deploytrace.sidecar.main import main; main()"]
    sidecar = subprocess.run(command, input=orders, capture_output=True, timeout=PATIENCE_S, check=False)
    assert sidecar.returncode == 0
    assert sidecar.stdout == b""
    assert b"Traceback" not in sidecar.stderr


_LOG = """
import sys
from pathlib import Path
from deploytrace.sidecar.log import LOGGER, start_log
start_log(Path(sys.argv[1]), "abcdefghij")
for _ in range(3):
    LOGGER.warning("server said %s", "no\\n2020-01-01 forged \\x1b[31m")
"""


def test_the_log_says_things_once_and_on_one_line_and_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "sidecar.log"
    path.write_bytes(b"x" * 1_000_001)
    for _ in range(2):
        with path.open("ab") as log:
            subprocess.run([sys.executable, "-c", _LOG, str(path)], stderr=log, check=True, timeout=PATIENCE_S)
    lines = path.read_text().splitlines()
    assert len(lines) == 2  # one of each process
    assert all(line.endswith(r"run abcdefgh: server said no\n2020-01-01 forged \x1b[31m") for line in lines)
    assert path.with_name("sidecar.log.1").stat().st_size == 1_000_001


@dataclass(frozen=True)
class _Item:
    text: str
    size: int = 10


@dataclass
class _Sink:
    """Keeps what it is given, or breaks at a node or at a batch."""

    name: str
    breaks_at: str = ""
    destination: str = "memory"
    resumes: bool = True
    max_items: int = 2
    max_bytes: int = 25
    schedule_delay: float = 0.0
    after: tuple[str, ...] = ()
    taken: list[str] = field(default_factory=list)
    closed: bool = False

    def translate(self, node: Node) -> Sequence[_Item]:
        if self.breaks_at == "translate":
            raise ZeroDivisionError("a fault")
        return [_Item(node.id), _Item(node.id + "+", 20)]

    def deliver(self, items: Sequence[_Item]) -> int:
        if self.breaks_at == "deliver":
            raise ZeroDivisionError("a fault")
        assert len(items) <= self.max_items
        assert len(items) == 1 or sum(item.size for item in items) <= self.max_bytes
        self.taken += [item.text for item in items]
        return 0

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """A state directory with one short run that has ended."""
    made = Directory(tmp_path / "state")
    made.create()
    lines = encode_header(RUN_ID) + encode(run_started(RUN_ID)) + encode(RunEnded(5, "finished"))
    made.journal(RUN_ID).write_bytes(lines)
    return made


def _held(directory: Directory) -> HeldJournal:
    journal = hold(directory.journal(RUN_ID))
    assert journal is not None
    return journal


@pytest.mark.parametrize("breaks_at", ["translate", "deliver"])
def test_a_sink_that_breaks_does_not_touch_the_others(
    directory: Directory, breaks_at: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = _Sink("broken", breaks_at), _Sink("whole")
    journal = _held(directory)
    fanout = Fanout(journal, [broken, whole], Cursor(directory.cursor(RUN_ID)), Course(), directory.root)
    fanout.start(live=True)
    wait_for(lambda: fanout.over, "both have ended")
    fanout.stop()
    journal.close()
    assert whole.taken == ["run", "run+"]
    assert broken.closed
    assert whole.closed
    assert not fanout.complete
    assert fanout.dead == {}
    positions = Cursor(directory.cursor(RUN_ID)).positions
    assert positions["whole"].complete
    assert not positions["broken"].complete
    assert "ZeroDivisionError: a fault (test_parts.py:" in (positions["broken"].trouble or "")
    assert caplog.text.count("a fault of its own") == 1
    assert read_losses(directory.root) == {}


def test_a_sink_sends_after_those_that_it_waits_for(directory: Directory) -> None:
    """Also where one of them is stuck: a mail goes out although the log cannot be written."""
    sent: list[str] = []

    @dataclass
    class _Slow(_Sink):
        def deliver(self, items: Sequence[_Item]) -> int:
            time.sleep(0.3 if self.name == "log" else 0)
            if self.name == "stuck":
                raise DeliveryUnavailable("no room")
            sent.append(self.name)
            return super().deliver(items)

    sinks = [_Slow("mail", after=("log", "stuck", "not there")), _Slow("log"), _Slow("stuck")]
    journal = _held(directory)
    course = Course()
    course.ended.set()
    fanout = Fanout(journal, sinks, Cursor(directory.cursor(RUN_ID)), course, directory.root)
    fanout.start(live=True)
    wait_for(lambda: "mail" in sent, "it sends")
    fanout.stop()
    journal.close()
    assert sent.index("mail") > sent.index("log")
    assert not fanout.complete


@pytest.mark.parametrize("working", [True, False])
def test_patience_does_not_run_out_with_a_sink_that_is_at_work(directory: Directory, *, working: bool) -> None:
    given_up = threading.Event()

    @dataclass
    class _Long(_Sink):
        working: bool = False

        def deliver(self, items: Sequence[_Item]) -> int:
            self.working = working
            given_up.wait(1.0 if working else PATIENCE_S)
            return super().deliver(items)

    journal = _held(directory)
    sink, started = _Long("page"), journal.started()
    assert started is not None
    fanout = Fanout(journal, [sink], Cursor(directory.cursor(RUN_ID)), Course(), directory.root)
    attendance = Attendance(
        journal, started, fanout, None, 0.2, 0.2, live=True, dismissed=threading.Event(), say=lambda _: None
    )
    assert attendance.attend() is working
    given_up.set()
    journal.close()
    wait_for(lambda: fanout.over, "it has ended")


def test_a_journal_stays_held_until_the_last_reader_is_closed(directory: Directory) -> None:
    journal = _held(directory)
    reader = journal.reader()
    journal.close()
    assert hold(directory.journal(RUN_ID)) is None
    before = time.monotonic()
    assert hold(directory.journal(RUN_ID), wait=0.3) is None
    assert time.monotonic() - before >= 0.3
    reader.close()
    _held(directory).close()


def test_without_opentelemetry_the_runs_end_is_recorded_all_the_same(place: Place, tmp_path: Path) -> None:
    (tmp_path / "opentelemetry.py").write_text("raise ImportError('No module named opentelemetry')")
    place.environ |= {"PYTHONPATH": str(tmp_path), "DEPLOYTRACE_DELIVERY_WAIT": "2"}
    run = place.record(tasks=1, end="hang")
    run.recorded()
    run.kill()
    wait_for(lambda: not alive(run.sidecar), "it ends")
    assert place.directory.journal(run.run_id).read_bytes().splitlines()[-1].startswith(b'{"e":"run_lost"')
    assert "The traces cannot be delivered: No module named opentelemetry" in place.log
    del place.environ["PYTHONPATH"]
    assert place.flush().returncode == 0
