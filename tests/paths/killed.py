"""Lets a sidecar loose on each run that waits in a state directory, and kills most of them at random moments.

    python killed.py STATE_DIR SEED

The sidecars are forked once everything is imported, so that the kills fall among deliveries; the settings are those of
the environment. Says how many were killed at work.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

# What a sidecar imports late.
import deploytrace.reports.exposition
import deploytrace.sidecar.store_upkeep
import deploytrace.sinks.metrics_otlp
import deploytrace.sinks.metrics_pushgateway
import deploytrace.sinks.metrics_textfile
import deploytrace.sinks.trace_destinations
import deploytrace.store.health
import deploytrace.store.publication
import deploytrace.store.recording
import deploytrace.store.retention
import deploytrace.store.view  # noqa: F401
from deploytrace import settings
from deploytrace.journal.directory import Directory
from deploytrace.sidecar.main import main as be_a_sidecar

_LONGEST_LIFE = 0.8  # seconds; one that may live takes about half as long, and then waits for the birth hold


def _sidecar(journal: Path, root: Path, given: dict[str, object]) -> int:
    child = os.fork()
    if child == 0:
        with tempfile.TemporaryFile() as orders:
            orders.write(json.dumps({"journal": str(journal), "state_dir": str(root), "settings": given}).encode())
            orders.seek(0)
            os.dup2(orders.fileno(), 0)
        be_a_sidecar()
    return child


def main(root: Path, seed: int) -> None:
    """Do it."""
    loaded, problems = settings.load(os.environ, None)
    assert not problems, problems
    plain = dataclasses.asdict(loaded)
    given = {name: str(value) if isinstance(value, Path) else value for name, value in plain.items()}
    chance = random.Random(seed)
    spared, killed = [], 0
    for _, journal in Directory(root).journal_files():
        child = _sidecar(journal, root, given)
        if chance.random() < 0.3:
            spared.append(child)
            time.sleep(chance.uniform(0, 0.2))
            continue
        time.sleep(chance.uniform(0, _LONGEST_LIFE))
        os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    for child in spared:
        os.waitpid(child, 0)
    print(killed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
