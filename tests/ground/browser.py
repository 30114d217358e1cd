"""A real browser: Chromium without a window, the machine's own, else the distribution's, unpacked."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ground.debian import libraries, unpacked

__all__ = ["FLAGS", "chromium", "rendered"]

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def chromium() -> tuple[str, dict[str, str]]:
    """The program and what its environment needs."""
    installed = shutil.which("chromium")
    if installed:
        return installed, {}
    root = unpacked("chromium", "chromium-common")
    return str(root / "usr/lib/chromium/chromium"), libraries(root)


def rendered(page: Path, *, width: int) -> str:
    """The document of a page, as HTML, once a browser window of that many pixels has shown it and run its scripts."""
    program, needed = chromium()
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},1000", "--dump-dom"]
        answer = subprocess.run(
            [*command, page.as_uri()],
            env={**os.environ, **needed, "HOME": profile},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    return answer.stdout
