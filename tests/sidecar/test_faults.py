"""What goes wrong on the way: killed sidecars, two at once, destinations that are dead, silent, busy or choosy."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest

from deploytrace.events import RunEnded, RunStarted
from deploytrace.journal.losses import read_losses
from deploytrace.journal.reader import read_events
from deploytrace.sidecar.delivery import backoff
from ground.receiver import SILENCE, Answer, Receiver, refusing_port, running_receiver
from ground.waiting import PATIENCE_S, wait_for

from .place import Place, Recording, alive, distinct
from .recorder import spans_of

_DELIVERY_WAIT_S = 2  # for destinations that take nothing; Ansible's process waits for a small part of it
_GIVING_UP = {"DEPLOYTRACE_DELIVERY_WAIT": str(_DELIVERY_WAIT_S)}


def _end_of(place: Place, run: Recording) -> float:
    """When a run ended (monotonic clock, s), by its journal."""
    first, *_, last = read_events(place.directory.journal(run.run_id))
    assert isinstance(first, RunStarted)
    assert isinstance(last, RunEnded)
    return (first.mono_ns + last.t) / 1e9


@pytest.mark.parametrize("seed", range(4))
def test_a_sidecar_killed_at_any_moment_loses_nothing(place: Place, receiver: Receiver, seed: int) -> None:
    receiver.answer = Answer(delay=0.05)
    place.environ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "3"
    run = place.record(tasks=12, end="told")
    receiver.wait_for(1)
    time.sleep(random.Random(seed).uniform(0, 1.2))
    os.kill(run.sidecar, signal.SIGKILL)
    run.tell_to_end()
    flushed = place.flush()
    assert flushed.returncode == 0, flushed
    spans = receiver.spans()
    assert len(distinct(spans)) == spans_of(12)
    assert len(spans) <= spans_of(12) + 3  # at most the batch that was on its way is sent twice
    assert place.flush().stdout.startswith("Nothing waits")
    assert receiver.spans() == spans


def test_two_sidecars_never_feed_one_journal(place: Place, receiver: Receiver) -> None:
    run = place.record(tasks=6, end="told")
    receiver.wait_for(1)
    orders = f'{{"journal": "{place.directory.journal(run.run_id)}", "state_dir": "{place.root}"}}'
    second = subprocess.run(
        [sys.executable, "-c", "from deploytrace.sidecar.main import main; main()"],
        input=orders,
        env=os.environ | place.environ,
        text=True,
        capture_output=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert "Another process feeds from this journal" in second.stderr
    assert second.stdout == ""
    run.tell_to_end()
    receiver.wait_for(spans_of(6))
    wait_for(lambda: not alive(run.sidecar), "the first ends")
    assert len(receiver.spans()) == spans_of(6)


def test_a_dead_destination_costs_ansible_nothing_and_is_delivered_to_later(place: Place, receiver: Receiver) -> None:
    with refusing_port() as port:
        place.environ |= _GIVING_UP | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
        run = place.record(tasks=3, pause=0.5)
        run.recorded()
        assert run.waited() < _DELIVERY_WAIT_S
        wait_for(lambda: not alive(run.sidecar), "it gives up after delivery_wait")
        assert time.monotonic() - _end_of(place, run) > 1
        trouble = place.cursor(run.run_id).positions["traces"].trouble
        assert trouble is not None
        assert "refused" in trouble
        assert place.log.count("refused") == 1
        waiting = place.flush()
        assert waiting.returncode == 5
        assert ": waiting: " in waiting.stdout
    place.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.http
    flushed = place.flush()
    assert flushed.returncode == 0, flushed
    assert f"{run.run_id[:8]}" in flushed.stdout
    assert ": delivered: " in flushed.stdout
    assert len(distinct(receiver.spans(run.run_id))) == len(receiver.spans()) == spans_of(3)


def test_pending_is_said_at_once_where_ansible_would_wait_long(place: Place) -> None:
    with refusing_port() as port:
        place.environ |= _GIVING_UP | {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "DEPLOYTRACE_EXIT_WAIT": str(10 * PATIENCE_S),
        }
        run = place.record(tasks=3, pause=0.5)
        run.recorded()
        assert run.waited() < PATIENCE_S


def test_a_silent_destination_keeps_the_sidecar_no_longer_than_delivery_wait(place: Place, receiver: Receiver) -> None:
    receiver.answer = SILENCE
    place.environ |= _GIVING_UP | {"OTEL_EXPORTER_OTLP_TIMEOUT": "300"}
    run = place.record(tasks=3, pause=0.5)
    run.recorded()
    assert run.waited() < _DELIVERY_WAIT_S
    wait_for(lambda: not alive(run.sidecar), "it gives up after delivery_wait, not after the timeout")
    trouble = place.cursor(run.run_id).positions["traces"].trouble
    assert trouble is not None
    assert "does not answer" in trouble


def test_without_delivery_wait_a_healthy_destination_still_gets_all(place: Place, receiver: Receiver) -> None:
    place.environ["DEPLOYTRACE_DELIVERY_WAIT"] = "0"
    run = place.record(tasks=2, end="told")
    wait_for((place.root / "store.db").exists, "the sidecar is at work")
    run.tell_to_end()
    receiver.wait_for(spans_of(2))
    wait_for(lambda: not alive(run.sidecar), "it ends")
    assert place.cursor(run.run_id).complete


def test_a_destination_that_comes_back_during_the_run(place: Place) -> None:
    with running_receiver() as first:
        port = int(first.http.rpartition(":")[2])
    place.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{port}"
    run = place.record(tasks=12, end="told")
    wait_for(lambda: "refused" in place.log, "it was tried")
    with running_receiver(port=port) as back:
        back.wait_for(1)
        run.tell_to_end()
        spans = back.wait_for(spans_of(12))
        assert len(distinct(spans)) == len(spans) == spans_of(12)
        wait_for(lambda: not alive(run.sidecar), "it ends")
    assert "get through" in place.log


def test_a_busy_destination_is_given_the_time_it_asks_for(place: Place, receiver: Receiver) -> None:
    receiver.answer = Answer(status=503, headers={"Retry-After": "2"})
    place.environ["DEPLOYTRACE_DELIVERY_WAIT"] = "10"  # and not much more: later it would have given up
    place.record(tasks=2)
    wait_for(lambda: receiver.requests, "the first try")
    receiver.answer = Answer()
    receiver.wait_for(spans_of(2))
    first, second, *_ = receiver.requests
    assert second.time - first.time > 1.9


def test_what_is_refused_for_good_is_counted_and_not_sent_again(place: Place, receiver: Receiver) -> None:
    receiver.answer = Answer(status=400, message="no such field")
    run = place.record(tasks=2)
    wait_for(lambda: place.cursor(run.run_id).complete, "it is dealt with")
    sent = len(receiver.requests)
    assert place.cursor(run.run_id).positions["traces"].refused == spans_of(2)
    assert read_losses(place.root) == {"traces": {"refused": spans_of(2)}}
    assert "refused for good" in place.log
    place.flush()
    assert len(receiver.requests) == sent


def test_partial_success_is_counted(place: Place, receiver: Receiver) -> None:
    receiver.answer = Answer(rejected=1, message="too old")
    place.environ["DEPLOYTRACE_LIVE"] = "false"
    run = place.record(tasks=2)
    wait_for(lambda: place.cursor(run.run_id).complete, "it is dealt with")
    assert place.cursor(run.run_id).positions["traces"].rejected == len(receiver.requests) > 0
    assert read_losses(place.root) == {"traces": {"rejected": len(receiver.requests)}}


def test_a_full_disk_stops_the_cursor_but_not_the_delivery(place: Place, receiver: Receiver) -> None:
    receiver.answer = Answer(status=503)
    place.environ["DEPLOYTRACE_DELIVERY_WAIT"] = "5"  # for the history, which finds no room
    place.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # else a .pyc file is cut short too, and kept
    run = place.record(tasks=3, end="told")
    wait_for(lambda: receiver.requests, "it is at work")
    resource.prlimit(run.sidecar, resource.RLIMIT_FSIZE, (1, 1))  # for it alone no file can grow any more
    receiver.answer = Answer()
    receiver.wait_for(1)
    run.tell_to_end()
    spans = receiver.wait_for(spans_of(3))
    assert len(distinct(spans)) == spans_of(3)
    wait_for(lambda: not alive(run.sidecar), "it ends")
    assert not place.cursor(run.run_id).complete
    assert place.flush().returncode == 0
    assert len(distinct(receiver.spans())) == spans_of(3)
    assert place.cursor(run.run_id).complete


def test_many_runs_against_a_dead_destination_leave_no_crowd(place: Place, receiver: Receiver) -> None:
    runs = []
    with refusing_port() as port:
        place.environ |= {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "DEPLOYTRACE_DELIVERY_WAIT": "1"}
        for _ in range(8):
            run = place.record(tasks=1)
            run.recorded()
            run.process.wait(PATIENCE_S)
            runs.append(run)
        wait_for(lambda: not any(alive(run.sidecar) for run in runs), "every sidecar ends by itself")
    place.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.http
    del place.environ["DEPLOYTRACE_DELIVERY_WAIT"]
    last = place.record(tasks=1)  # whose sidecar delivers what the others left
    runs.append(last)
    wait_for(lambda: all(place.cursor(run.run_id).complete for run in runs), "all are delivered")
    wait_for(lambda: not alive(last.sidecar), "it ends")
    assert {span.trace_id for span in receiver.spans()} == {run.run_id for run in runs}
    assert len(distinct(receiver.spans())) == len(receiver.spans()) == spans_of(1) * len(runs)


def test_backoff_doubles_within_bounds_and_obeys_the_server() -> None:
    for tries in range(1, 20):
        assert 0.4 <= backoff(tries) <= 36
    assert backoff(20) > 20
    assert backoff(9, 3.0) == 3.0
