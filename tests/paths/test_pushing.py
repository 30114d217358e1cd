"""Textfile, Pushgateway and OTLP where something is wrong: it is told, nothing is lost, and no older figure wins."""

from __future__ import annotations

import dataclasses
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploytrace.errors import DeliveryRefused, DeliveryUnavailable, SettingError
from deploytrace.settings import Settings
from deploytrace.sinks.metric_destinations import metric_ways
from deploytrace.sinks.metrics import Publisher
from deploytrace.sinks.metrics_otlp import OtlpMetrics
from deploytrace.sinks.metrics_pushgateway import Pushgateway
from deploytrace.sinks.metrics_textfile import Textfile
from deploytrace.store.database import open_store
from deploytrace.store.publication import turn
from deploytrace.store.snapshot import Snapshot
from ground.receiver import refusing_port
from ground.waiting import wait_for
from sidecar.place import alive, state_directory
from store.recorded import run_of

from .landscape import Landscape, expected, true_snapshot


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """The metrics of a run."""
    url = f"sqlite:///{tmp_path}/store.db"
    run_of("serial-2.21").commit(url)
    return true_snapshot(url)


class _Answering(ThreadingHTTPServer):
    """An HTTP server that answers all with one status."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    server: _Answering

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers)))
        self.send_response(self.server.status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"pushed metrics are\ninvalid\n")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def answering() -> Iterator[_Answering]:
    """Such a server."""
    with _Answering() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_textfile_is_everybodys_to_read(tmp_path: Path, snapshot: Snapshot) -> None:
    """Whatever the umask is; nothing else is left in the collector's directory."""
    path = tmp_path / "textfiles" / "ansible.prom"
    path.parent.mkdir()
    before = os.umask(0o077)
    try:
        Textfile(path).write(snapshot)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_an_older_snapshot_never_wins(tmp_path: Path, snapshot: Snapshot) -> None:
    """Neither one of an older generation nor one of an earlier moment; one of another store does, with a warning."""
    path = tmp_path / "ansible.prom"
    textfile = Textfile(path)
    textfile.write(snapshot)
    written = path.read_bytes()
    for older in (
        dataclasses.replace(snapshot, generation=snapshot.generation - 1, time=snapshot.time + 100, families=()),
        dataclasses.replace(snapshot, time=snapshot.time - 1, families=()),
    ):
        textfile.write(older)
        assert path.read_bytes() == written
    textfile.write(dataclasses.replace(snapshot, generation=snapshot.generation + 1, families=()))
    assert path.read_bytes().count(b"\n") == 1
    textfile.write(dataclasses.replace(snapshot, store_id="another", generation=0))
    assert path.read_bytes().startswith(b"# deploytrace: store another, generation 0, at ")


def test_a_textfile_that_cannot_be_written(tmp_path: Path, snapshot: Snapshot) -> None:
    """The directory is missing, or the path is one that node_exporter would not read."""
    with pytest.raises(DeliveryUnavailable, match=r"none/a\.prom cannot be written \(No such file or directory\)"):
        Textfile(tmp_path / "none" / "a.prom").write(snapshot)
    for path in ("ansible.prom", "/tmp/ansible.txt"):
        with pytest.raises(SettingError, match=r"must be an absolute path that ends in \.prom"):
            Textfile(Path(path))


def test_what_a_pushgateway_may_answer(answering: _Answering, snapshot: Snapshot) -> None:
    """Each answer has its sentence; credentials of the URL are sent, and never told."""
    gateway = Pushgateway(answering.url.replace("//", "//ann:s%3Acret@") + "/prefix/")
    assert gateway.write(snapshot) == 0
    path, headers = answering.asked[0]
    assert path == f"/prefix/metrics/job/ansible/instance/{snapshot.store_id}"
    assert headers["Authorization"] == "Basic YW5uOnM6Y3JldA=="
    for status, error, words in (
        (400, DeliveryRefused, r"refused the metrics for good \(400\) \(pushed metrics are invalid\)\.$"),
        (401, DeliveryUnavailable, "answered 401: it wants credentials"),
        (404, DeliveryUnavailable, "answered 404: it does not know this path"),
        (308, DeliveryUnavailable, r"redirects \(308\)"),
        (503, DeliveryUnavailable, "answered 503: it cannot take data now"),
    ):
        answering.status = status
        with pytest.raises(error, match=words) as told:
            gateway.write(snapshot)
        assert "cret" not in str(told.value) + gateway.destination
    gateway.close()


def test_a_pushgateway_that_is_not_there(snapshot: Snapshot) -> None:
    """Nobody listens, or it is no address at all."""
    with refusing_port() as port, pytest.raises(DeliveryUnavailable, match="the connection was refused"):
        Pushgateway(f"http://127.0.0.1:{port}").write(snapshot)
    with pytest.raises(SettingError, match="is not a URL such as http://pushgateway:9091"):
        Pushgateway("pushgateway:9091")


