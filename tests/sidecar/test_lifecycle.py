"""A sidecar from its start to its end: a run that ends well, one that is killed, one that is told to go."""

from __future__ import annotations

import os
import signal
import time

import pytest

from deploytrace.events import ControllerSeen, RunLost, RunStarted
from deploytrace.journal.losses import read_losses
from deploytrace.journal.reader import read_events
from deploytrace.run.load import load
from ground.receiver import SILENCE, Answer, Receiver
from ground.waiting import PATIENCE_S, wait_for

from .place import Place, alive, distinct
from .recorder import spans_of


def test_a_run_is_delivered_once_and_nothing_stays(place: Place, receiver: Receiver) -> None:
    run = place.record(tasks=4, pause=0.2)
    spans = receiver.wait_for(spans_of(4))
    assert len(distinct(spans)) == len(spans) == spans_of(4)
    wait_for(lambda: not alive(run.sidecar), "the sidecar ends by itself")
    assert place.cursor(run.run_id).complete
    assert place.log == ""
    assert any(isinstance(event, ControllerSeen) for event in read_events(place.directory.journal(run.run_id)))
    files = [path for path in place.root.rglob("*") if path.is_file()]
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}


def test_it_says_done_while_ansible_waits(place: Place) -> None:
    place.environ["DEPLOYTRACE_EXIT_WAIT"] = str(10 * PATIENCE_S)
    run = place.record(tasks=2)
    run.recorded()
    assert run.waited() < PATIENCE_S
    assert place.cursor(run.run_id).positions["traces"].complete


def test_spans_leave_while_the_run_goes_on(place: Place, receiver: Receiver) -> None:
    run = place.record(tasks=4, end="told")
    receiver.wait_for(spans_of(3) - 2)  # all that has ended: not the last task, its play and the run
    run.tell_to_end()
    assert len(distinct(receiver.wait_for(spans_of(4)))) == spans_of(4)


def test_live_off_holds_everything_back_to_the_end(place: Place, receiver: Receiver) -> None:
    place.environ["DEPLOYTRACE_LIVE"] = "false"
    run = place.record(tasks=3, end="hang")
    run.recorded()
    journal = place.directory.journal(run.run_id)
    wait_for(lambda: b"controller_seen" in journal.read_bytes(), "the sidecar is at work")
    time.sleep(1.5)
    assert receiver.spans() == []
    run.kill()
    spans = receiver.wait_for(spans_of(3) + 2)
    assert spans[-1].parent_id == ""


def test_a_killed_ansible_whose_orphan_lives_on(place: Place, receiver: Receiver) -> None:
    run = place.record(tasks=2, end="hang", orphan=True)
    run.recorded()
    receiver.wait_for(1)  # the sidecar is at work
    killed = time.monotonic_ns()
    run.kill()
    spans = receiver.wait_for(spans_of(2) + 2)
    root = next(span for span in spans if span.parent_id == "")
    opened = next(span for span in spans if span.name == "open")
    assert root.status == opened.status == 2
    assert root.attributes["cicd.pipeline.result"] == "error"
    wait_for(lambda: not alive(run.sidecar), "the sidecar ends")
    journal = place.directory.journal(run.run_id)
    assert b"run_lost" in journal.read_bytes().splitlines()[-1], "the orphan lives, and was not waited for"
    (place.root / "last-word").touch()
    wait_for(lambda: b"run_lost" not in journal.read_bytes().splitlines()[-1], "the orphan has written")
    events = list(read_events(journal))
    (lost,) = [event for event in events if isinstance(event, RunLost)]
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    tree = load(events)
    assert tree is not None
    assert 0 <= started.mono_ns + lost.t - killed < 5e9, "noticed at once"
    assert (tree.node.end - tree.node.start) / 1e9 == pytest.approx(root.seconds, abs=1e-4)


@pytest.mark.parametrize("ignored", [signal.SIGINT, signal.SIGHUP])
def test_signals_of_a_terminal_do_not_reach_it(place: Place, receiver: Receiver, ignored: signal.Signals) -> None:
    run = place.record(tasks=3, end="told")
    receiver.wait_for(1)
    os.kill(run.sidecar, ignored)
    run.tell_to_end()
    receiver.wait_for(spans_of(3))


@pytest.mark.parametrize("answer", [Answer(), SILENCE], ids=["healthy", "silent"])
def test_sigterm_ends_it_and_nothing_is_lost(place: Place, receiver: Receiver, answer: Answer) -> None:
    receiver.answer = answer
    run = place.record(tasks=6, end="told")
    wait_for(lambda: receiver.requests, "something was sent")
    os.kill(run.sidecar, signal.SIGTERM)
    wait_for(lambda: not alive(run.sidecar), "it ends")
    run.tell_to_end()
    assert not place.cursor(run.run_id).complete
    receiver.answer = Answer()
    flushed = place.flush()
    assert flushed.returncode == 0, flushed
    assert len(distinct(receiver.spans())) == spans_of(6)


def test_a_journal_deleted_under_way_is_delivered_all_the_same(place: Place, receiver: Receiver) -> None:
    run = place.record(tasks=6, end="told")
    receiver.wait_for(1)
    for path in place.directory.journals.iterdir():
        path.unlink()
    run.tell_to_end()
    assert len(distinct(receiver.wait_for(spans_of(6)))) == spans_of(6)
    wait_for(lambda: not alive(run.sidecar), "it ends")


@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_journal_cut_short_under_way_ends_its_run_there(place: Place, receiver: Receiver, kept: float) -> None:
    """By a shell's ``: > journal``, say: all that was read is delivered, once, the rest is counted as lost."""
    run = place.record(tasks=6, end="told")
    run.recorded()
    receiver.wait_for(spans_of(6) - 2 - 1)  # all but the run, the play and the last task
    journal = place.directory.journal(run.run_id)
    os.truncate(journal, int(journal.stat().st_size * kept))
    spans = distinct(receiver.wait_for(spans_of(6)))
    wait_for(lambda: not alive(run.sidecar), "it ends, and the run goes on")
    assert len(spans) == len(receiver.spans()) == spans_of(6)
    assert place.cursor(run.run_id).complete
    (root,) = (span for span in spans.values() if span.parent_id == "")
    assert root.attributes["cicd.pipeline.result"] == "error"
    assert place.log.count(f"{journal} was cut short while it was in use") == 1
    assert read_losses(place.root) == {"runs": {"cut short": 1}}
    assert run.process.poll() is None


def test_a_state_directory_deleted_under_way(place: Place, receiver: Receiver) -> None:
    run = place.record(tasks=6, end="told")
    receiver.wait_for(1)
    place.root.rename(place.root.with_name("gone"))
    run.tell_to_end()
    assert len(distinct(receiver.wait_for(spans_of(6)))) == spans_of(6)
    wait_for(lambda: not alive(run.sidecar), "it ends")
