"""The stack on one machine: Jaeger starts with its shipped configuration; Grafana is told what the dashboards ask for.

No Grafana is started: there is none to be had without a container engine.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from alerts.shipped import changed
from dashboards.shipped import DASHBOARDS
from ground.cache import ROOT
from ground.servers import Jaeger, jaeger_program
from ground.serving import serving

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text())


def test_jaeger_starts_with_the_shipped_configuration(tmp_path: Path) -> None:
    """On ports of the test's own, and first validated as it is."""
    environ = {"JAEGER_DATA": str(tmp_path / "data"), "JAEGER_UI": str(DEPLOY / "jaeger/ui.json")}
    shipped = DEPLOY / "jaeger/config.yml"
    command = [jaeger_program(), "validate", f"--config=file:{shipped}"]
    done = subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr

    def start(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
        shipped_ports = {"query": 16686, "query_grpc": 16685, "otlp_grpc": 14317}
        here = {f":{port}": f":{ports[name]}" for name, port in shipped_ports.items()}
        assignments = [f"{name}={value}" for name, value in environ.items()]
        return ["env", *assignments, jaeger_program(), f"--config=file:{changed(shipped, directory, here)}"]

    names = ("query", "query_grpc", "otlp_grpc", "otlp_http")
    with serving("Jaeger", names, start, lambda ports: Jaeger(ports).services()):
        assert any((tmp_path / "data/keys").iterdir())


def test_grafana_is_told_the_data_sources_that_the_dashboards_ask_for() -> None:
    told = yaml.safe_load((ROOT / "grafana/provisioning/datasources/ansible.yml").read_text())["datasources"]
    asked = {each["query"] for board in DASHBOARDS for each in board.variables.values() if each["type"] == "datasource"}
    assert {each["type"] for each in told} == asked
    prometheus, jaeger = told
    assert prometheus["jsonData"]["exemplarTraceIdDestinations"][0]["datasourceUid"] == jaeger["uid"]
    provider = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/ansible.yml").read_text())["providers"][0]
    assert f"folder\n*{provider['folder']}*" in (DEPLOY / "README.md").read_text()
    targets = [volume.split(":")[1] for volume in COMPOSE["services"]["grafana"]["volumes"]]
    assert provider["options"]["path"] in targets


def test_jaegers_ui_shows_tags_that_spans_have() -> None:
    known = "".join(path.read_text() for path in (ROOT / "src/deploytrace").rglob("*.py"))
    patterns = json.loads((DEPLOY / "jaeger/ui.json").read_text())["linkPatterns"]
    assert all(json.dumps(pattern["key"]) in known for pattern in patterns)