@pytest.mark.parametrize("protocol", ["grpc", "http/json", "http/protobuf"])
def test_a_collector_takes_all_forms(landscape: Landscape, snapshot: Snapshot, protocol: str) -> None:
    """The same series by each."""
    collector = landscape.collector
    endpoint = collector.otlp_grpc if protocol == "grpc" else collector.otlp_http
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
    environ |= {"OTEL_SERVICE_NAME": "ansible", "OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=mine"}
    way = OtlpMetrics(Settings(), environ)
    fresh = dataclasses.replace(snapshot, time=time.time())
    assert way.write(fresh) == 0
    way.close()
    selector = landscape.selector("collector", snapshot.store_id, "")
    wait_for(lambda: landscape.series(selector) == expected(snapshot), protocol)


def test_what_cannot_be_had_over_otlp(caplog: pytest.LogCaptureFixture) -> None:
    """Deltas and exponential histograms: the wish is told to be in vain. Other exporters are not ours."""
    with caplog.at_level(logging.WARNING):
        OtlpMetrics(
            Settings(),
            {
                "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
                "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "base2_exponential_bucket_histogram",
            },
        )
        assert not metric_ways(Settings(), {"OTEL_METRICS_EXPORTER": "prometheus"})
        assert not metric_ways(Settings(), {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"})
        assert not metric_ways(Settings(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://jaeger:4318"})
    said = [record.getMessage() for record in caplog.records]
    assert ["TEMPORALITY" in said[0], "AGGREGATION" in said[1], "'prometheus'" in said[2], len(said)] == [
        True,
        True,
        True,
        3,
    ]
    assert list(metric_ways(Settings(), {"OTEL_METRICS_EXPORTER": "otlp"})) == ["metrics_otlp"]


def test_one_at_a_time(tmp_path: Path, url: str) -> None:
    """While one process publishes on a way, another waits for its turn; on another way it need not."""
    first, second = open_store(url), open_store(url)
    with turn(first, "metrics_otlp"):
        with turn(second, "metrics_textfile", wait=0):
            pass
        with (
            pytest.raises(DeliveryUnavailable, match="at work on the metrics otlp"),
            turn(second, "metrics_otlp", wait=0),
        ):
            pass
    with turn(second, "metrics_otlp", wait=0):
        pass
    first.close()
    second.close()


def test_a_destination_that_comes_late(tmp_path: Path, answering: _Answering) -> None:
    """The run waits for it and says why; the next run brings the figures of both, and nobody waits any more."""
    answering.status = 503
    environ = {
        "DEPLOYTRACE_METRICS_BIRTH_HOLD": "1",
        "DEPLOYTRACE_METRICS_PUSHGATEWAY": answering.url,
        "DEPLOYTRACE_DELIVERY_WAIT": "2",
    }
    with state_directory(tmp_path / "state", **environ) as place:
        first = place.record(end="told")
        wait_for((place.root / "store.db").exists, "the sidecar is at work")
        first.tell_to_end()
        wait_for(lambda: not alive(first.sidecar), "the first sidecar's end")
        trouble = place.cursor(first.run_id).positions["metrics_pushgateway"].trouble
        assert trouble == f"{answering.url} answered 503: it cannot take data now (pushed metrics are invalid)."
        assert place.cursor(first.run_id).positions["history"].complete
        answering.status = 200
        del place.environ["DEPLOYTRACE_DELIVERY_WAIT"]
        second = place.record()
        second.recorded()
        wait_for(lambda: not alive(second.sidecar), "the second sidecar's end")
        assert place.cursor(first.run_id).complete
        assert place.cursor(second.run_id).complete
        assert place.flush().stdout.startswith("Nothing waits")


def test_a_silent_destination_costs_the_deploy_nothing(tmp_path: Path) -> None:
    """Ansible's process waits no longer than it ever does."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        environ = {
            "DEPLOYTRACE_METRICS_PUSHGATEWAY": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "DEPLOYTRACE_DELIVERY_WAIT": "1",
        }
        with state_directory(tmp_path / "state", **environ) as place:
            recording = place.record()
            recording.recorded()
            assert recording.waited() < 2.0


def test_a_store_that_is_gone_is_told(tmp_path: Path) -> None:
    """Before the destination is even asked."""
    settings = Settings(store_url="postgresql://u:hush@127.0.0.1:1/db")
    publisher = Publisher(settings, tmp_path, Textfile(tmp_path / "a.prom"))
    with pytest.raises(DeliveryUnavailable, match=r"postgresql://127\.0\.0\.1:1/db cannot be used now"):
        publisher.publish()
    assert not (tmp_path / "a.prom").exists()
