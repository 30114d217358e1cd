"""A real Prometheus on loopback, and promtool: version 3, built from its Go module, or version 2 as Debian has it."""

from __future__ import annotations

import contextlib
import functools
import json
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ground.debian import unpacked
from ground.golang import go_programs
from ground.serving import ask, serving
from ground.waiting import PATIENCE_S

__all__ = ["GENERATIONS", "Prometheus", "Sample", "debian_programs", "prometheus_programs", "running_prometheus"]

GENERATIONS = ("3", "2")
_MODULE = Path(__file__).parent / "prometheus"
_DEBIAN = ("prometheus", "prometheus-alertmanager", "prometheus-pushgateway", "prometheus-node-exporter")


def debian_programs() -> Path:
    """The directory with Debian's Prometheus, Alertmanager, Pushgateway, node_exporter, and their tools."""
    return unpacked(*_DEBIAN, alone=True) / "usr/bin"


@functools.cache
def prometheus_programs(generation: str = "3") -> Path:
    """The directory with that version's ``prometheus`` and ``promtool``, built or downloaded first if need be."""
    if generation == "2":
        return debian_programs()
    # Without service discovery in some thirty clouds: half the time to build, a third of the size.
    return go_programs(_MODULE, "Prometheus 3", 3, tags=("remove_all_sd",))


@dataclass(frozen=True)
class Sample:
    """One series' value at one time, its name among the labels as ``__name__``."""

    labels: Mapping[str, str]
    value: float


class Prometheus:
    """A running Prometheus: where to send metrics, and what it knows."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.otlp = f"{self.url}/api/v1/otlp"
        """Base URL of its OTLP receiver (version 3 only); ``/v1/metrics`` comes after it."""

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """Evaluate an expression now, or at Unix time ``at``; a scalar is one sample without labels."""
        parameters = {"query": expression} | ({} if at is None else {"time": str(at)})
        data = self._ask("query", parameters)
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]))]
        return [Sample(series["metric"], float(series["value"][1])) for series in data["result"]]

    def value(self, expression: str) -> float | None:
        """The one value of an expression, or None where it has none; AssertionError where it has several."""
        found = self.query(expression)
        assert len(found) <= 1, f"{expression} has {len(found)} values: {found}"
        return found[0].value if found else None

    def wait_for(
        self, expression: str, until: Callable[[list[Sample]], object] = bool, *, timeout: float = PATIENCE_S
    ) -> list[Sample]:
        """Wait until the expression's samples satisfy ``until`` (default: there are some) and return them.

        Raises AssertionError, naming what is there, if that takes longer than ``timeout`` s.
        """
        deadline = time.monotonic() + timeout
        while not until(found := self.query(expression)):
            assert time.monotonic() < deadline, f"after {timeout:g} s {expression} is {found}"
            time.sleep(0.1)
        return found

    def exemplars(self, expression: str) -> list[dict[str, Any]]:
        """The exemplars of the last hour of the series that ``expression`` selects, as the API tells them."""
        now = time.time()
        parameters = {"query": expression, "start": str(now - 3600), "end": str(now + 60)}
        return [exemplar for series in self._ask("query_exemplars", parameters) for exemplar in series["exemplars"]]

    def targets(self) -> list[dict[str, Any]]:
        """What it scrapes: at least ``labels``, ``health`` (up, down, unknown) and ``lastError`` of each."""
        targets: list[dict[str, Any]] = self._ask("targets", {"state": "active"})["activeTargets"]
        return targets

    def rules(self) -> list[dict[str, Any]]:
        """Its rules: at least ``name``, ``type`` (alerting or recording), ``health`` and ``lastError`` of each."""
        return [rule for group in self._ask("rules", {})["groups"] for rule in group["rules"]]

    def alerts(self, state: str = "firing") -> list[dict[str, Any]]:
        """The alerts in that state, or pending: ``labels`` and ``annotations`` of each."""
        return [alert for alert in self._ask("alerts", {})["alerts"] if alert["state"] == state]

    def _ask(self, endpoint: str, parameters: Mapping[str, str]) -> Any:
        return ask(f"{self.url}/api/v1/{endpoint}?{urllib.parse.urlencode(parameters)}")["data"]


@contextlib.contextmanager
def running_prometheus(
    scrape: Mapping[str, str] | Sequence[Mapping[str, Any]] = (),
    *,
    rules: Sequence[Path] = (),
    alertmanager: str | None = None,
    generation: str = "3",
    interval: str = "1s",
    settings: Mapping[str, Any] | None = None,
) -> Iterator[Prometheus]:
    """A Prometheus of one's own for the length of a ``with`` block, with exemplars and (version 3) its OTLP receiver.

    ``scrape`` is job name to "host:port", or whole scrape configurations; ``alertmanager`` a "host:port"; ``interval``
    is how often it scrapes and evaluates; ``settings`` are further sections of its configuration, such as ``otlp``.
    """
    program = prometheus_programs(generation) / "prometheus"
    if isinstance(scrape, Mapping):
        scrape = [{"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in scrape.items()]
    targets = [{"static_configs": [{"targets": [alertmanager] if alertmanager else []}]}]
    configuration = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "scrape_configs": list(scrape),
        "rule_files": [str(path) for path in rules],
        "alerting": {"alertmanagers": targets},
        **(settings or {}),
    }

    def command(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
        (directory / "prometheus.json").write_text(json.dumps(configuration))  # JSON is YAML too
        return [
            program,
            f"--config.file={directory / 'prometheus.json'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{ports['web']}",
            "--enable-feature=exemplar-storage",
            "--scrape.discovery-reload-interval=100ms",  # not documented; else the first scrape comes after 5 s
            "--log.level=warn",
            *(["--web.enable-otlp-receiver"] if generation == "3" else []),
        ]

    with serving(
        "Prometheus", ("web",), command, lambda ports: ask(f"http://127.0.0.1:{ports['web']}/-/ready")
    ) as ports:
        yield Prometheus(ports["web"])
