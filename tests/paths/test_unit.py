"""The systemd unit: systemd itself finds nothing to say of it, and what it starts serves."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from ground.cache import ROOT
from ground.debian import libraries, unpacked

from .exporting import running_exporter

_UNIT = ROOT / "deploy/systemd/deploytrace-exporter@.service"
_STARTS = "ExecStart=deploytrace exporter $OPTIONS"


def _analyze() -> tuple[Path, dict[str, str]]:
    """systemd-analyze and its environment; where systemd is not installed, from the distribution's package."""
    if installed := shutil.which("systemd-analyze"):
        return Path(installed), dict(os.environ)
    root = unpacked("systemd")
    environ = os.environ | libraries(root)
    private = sorted({str(path.parent) for path in root.rglob("libsystemd-shared-*.so")})
    environ["LD_LIBRARY_PATH"] = ":".join([environ.get("LD_LIBRARY_PATH", ""), *private])
    return root / "usr/bin/systemd-analyze", environ


def test_systemd_understands_all_of_it(tmp_path: Path) -> None:
    """With the program's path in place of its name: it need not be on systemd's own search path here."""
    text = _UNIT.read_text()
    assert _STARTS in text
    unit = tmp_path / "deploytrace-exporter@root.service"
    unit.write_text(text.replace("=deploytrace", f"={Path(sys.executable).with_name('deploytrace')}"))
    program, environ = _analyze()
    command = [program, "verify", "--man=no", unit]
    said = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_what_it_starts_serves(tmp_path: Path) -> None:
    """Its own options, but for the port, which may be taken here."""
    (options,) = re.findall(r'^Environment="OPTIONS=(.*)"$', _UNIT.read_text(), re.MULTILINE)
    words = shlex.split(options)
    assert words == ["--listen", "127.0.0.1:9822"], "on loopback, where deploy/prometheus/prometheus.yml looks"
    assert "localhost:9822" in (ROOT / "deploy/prometheus/prometheus.yml").read_text()
    environ = {"DEPLOYTRACE_STATE_DIR": str(tmp_path / "state")}
    with running_exporter(environ, tmp_path / "log") as exporter:
        assert exporter.ask("/-/ready").status == 200
