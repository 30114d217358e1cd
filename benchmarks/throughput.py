"""How fast the sidecar works off a long run, how much memory that takes, and whether every result arrives."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.journals import write_journal
from benchmarks.report import Budget, Section
from benchmarks.runs import cpu_of_ended
from benchmarks.samples import single
from benchmarks.setting import Setting
from ground.ansible import Ansible
from ground.otlp import spans_from_json

__all__ = ["measure"]

_SIDECAR = "from deploytrace.sidecar.main import main; main()"
_HOSTS = 1000
_RESULT_KEY = "ansible.task.host.name"
_FOLDED_KEYS = ("ansible.folded.ok", "ansible.folded.skipped")
_POLL_S = 0.1


@dataclass(frozen=True)
class _Case:
    """One journal, and how it is delivered."""

    name: str
    title: str
    tasks: int
    settings: Mapping[str, Any]


_CASES = (
    _Case("folded", "1,000 tasks on 1,000 hosts, default span budget", 1000, {}),
    _Case("unfolded", "100 tasks on 1,000 hosts, a span for every result", 100, {"span_budget": 10**9}),
)


@dataclass(frozen=True)
class _Outcome:
    wall: float
    cpu: float
    """Seconds, of all its threads."""
    memory: int
    """Bytes, at most."""
    spans: int
    results: int
    """Host results that arrived, with a span of their own or counted in their task's."""


def measure(setting: Setting) -> Section:
    """Measure a sidecar that finds a whole run in its journal."""
    rows: list[Sequence[str]] = []
    budgets: list[Budget] = []
    for case in _CASES:
        tasks = setting.times(case.tasks)
        with setting.ansible() as ansible:
            outcome = _deliver(ansible, case, tasks)
        expected = tasks * _HOSTS
        rate, memory = expected / outcome.cpu, outcome.memory / 1e6
        counts = f"{outcome.results:,}", f"{outcome.spans:,}"
        rows.append((case.title, *counts, f"{rate:,.0f}", f"{expected / outcome.wall:,.0f}", f"{memory:.0f}"))
        budgets += [
            Budget(f"sidecar: {case.title}", "results per CPU second", 5000, single(rate), at_least=True),
            Budget(f"sidecar's memory: {case.title}", "MB", 200, single(memory)),
            Budget(f"results lost: {case.title}", "results", 0, single(expected - outcome.results)),
        ]
    return Section(
        name="throughput",
        title="The sidecar's throughput",
        method=(
            "The journal of a long run, three events for each host result, is there in whole, and a sidecar is started "
            "that delivers it to a trace file and ends. Its work is done one after the other, so CPU seconds are "
            "seconds where it has a core for itself; memory is its peak. Host results in the file are counted: spans, "
            "and those that their task's span counts as folded."
        ),
        columns=("run", "host results that arrived", "spans", "results per CPU second", "per second", "memory, MB"),
        rows=rows,
        budgets=budgets,
    )


def _deliver(ansible: Ansible, case: _Case, tasks: int) -> _Outcome:
    journal = write_journal(ansible.state_dir / "journals", tasks=tasks, hosts=_HOSTS)
    orders = {"journal": str(journal), "state_dir": str(ansible.state_dir), "pidfd": None, "settings": case.settings}
    began = time.monotonic()
    with subprocess.Popen(
        [str(ansible.environment.python), "-c", _SIDECAR],
        cwd=ansible.directory,
        env=ansible.environ(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as sidecar:
        assert sidecar.stdin is not None
        assert sidecar.stdout is not None
        sidecar.stdin.write(json.dumps(orders).encode())
        sidecar.stdin.close()
        memory = _peak_memory(sidecar.pid)
        wall, cpu = time.monotonic() - began, cpu_of_ended(sidecar.pid)
        word = sidecar.stdout.read()
    if not any(json.loads(line).get("delivered") for line in word.splitlines()):
        raise RuntimeError(f"the sidecar did not deliver: {(ansible.state_dir / 'sidecar.log').read_text()}")
    spans, results = _arrived(ansible.state_dir / "traces" / journal.name)
    journal.unlink()
    return _Outcome(wall, cpu, memory, spans, results)


def _peak_memory(pid: int) -> int:
    """Wait until a child has ended, without reaping it; return its peak of resident memory, in bytes."""
    peak = 0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                peak = int(line.split()[1]) * 1024
        time.sleep(_POLL_S)
    return peak


def _arrived(traces: Path) -> tuple[int, int]:
    """Return how many spans a trace file holds, and how many host results are in it."""
    spans = results = 0
    with traces.open() as lines:
        for line in lines:
            for span in spans_from_json(json.loads(line)):
                spans += 1
                results += _RESULT_KEY in span.attributes
                results += sum(span.attributes.get(key, 0) for key in _FOLDED_KEYS)
    return spans, results
