"""A large store: how fast it fills, how large it gets, and how long its readers take over it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.journals import write_journal
from benchmarks.report import Budget, Section
from benchmarks.runs import peak_memory
from benchmarks.samples import single
from benchmarks.setting import Setting
from deploytrace.events import RunStarted
from deploytrace.journal.reader import read_events
from deploytrace.run.model import Node
from deploytrace.run.replay import Replay
from deploytrace.settings import Settings
from deploytrace.sinks.history import HistorySink
from paths.exporting import OPENMETRICS, running_exporter

__all__ = ["fill", "measure"]

_TASKS, _HOSTS, _RUNS = 1000, 100, 50

# Each is asked in a process of its own, so that its memory is its own.
_READER = """
import sys, time
from deploytrace.store.database import open_store
from deploytrace.store.runs import read_host_results, read_runs, read_tasks, read_totals
store = open_store(sys.argv[1])
read = {
    "totals": read_totals,
    "two runs": lambda connection: [
        (read_tasks(connection, run.key), read_host_results(connection, run.key))
        for run in read_runs(connection, limit=2)
    ],
}[sys.argv[2]]
began = time.monotonic()
with store.reading() as connection:
    read(connection)
print(time.monotonic() - began, flush=True)
sys.stdin.read()
"""
_READERS = {
    "totals": "what each task took over all runs",
    "two runs": "tasks and host results of two runs",
}


def measure(setting: Setting) -> Section:
    """Measure a SQLite store of 5 million host results."""
    tasks, runs = setting.times(_TASKS), setting.times(_RUNS)
    path = setting.directory / "large" / "store.db"
    began, cpu = time.monotonic(), time.process_time()
    results = fill(f"sqlite:///{path}", setting.directory / "filling", tasks=tasks, runs=runs)
    cpu, wall = time.process_time() - cpu, time.monotonic() - began
    rows: list[Sequence[str]] = [
        (f"filling it: {results:,} host results", f"{wall:.0f}", "", f"{cpu / results * 1e6:.0f} µs CPU each"),
        ("its size", "", f"{path.stat().st_size / 1e6:,.0f}", f"{path.stat().st_size / results:.0f} bytes each"),
    ]
    budgets = []
    seconds, peak, size = _scraped(path, setting.directory)
    rows.append(("a scrape with exemplars", f"{seconds:.2f}", f"{peak / 1e6:.0f}", f"{size / 1e3:,.0f} kB of text"))
    budgets.append(Budget("a scrape of a large store", "s", 1.0, single(seconds)))
    budgets.append(Budget("memory of the exporter of a large store", "MB", 100, single(peak / 1e6)))
    for name, title in _READERS.items():
        seconds, peak = _asked(path, name)
        rows.append((title, f"{seconds:.2f}", f"{peak / 1e6:.0f}", ""))
    return Section(
        name="store",
        title="A large store",
        method=(
            f"{runs} runs of {tasks:,} tasks on {_HOSTS} hosts in a SQLite store, committed by the history sink as a "
            "sidecar does it (without replay). The exporter and each reader are processes of their own; their memory "
            "is the peak. Of three scrapes in OpenMetrics form the slowest counts."
        ),
        columns=("what", "seconds", "MB", "remark"),
        rows=rows,
        budgets=budgets,
    )


def fill(url: str, directory: Path, *, tasks: int, runs: int, hosts: int = _HOSTS, **settings: Any) -> int:
    """Commit so many runs of so many tasks on so many hosts to a store; return how many host results that are."""
    started, nodes = _run(directory, tasks, hosts)
    for number in range(runs):
        day = started.wall_ns - number * 86_400 * 10**9
        run = started._replace(run_id=f"{number + 1:032x}")
        sink = HistorySink(url, run, Settings(**settings), traced=True, clock=lambda day=day: day)  # type: ignore[misc]
        batch = []
        for node in nodes:
            batch += sink.translate(node)
            if len(batch) >= sink.max_items:
                sink.deliver(batch)
                batch = []
        sink.deliver(batch)
        sink.close()
    return tasks * hosts * runs


def _run(directory: Path, tasks: int, hosts: int) -> tuple[RunStarted, list[Node]]:
    replay = Replay()
    nodes = []
    for event in read_events(write_journal(directory, tasks=tasks, hosts=hosts)):
        nodes += replay.feed(event)
    assert replay.started is not None
    return replay.started, nodes


def _scraped(path: Path, directory: Path) -> tuple[float, int, int]:
    """Return how long a scrape takes (s), the most memory that the exporter had, and how long the answer is (bytes)."""
    environ = {"DEPLOYTRACE_STORE_URL": f"sqlite:///{path}", "DEPLOYTRACE_STATE_DIR": str(directory / "exporting")}
    with running_exporter(environ | {"DEPLOYTRACE_METRICS_BIRTH_HOLD": "0"}, directory / "exporter.log") as exporter:
        slowest, size = 0.0, 0
        for _ in range(3):
            began = time.monotonic()
            answer = exporter.ask(Accept=OPENMETRICS)
            slowest = max(slowest, time.monotonic() - began)
            assert (answer.status, "trace_id" in answer.text) == (200, True), answer.text[:300]
            size = len(answer.text.encode())
        assert exporter.process is not None
        return slowest, peak_memory(exporter.process.pid), size


def _asked(path: Path, name: str) -> tuple[float, int]:
    """Return how long a reader took, s, and the most memory that it had, bytes."""
    command = [sys.executable, "-c", _READER, f"sqlite:///{path}", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        seconds = float(reader.stdout.readline())
        peak = peak_memory(reader.pid)
        reader.stdin.close()
    return seconds, peak
