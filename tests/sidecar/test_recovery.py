"""What earlier sidecars left behind: who delivers it, how an abandoned run ends, and what never holds up anybody."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from deploytrace.events import RunLost
from deploytrace.journal.directory import State
from deploytrace.journal.reader import read_events
from ground.receiver import SILENCE, Answer, Receiver, refusing_port
from ground.waiting import wait_for

from .place import Place, alive, distinct
from .recorder import spans_of


def test_the_next_runs_sidecar_delivers_what_was_left(place: Place, receiver: Receiver) -> None:
    left = [place.leave_behind(tasks=2), place.leave_behind(tasks=3, end="hang")]
    run = place.record(tasks=1)
    wait_for(lambda: not alive(run.sidecar), "the sidecar ends")
    assert all(place.cursor(run_id).complete for run_id in left)
    assert len(distinct(receiver.spans(left[0]))) == len(receiver.spans(left[0])) == spans_of(2)
    assert len(distinct(receiver.spans(left[1]))) == len(receiver.spans(left[1])) == spans_of(3) + 2
    assert place.log.count("Left behind: ") == 2


def test_an_abandoned_run_ends_with_its_last_event(place: Place, receiver: Receiver) -> None:
    run_id = place.leave_behind(tasks=1, end="hang")
    run = place.directory.find(run_id)
    assert place.directory.state(run) is State.ABANDONED
    last = max(getattr(event, "t", 0) for event in read_events(run.path))
    time.sleep(1)  # nobody knows when in this time Ansible was killed
    assert place.flush().returncode == 0
    assert list(read_events(run.path))[-1] == RunLost(last)
    root = next(span for span in receiver.spans() if span.parent_id == "")
    assert root.seconds == pytest.approx(last / 1e9, abs=1e-4)
    assert place.directory.state(run) is State.DELIVERED


def test_a_run_that_goes_on_is_left_alone(place: Place, receiver: Receiver) -> None:
    run = place.record(tasks=2, end="told", sidecar=False)
    flushed = place.flush()
    assert flushed.returncode == 0
    assert ": running: " in flushed.stdout
    assert receiver.spans() == []
    run.tell_to_end()
    assert place.flush().returncode == 0
    assert len(distinct(receiver.spans())) == spans_of(2)


def test_flush_waits_for_the_sidecar_that_is_at_work(place: Place, receiver: Receiver) -> None:
    receiver.answer = SILENCE
    place.environ["DEPLOYTRACE_DELIVERY_WAIT"] = "2"
    run = place.record(tasks=2)
    wait_for(lambda: receiver.requests, "it is at work")
    run.recorded()
    waiting = place.flush()
    assert waiting.returncode == 5
    assert not alive(run.sidecar)


def test_the_endpoint_set_now_wins_over_the_runs(place: Place, receiver: Receiver) -> None:
    with refusing_port() as port:
        place.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{port}"
        run_id = place.leave_behind(tasks=1)
        place.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.http
        assert place.flush().returncode == 0
    assert len(receiver.spans(run_id)) == spans_of(1)


def test_without_an_endpoint_the_runs_own_is_used(place: Place, receiver: Receiver) -> None:
    run_id = place.leave_behind(tasks=1)
    del place.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert place.flush().returncode == 0
    assert len(receiver.spans(run_id)) == spans_of(1)


def test_another_destination_gets_all_of_a_run(place: Place, receiver: Receiver) -> None:
    """Half a trace here and half there would be two useless ones."""
    with refusing_port() as port:
        run_id = place.leave_behind(tasks=2)
        cursor = place.directory.cursor(run_id)
        half = f'"items":5,"destination":"http://127.0.0.1:{port}/v1/traces"'
        cursor.write_text('{"version":1,"complete":false,"sinks":{"traces":{' + half + "}}}")
        assert place.flush().returncode == 0
    assert len(distinct(receiver.spans())) == spans_of(2)


def test_a_dead_destination_is_tried_for_one_run_only(place: Place, receiver: Receiver) -> None:
    oldest, *_ = [place.leave_behind(tasks=1) for _ in range(5)]
    receiver.answer = Answer(status=503)
    flushed = place.flush()
    assert flushed.returncode == 5
    assert flushed.stdout.count(": waiting: ") == 5
    assert {span.trace_id for request in receiver.requests for span in request.spans} == {oldest}


def test_a_slow_destination_is_not_taken_for_a_dead_one(place: Place, receiver: Receiver) -> None:
    receiver.answer = Answer(delay=5)
    place.environ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "20"
    run_id = place.leave_behind(tasks=1)
    assert place.flush().returncode == 0
    assert len(receiver.spans()) == spans_of(1)
    assert place.cursor(run_id).complete


def test_leftovers_of_any_content_hold_up_nobody(place: Place, receiver: Receiver) -> None:
    good = place.leave_behind(tasks=1)
    journals = place.directory.journals
    name = (f"{number:032x}" for number in range(100))
    os.mkfifo(journals / f"{next(name)}.jsonl")
    (journals / f"{next(name)}.jsonl").mkdir()
    (journals / f"{next(name)}.jsonl").symlink_to("/dev/zero")
    (journals / f"{next(name)}.jsonl").write_bytes(b"")
    (journals / f"{next(name)}.jsonl").write_bytes(os.urandom(100_000))
    (journals / f"{next(name)}.jsonl").write_bytes(b"[" * 100_000)
    (journals / f"{next(name)}.jsonl").write_text('{"journal":"deploytrace","version":99,"run_id":"x"}\n')
    header = '{"journal":"deploytrace","version":1,"run_id":"%s"}\n'
    only_header = next(name)
    (journals / f"{only_header}.jsonl").write_text(header % only_header)
    mad = next(name)
    events = '{"e":"run_started"}\n{"e":"run_started","run_id":5}\n[]\n' + "x" * 5_000_000 + "\n\0\n"
    (journals / f"{mad}.jsonl").write_text(header % mad + events)
    torn = next(name)
    (journals / f"{torn}.jsonl").write_bytes(
        place.directory.journal(good).read_bytes()[:-40].replace(good.encode(), torn.encode())
    )
    os.mkfifo(journals / f"{torn}.cursor.json")
    place.directory.cursor(good).write_text("[[[")
    (journals / "notes.txt").write_text("mine")
    os.mkfifo(place.root / "dropped.json")
    run = place.record(tasks=1)
    run.recorded()
    assert run.waited() < 2
    wait_for(lambda: not alive(run.sidecar), "the sidecar ends")
    assert {span.trace_id for span in receiver.spans()} == {good, torn, run.run_id}
    assert len(distinct(receiver.spans(run.run_id))) == spans_of(1)
    assert len(distinct(receiver.spans(good))) == spans_of(1)
    flushed = place.flush()
    assert flushed.returncode == 3
    assert flushed.stdout.count(": unreadable: ") == 3
    assert "upgrade deploytrace" in flushed.stdout


def test_a_textfile_goes_on_to_say_that_a_killed_run_goes_on_until_flush(place: Place, tmp_path: Path) -> None:
    textfile, going_on = tmp_path / "ansible.prom", 'ansible_playbook_runs_in_progress{playbook="site.yml"} '
    place.environ |= {"DEPLOYTRACE_METRICS_TEXTFILE": str(textfile), "DEPLOYTRACE_METRICS_BIRTH_HOLD": "0"}
    run = place.record(tasks=1, end="hang")
    wait_for(lambda: textfile.exists() and going_on + "1.0" in textfile.read_text(), "it is said to go on")
    os.kill(run.sidecar, signal.SIGKILL)
    run.kill()
    assert place.flush().returncode == 0
    assert going_on + "0.0" in textfile.read_text()
    assert 'ansible_playbook_runs_total{playbook="site.yml",result="error"} 1.0' in textfile.read_text()


def test_a_lock_that_cannot_be_opened_holds_up_nobody(place: Place, receiver: Receiver) -> None:
    """As root's, after a run under sudo; a directory is what root cannot open either."""
    left = place.leave_behind(tasks=1)
    place.directory.recovery_lock.mkdir()
    run = place.record(tasks=1)
    wait_for(lambda: not alive(run.sidecar), "the sidecar ends")
    assert place.cursor(left).complete
    assert len(distinct(receiver.spans(left))) == len(receiver.spans(left)) == spans_of(1)
    said = f"{place.directory.recovery_lock} cannot be opened (Is a directory), so that all sidecars look for"
    assert place.log.count(said) == 1
    flushed = place.flush()
    assert (flushed.returncode, said in flushed.stdout) == (0, True)


@pytest.mark.parametrize("what", ["recovery.lock", "sidecar.log"])
def test_a_fifo_in_the_place_of_a_file_of_ours(place: Place, receiver: Receiver, what: str) -> None:
    place.root.mkdir()
    os.mkfifo(place.root / what)
    run = place.record(tasks=1)
    receiver.wait_for(spans_of(1))
    wait_for(lambda: not alive(run.sidecar), "it ends")
