"""A long history: how long it takes to rank what took longest in it, to compare two of its runs, to look into one."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Budget, Section
from benchmarks.samples import single
from benchmarks.setting import COMPILED_ONCE, Setting
from benchmarks.store import fill

__all__ = ["measure"]

_TASKS, _HOSTS, _RUNS = 500, 50, 1000
_DAY_NS = 86_400 * 10**9
_TABLES = (
    *("runs", "plays", "containers", "roles", "tasks", "task_times", "role_times", "host_times", "host_results"),
    "failures",
)
_COMMANDS = {
    "`deploytrace top --last 1000`": ("top", "--last", "1000"),
    "`deploytrace top --last 1000 --by host`": ("top", "--last", "1000", "--by", "host"),
    "`deploytrace diff`": ("diff",),
    "`deploytrace check`": ("check",),
    "`deploytrace critical-path`, of a run whose journal is gone": ("critical-path",),
    "`deploytrace show`, of a run whose journal is gone": ("show",),
}
_OF_A_JOURNAL = {
    "`deploytrace critical-path`, from the journal": ("critical-path",),
    "`deploytrace show`, from the journal": ("show",),
    "`deploytrace what-if --forks 20`, from the journal": ("what-if", "--forks", "20"),
}


def measure(setting: Setting) -> Section:
    """Measure on a SQLite store of 1,000 runs."""
    tasks, runs = setting.times(_TASKS), setting.times(_RUNS)
    state = setting.directory / "long"
    path = state / "store.db"
    filling, journals = setting.directory / "filling-long", setting.directory / "recorded" / "journals"
    fill(f"sqlite:///{path}", filling, tasks=tasks, runs=1, hosts=_HOSTS)
    _repeat(path, runs)
    journals.parent.mkdir(mode=0o700)
    shutil.copytree(filling, journals)
    rows: list[Sequence[str]] = []
    budgets = []
    asked = [(state, *each) for each in _COMMANDS.items()]
    asked += [(journals.parent, *each) for each in _OF_A_JOURNAL.items()]
    for place, title, words in asked:
        seconds = min(_asked(place, words) for _ in range(3))
        rows.append((title, f"{seconds:.2f}"))
        budgets.append(Budget(f"long history: {title}", "s", 1.0, single(seconds)))
    return Section(
        name="past",
        title="A long history",
        method=(
            f"{runs:,} runs of one playbook, {tasks} tasks on {_HOSTS} hosts each, in a SQLite store, and the journal "
            "of one such run by itself. Each command is a process of its own, the start of Python included; the "
            "fastest of three."
        ),
        columns=("command", "seconds"),
        rows=rows,
        budgets=budgets,
    )


def _repeat(path: Path, runs: int) -> None:
    """Copy the store's one run until there are so many, a day apart; what tasks took varies by a few percent."""
    varied = "(%s * (975 + abs(random()) %% 50)) / 1000"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=MEMORY")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("CREATE TEMP TABLE numbers (i)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO numbers VALUES (?)", ((number,) for number in range(2, runs + 1)))
        for table in _TABLES:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            values = {
                "key": "i", "run": "i", "run_id": "printf('%032x', i)", "wall_ns": varied % "wall_ns",
                "started_ns": f"started_ns - {_DAY_NS} * i" if table == "runs" else "started_ns",
            }  # fmt: skip
            chosen = ", ".join(values.get(column, column) for column in columns)
            connection.execute(f"INSERT INTO {table} SELECT {chosen} FROM numbers, {table} ORDER BY i")  # noqa: S608
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")


def _asked(state: Path, words: Sequence[str]) -> float:
    environ = {**os.environ, **COMPILED_ONCE, "DEPLOYTRACE_STATE_DIR": str(state)}
    began = time.monotonic()
    command = [sys.executable, "-m", "deploytrace", *words]
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)  # no timeout: it would poll
    return time.monotonic() - began
