"""The shipped gateway in a real Collector: what it took outlives a kill, on disk; what it tells about itself."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from grpc import StatusCode

from alerts.shipped import GATEWAY, changed
from ground.cache import ROOT
from ground.gateway import gateway_program
from ground.processes import free_port
from ground.receiver import Answer, running_receiver
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


class _Gateway:
    """The shipped gateway on ports of the test's own, with its queue in ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._health, grpc, self._http, self._metrics = (free_port() for _ in range(4))
        ports = {
            "0.0.0.0:13133": f"127.0.0.1:{self._health}",
            "0.0.0.0:4317": f"127.0.0.1:{grpc}",
            "0.0.0.0:4318": f"127.0.0.1:{self._http}",
            "port: 8888": f"port: {self._metrics}",
        }
        self._configuration = changed(_SHIPPED, directory, ports)

    @contextlib.contextmanager
    def running(self, traces: str) -> Iterator[None]:
        """It delivers to ``traces``; killed at the end."""
        command, environ = [gateway_program(), "--config", self._configuration], _environ(self._directory / "q", traces)
        with (
            (self._directory / "log").open("ab") as log,
            subprocess.Popen(command, env=environ, stdout=log, stderr=log) as child,
        ):
            try:
                wait_for(lambda: _answers(f"http://127.0.0.1:{self._health}"), "the gateway answers", pause=0.1)
                yield
            finally:
                child.kill()

    def send(self) -> None:
        """Have it take a span."""
        span = {"traceId": _TRACE, "spanId": "eee19b7ec3c1b174", "name": "RUN site.yml", "kind": 2}
        span |= {"startTimeUnixNano": "1", "endTimeUnixNano": "2"}
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
        address = f"http://127.0.0.1:{self._http}/v1/traces"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            assert answer.status == 200

    def tells(self) -> dict[str, set[str]]:
        """The labels of each metric that it tells about itself."""
        text = ask(f"http://127.0.0.1:{self._metrics}/metrics")
        found = re.findall(r"^(otelcol_\w+)\{(.*)\}", text, re.MULTILINE)
        return {name: set(re.findall(r'(\w+)="', labels)) for name, labels in found}


def test_what_was_taken_outlives_a_kill(tmp_path: Path) -> None:
    gateway = _Gateway(tmp_path)
    with gateway.running(f"127.0.0.1:{free_port()}"):
        gateway.send()
    with running_receiver() as receiver, gateway.running(receiver.grpc.removeprefix("http://")):
        wait_for(lambda: receiver.spans(_TRACE), "the span arrives")


def test_it_tells_about_itself_what_the_alerts_ask_for(tmp_path: Path) -> None:
    """By the very names and labels; what was refused for good as soon as that has happened."""
    gateway = _Gateway(tmp_path)
    with running_receiver() as receiver, gateway.running(receiver.grpc.removeprefix("http://")):
        receiver.answer = Answer(grpc_code=StatusCode.INVALID_ARGUMENT)
        gateway.send()
        wait_for(lambda: GATEWAY.keys() <= gateway.tells().keys(), "it tells what the alerts ask for", pause=0.1)
        assert {name: labels for name, labels in gateway.tells().items() if name in GATEWAY} == GATEWAY
