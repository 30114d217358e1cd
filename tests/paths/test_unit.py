"""The exporter's systemd unit: what it starts serves. What systemd itself says of it: tests/stack/test_units.py."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from ground.cache import ROOT

from .exporting import running_exporter

_UNIT = ROOT / "deploy/systemd/deploytrace-exporter@.service"


def test_what_it_starts_serves(tmp_path: Path) -> None:
    """Its own options, but for the port, which may be taken here."""
    assert "ExecStart=deploytrace exporter $OPTIONS" in _UNIT.read_text()
    (options,) = re.findall(r'^Environment="OPTIONS=(.*)"$', _UNIT.read_text(), re.MULTILINE)
    words = shlex.split(options)
    assert words == ["--listen", "127.0.0.1:9822"], "on loopback, where deploy/prometheus/prometheus.yml looks"
    assert "localhost:9822" in (ROOT / "deploy/prometheus/prometheus.yml").read_text()
    environ = {"DEPLOYTRACE_STATE_DIR": str(tmp_path / "state")}
    with running_exporter(environ, tmp_path / "log") as exporter:
        assert exporter.ask("/-/ready").status == 200
