"""A real Prometheus that has been told a week of two controllers, over OTLP, and evaluates the shipped rules."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deploytrace import __version__
from deploytrace.sinks.otlp_codec import Scope
from deploytrace.sinks.otlp_metric import ProtobufMetricCodec, metrics_of
from deploytrace.store.snapshot import Snapshot
from ground.cache import ROOT
from ground.prometheus import prometheus_programs
from ground.serving import ask, serving

from .clock import Clock
from .session import Look

__all__ = ["WEEK_SECONDS", "filled_prometheus"]

WEEK_SECONDS = 7 * 86400.0
_TOLD_SECONDS = 7.2 * 86400
_EVERY_SECONDS = 900.0
_TELLING_SECONDS = 90.0  # how long that takes, at most
_RULES = ROOT / "deploy/prometheus/rules/recording.yml"


@contextlib.contextmanager
def filled_prometheus(looks: Sequence[Look]) -> Iterator[tuple[str, float]]:
    """A Prometheus for a ``with`` block: its URL, and the told time (Unix, s) at which the session ended."""
    with serving("Prometheus", ("web",), _command, lambda ports: ask(f"http://127.0.0.1:{ports['web']}/-/ready")) as at:
        url = f"http://127.0.0.1:{at['web']}"
        end = time.time() + _TELLING_SECONDS
        clock = Clock(looks[0].time, looks[-1].time, end, _TOLD_SECONDS)
        _tell(url, looks, clock)
        time.sleep(max(0.0, end - time.time()))  # now the rules have been evaluated with all of it
        recorded = f"{url}/api/v1/query?query=job_playbook:ansible_playbook_duration_seconds:mean14d&time={end}"
        if not ask(recorded)["data"]["result"]:
            raise RuntimeError("The recording rules have no result: telling took longer than was thought.")
        yield url, end


def _command(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
    rules = _RULES.read_text(encoding="utf-8").replace("interval: 4m", "interval: 10s")
    (directory / "rules.yml").write_text(rules, encoding="utf-8")
    # What is told is older than what the rules make of it.
    storage = {"tsdb": {"out_of_order_time_window": "15d"}, "exemplars": {"max_exemplars": 100_000}}
    (directory / "prometheus.json").write_text(json.dumps({"rule_files": ["rules.yml"], "storage": storage}))
    return [
        prometheus_programs() / "prometheus",
        f"--config.file={directory / 'prometheus.json'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{ports['web']}",
        "--web.enable-otlp-receiver",
        "--enable-feature=exemplar-storage",
        f"--query.lookback-delta={int(_EVERY_SECONDS * 1.3)}s",
        "--log.level=warn",
    ]


def _tell(url: str, looks: Sequence[Look], clock: Clock) -> None:
    """Tell each controller's metrics every quarter of an hour, and each look of the last minute."""
    for controller in sorted({look.controller for look in looks}):
        own = [look for look in looks if look.controller == controller]
        resource = {"service.name": "ansible", "service.instance.id": controller}
        codec = ProtobufMetricCodec(Scope(resource, __version__))
        t, place = clock.told(own[0].time), 0
        while t <= clock.told_end:
            while place + 1 < len(own) and clock.told(own[place + 1].time) <= t:
                place += 1
            _push(url, codec, clock.retold(own[place].snapshot, t))
            later = t + _EVERY_SECONDS
            t = later if later < clock.told_end or t == clock.told_end else clock.told_end


def _push(url: str, codec: ProtobufMetricCodec, snapshot: Snapshot) -> None:
    body = codec.request([codec.encode(metric) for metric in metrics_of(snapshot)])
    kind = {"Content-Type": "application/x-protobuf"}
    request = urllib.request.Request(f"{url}/api/v1/otlp/v1/metrics", body, kind)  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=60):  # noqa: S310
        pass
