"""Whoever is killed, whenever: no number is different for it."""

from __future__ import annotations

import contextlib
import itertools
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from deploytrace.identity import new_run_id
from deploytrace.journal.directory import Directory
from deploytrace.journal.format import encode
from deploytrace.journal.writer import Writer
from deploytrace.store import schema
from deploytrace.store.database import open_store
from sidecar.place import state_directory
from store.recorded import run_of

from .exporting import Exporter, running_exporter
from .landscape import WAYS, Landscape, true_snapshot

_RUNS = 50
_SEED = 20
_NO_SUCH_PROCESS = {"pid": 2**22 + 1, "pid_started": 1}


def _leave_behind(root: Path) -> None:
    """Put down runs whose Ansible is gone: of several recorded playbooks, each several times."""
    directory = Directory(root)
    directory.create()
    stories = ("roles-2.21", "failures-2.21", "serial-2.21", "free-2.21", "retries-2.21")
    for number, story in zip(range(_RUNS), itertools.cycle(stories), strict=False):
        run = run_of(story, run_id=new_run_id(), wall_ns=time.time_ns() - number * 10**9, **_NO_SUCH_PROCESS)
        writer = Writer(directory.journals, run.started.run_id)
        for event in run.events:
            writer.write(encode(event))


def _kill_now_and_then(exporter: Exporter, until: threading.Event) -> None:
    chance = random.Random(_SEED)
    while not until.wait(chance.uniform(0.5, 2.5)):
        exporter.kill()
        exporter.start()


@pytest.mark.long
def test_fifty_runs(landscape: Landscape, url: str, tmp_path: Path) -> None:
    """Sidecars and the exporter are killed at random; what one leaves, the next brings."""
    environ = {
        "DEPLOYTRACE_STORE_URL": url,
        "DEPLOYTRACE_METRICS_BIRTH_HOLD": "3",
        "DEPLOYTRACE_METRICS_TEXTFILE": str(landscape.textfile),
        "DEPLOYTRACE_METRICS_PUSHGATEWAY": f"http://{landscape.gateway}",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{landscape.prometheus.otlp}/v1/metrics",
        "OTEL_TRACES_EXPORTER": "none",
    }
    with (
        state_directory(tmp_path / "state", **environ) as place,
        running_exporter(environ | {"DEPLOYTRACE_STATE_DIR": str(place.root)}, tmp_path / "log") as exporter,
    ):
        _leave_behind(place.root)
        landscape.scrape(exporter.address)
        over = threading.Event()
        killer = threading.Thread(target=_kill_now_and_then, args=(exporter, over))
        killer.start()
        try:
            killed = subprocess.run(
                [sys.executable, "-m", "paths.killed", str(place.root), str(_SEED)],
                env=exporter.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
                capture_output=True,
                text=True,
                timeout=400,
                check=True,
            )
        finally:
            over.set()
            killer.join()
        assert int(killed.stdout.split()[-1]) > _RUNS / 4
        assert place.flush().returncode == 0
        assert place.flush().returncode == 0  # what the first has counted of itself
        snapshot = true_snapshot(url)
        ways = tuple(way for way in WAYS if way != "collector")
        landscape.wait_until_all_agree(snapshot, exporter.address, ways)
        for way in ways:
            assert not landscape.resets(way, snapshot.store_id, exporter.address), way

        opened = open_store(url)
        with contextlib.closing(opened), opened.reading() as connection:
            runs, nanoseconds = connection.execute(select(func.count(), func.sum(schema.runs.c.duration_ns))).one()
        families = {family.metric.name: family for family in snapshot.families}
        assert runs == _RUNS == sum(point.value for point in families["ansible_playbook_runs_total"].points)
        durations = families["ansible_playbook_duration_seconds"].distributions
        assert abs(sum(one.sum for one in durations) - int(nanoseconds) / 1e9) < 1e-6
