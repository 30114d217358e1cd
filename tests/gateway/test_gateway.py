"""The shipped gateway in a real Collector: what it took before a kill is delivered by the next one, from disk."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import urllib.request
from pathlib import Path

from alerts.shipped import changed
from ground.cache import ROOT
from ground.gateway import gateway_program
from ground.processes import free_port
from ground.receiver import running_receiver
from ground.serving import ask
from ground.waiting import wait_for

_SHIPPED = ROOT / "deploy/collector/gateway.yml"
_TRACE = "5b8efff798038103d269b633813fc60c"


def _environ(queue: Path, traces: str) -> dict[str, str]:
    return os.environ | {"OTELCOL_QUEUE": str(queue), "JAEGER_OTLP": traces, "PROMETHEUS_OTLP": "http://127.0.0.1:1"}


def test_the_collector_accepts_it_as_it_is_shipped(tmp_path: Path) -> None:
    command = [gateway_program(), "validate", "--config", _SHIPPED]
    done = subprocess.run(command, env=_environ(tmp_path, "jaeger:4317"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def _answers(address: str) -> bool:
    with contextlib.suppress(OSError):
        return bool(ask(address))
    return False


def test_what_was_taken_outlives_a_kill(tmp_path: Path) -> None:
    health, grpc, http, jaeger = (free_port() for _ in range(4))
    ports = {
        "0.0.0.0:13133": f"127.0.0.1:{health}",
        "0.0.0.0:4317": f"127.0.0.1:{grpc}",
        "0.0.0.0:4318": f"127.0.0.1:{http}",
    }
    configuration = changed(_SHIPPED, tmp_path, ports)
    command = [gateway_program(), "--config", configuration]
    environ = _environ(tmp_path / "queue", f"127.0.0.1:{jaeger}")
    span = {"traceId": _TRACE, "spanId": "eee19b7ec3c1b174", "name": "RUN site.yml", "kind": 2}
    span |= {"startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    log = (tmp_path / "log").open("wb")
    with subprocess.Popen(command, env=environ, stdout=log, stderr=log) as first:
        wait_for(lambda: _answers(f"http://127.0.0.1:{health}"), "the gateway answers", pause=0.1)
        address = f"http://127.0.0.1:{http}/v1/traces"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            assert answer.status == 200
        first.kill()
    with (
        running_receiver() as receiver,
        subprocess.Popen(
            command, env=environ | {"JAEGER_OTLP": receiver.grpc.removeprefix("http://")}, stdout=log, stderr=log
        ) as second,
    ):
        try:
            receiver.wait_for(1, _TRACE)
        finally:
            second.kill()
    log.close()
