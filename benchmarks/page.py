"""The page of a large run: how long it takes to make, how large it is, how soon a browser shows what keys do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.journals import write_journal
from benchmarks.report import Budget, Section
from benchmarks.samples import single, wall
from benchmarks.setting import COMPILED_ONCE, Setting
from ground.devtools import Page, opened

__all__ = ["measure"]

_HOSTS, _TASKS = 200, 200
_ZOOM, _SEARCH = "+++++-----", "step 17"


def measure(setting: Setting) -> Section:
    """Measure the page of one recorded run."""
    tasks = setting.times(_TASKS)
    state = setting.directory / "large"
    write_journal(state / "journals", tasks=tasks, hosts=_HOSTS)
    path = setting.directory / "large.html"
    seconds = min(_made(state, path) for _ in range(3))
    megabytes = path.stat().st_size / 1e6
    with opened(path) as shown:
        loaded = float(shown.value("performance.timing.loadEventEnd - performance.timing.navigationStart"))
        few, all_rows = _reactions(shown), _reactions(shown, "document.getElementById('fit').click()")
    zoom, search = wall([*few[0], *all_rows[0]]), wall([*few[1], *all_rows[1]])
    rows: list[Sequence[str]] = [
        ("made by `deploytrace html`, s", f"{seconds:.1f}"),
        ("size, MB", f"{megabytes:.1f}"),
        ("opened in Chromium, s", f"{loaded / 1000:.1f}"),
        ("a key zooms, ms", f"{zoom:.0f}"),
        ("a key typed into the search, ms", f"{search:.0f}"),
    ]
    return Section(
        name="page",
        title="The page of a run",
        method=(
            f"{tasks} tasks on {_HOSTS} hosts. Made by a process of its own, the start of Python included; the fastest "
            "of three. In Chromium without a graphics card: from a key's time stamp until the frame is painted that "
            "shows what it did, with some rows in view and with all of them."
        ),
        columns=("what", "figure"),
        rows=rows,
        budgets=(
            Budget("page: size", "MB", 10, single(megabytes)),
            Budget("page: zoom", "ms", 100, zoom),
            Budget("page: search", "ms", 100, search),
        ),
    )


def _made(state: Path, path: Path) -> float:
    environ = {**os.environ, **COMPILED_ONCE, "DEPLOYTRACE_STATE_DIR": str(state)}
    began = time.monotonic()
    command = [sys.executable, "-m", "deploytrace", "html", "-o", str(path)]
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True, timeout=300)
    return time.monotonic() - began


def _reactions(shown: Page, first: str = "0") -> tuple[list[float], list[float]]:
    """The times (ms) of zooming and of searching, after a script has been run."""
    shown.value(f"{first}; document.getElementById('viewport').focus()")
    zoom = shown.pressed(_ZOOM)
    shown.press("/", "/")
    search = shown.pressed(_SEARCH)
    shown.press("Escape")
    return zoom, search
