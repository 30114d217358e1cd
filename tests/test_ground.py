"""The ground itself: that the real parts are real, and that the receiver shows the faults it is there for."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from ground.ansible import Ansible
from ground.certificates import make_certificates
from ground.otlp import Span, tree
from ground.processes import marked, naming, new_mark
from ground.receiver import SILENCE, Answer, Receiver, refusing_port, running_receiver
from ground.servers import Jaeger
from ground.sshd import running_hosts

PLAYBOOK = """
- name: Greet
  hosts: all
  gather_facts: false
  tasks:
    - name: Say hello
      ansible.builtin.command: echo hello
"""

SLEEPER = """
- hosts: h1
  gather_facts: false
  tasks:
    - ansible.builtin.command: sleep 60
"""


def _exported(exporter: SpanExporter) -> str:
    """Send a root with one child through ``exporter`` as any OpenTelemetry program does; return the trace's id."""
    provider = TracerProvider(resource=Resource({"service.name": "ground"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("ground.tests")
    attributes: dict[str, Any] = {"text": "x", "number": 7, "list": [1, 2]}
    with (
        tracer.start_as_current_span("root", attributes=attributes) as root,
        tracer.start_as_current_span("child") as child,
    ):
        child.add_event("happened", {"share": 0.5})
    provider.shutdown()
    return format(root.get_span_context().trace_id, "032x")


def _assert_whole(spans: list[Span]) -> None:
    children = tree(spans)
    (root,) = children[""]
    (child,) = children[root.span_id]
    assert (root.name, child.name) == ("root", "child")
    assert root.attributes == {"text": "x", "number": 7, "list": [1, 2]}
    assert root.resource == {"service.name": "ground"}
    assert child.events[0].attributes == {"share": 0.5}
    assert root.start < child.start < child.events[0].time < child.end < root.end


def _request(spans: int, *, text: str = "") -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(spans):
        span = scope.spans.add(trace_id=bytes(15) + b"\1", span_id=number.to_bytes(8, "big"), name=f"span {number}")
        span.attributes.add(key="text").value.string_value = text
    return request


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _post(receiver: Receiver, spans: int, *, text: str = "", timeout: float = 10) -> tuple[int, dict[str, str], bytes]:
    """Send ``spans`` spans over HTTP; return the answer's status, headers and body, whatever the status is."""
    body = _request(spans, text=text).SerializeToString()
    headers = {"Content-Type": "application/x-protobuf"}
    request = urllib.request.Request(f"{receiver.http}/v1/traces", data=body, headers=headers)  # noqa: S310 - our own
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=timeout) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def _call(receiver: Receiver, spans: int, *, text: str = "", timeout: float = 10) -> ExportTraceServiceResponse:
    """Send ``spans`` spans over gRPC and return the response; `grpc.RpcError` where it is refused."""
    with grpc.insecure_channel(receiver.grpc.removeprefix("http://")) as channel:
        response: ExportTraceServiceResponse = TraceServiceStub(channel).Export(
            _request(spans, text=text), timeout=timeout
        )
        return response


def test_ansible_runs_a_playbook_in_the_version_it_is_named_for(each_ansible: Ansible) -> None:
    result = each_ansible.run(
        PLAYBOOK.replace("command: echo hello", "debug: {var: ansible_version.full}"), callbacks=()
    )
    assert result.returncode == 0, result.output
    assert all(f"ok: [{host}]" in result.stdout for host in ("h1", "h2", "h3"))
    assert result.stdout.count(f'"ansible_version.full": "{each_ansible.version}.') == 3


def test_the_wheel_is_installed_with_its_callbacks_and_not_the_source_tree(each_ansible: Ansible) -> None:
    program = "import deploytrace, ansible_collections.deploytrace as c; print(deploytrace.__file__, *c.__path__)"
    result = each_ansible.start_program("python", "-c", program).finish()
    assert result.returncode == 0, result.output
    inside = str(each_ansible.environment.path)
    assert all(path.startswith(inside) for path in result.stdout.split())
    assert Path(each_ansible.environment.program("deploytrace")).exists()


def test_a_run_sees_nothing_of_the_testers_settings(ansible: Ansible, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("ANSIBLE_STRATEGY", "no_such_strategy")
    result = ansible.start_program("python", "-c", "import os; print(sorted(os.environ), os.environ['HOME'])").finish()
    assert "OTEL_" not in result.stdout
    assert "ANSIBLE_STRATEGY" not in result.stdout
    assert str(ansible.home) in result.stdout


# A process ended by SIGTERM says 143 or, where it ends itself by the signal, -15.
@pytest.mark.parametrize(
    "end", [("interrupt", [99]), ("terminate", [143, -15]), ("kill", [-9])], ids=lambda end: end[0]
)
def test_a_run_can_be_ended_in_mid_task(ansible: Ansible, end: tuple[str, list[int]]) -> None:
    """On the others that is shown by what deploytrace makes of it (tests/endtoend/test_endings.py)."""
    running = ansible.start(SLEEPER, callbacks=())
    running.wait_until(lambda: any(process.command == "sleep 60" for process in ansible.processes()))
    getattr(running, end[0])()
    result = running.finish()
    assert result.returncode in end[1], result.output
    assert "PLAY RECAP" not in result.stdout
    ansible.end()
    ansible.wait_for_sidecar()


def test_what_a_run_leaves_behind_is_found(ansible: Ansible) -> None:
    program = "import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True)"
    ansible.start_program("python", "-c", program).finish()
    assert [process.command for process in ansible.processes()] == ["sleep 60"]
    with pytest.raises(AssertionError, match="sleep 60"):
        ansible.wait_for_sidecar(0.2)
    ansible.end()
    ansible.wait_for_sidecar()


def test_a_mark_finds_only_its_own_processes() -> None:
    mark = new_mark()
    with subprocess.Popen(["sleep", "60"], env=os.environ | {"MARK": mark}) as process:
        try:
            assert [found.pid for found in marked("MARK", mark)] == [process.pid]
            assert marked("MARK", new_mark()) == []
        finally:
            process.kill()


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_jaeger_takes_spans_and_gives_them_back(jaeger: Jaeger, protocol: str) -> None:
    exporters: dict[str, Callable[[], SpanExporter]] = {
        "http": lambda: HttpExporter(f"{jaeger.otlp_http}/v1/traces"),
        "grpc": lambda: GrpcExporter(jaeger.otlp_grpc, insecure=True),
    }
    trace_id = _exported(exporters[protocol]())
    spans = jaeger.wait_for_trace(trace_id, lambda spans: len(spans) == 2)
    _assert_whole(spans)
    assert "ground" in jaeger.services()
    assert trace_id in jaeger.traces("ground")


def test_jaeger_gives_spans_as_they_were_sent_not_as_it_would_show_them(jaeger: Jaeger) -> None:
    trace_id = "1".zfill(31) + "7"
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    root = scope.spans.add(trace_id=bytes.fromhex(trace_id), span_id=b"rootroot", name="root")
    child = scope.spans.add(trace_id=root.trace_id, span_id=b"childchi", parent_span_id=b"rootroot", name="outside")
    root.start_time_unix_nano, root.end_time_unix_nano = (time.time_ns() + offset for offset in (0, 1_000_000_000))
    child.start_time_unix_nano = root.start_time_unix_nano + 5_000_000_000
    child.end_time_unix_nano = child.start_time_unix_nano + 1_000
    headers = {"Content-Type": "application/x-protobuf"}
    sent = urllib.request.Request(f"{jaeger.otlp_http}/v1/traces", request.SerializeToString(), headers)  # noqa: S310
    urllib.request.urlopen(sent, timeout=10).close()  # noqa: S310 - always http, our own
    spans = jaeger.wait_for_trace(trace_id, lambda spans: len(spans) == 2)
    assert {span.name: span.start for span in spans} == {
        "root": root.start_time_unix_nano,
        "outside": child.start_time_unix_nano,
    }
    assert not any("warning" in key for span in spans for key in span.attributes)


def test_jaeger_says_what_it_lacks(jaeger: Jaeger) -> None:
    assert jaeger.trace("f" * 32) == []
    with pytest.raises(AssertionError, match="no span"):
        jaeger.wait_for_trace("f" * 32, timeout=0.2)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_receiver_keeps_what_real_exporters_send(receiver: Receiver, protocol: str) -> None:
    exporters: dict[str, Callable[[], SpanExporter]] = {
        "http": lambda: HttpExporter(f"{receiver.http}/v1/traces"),
        "grpc": lambda: GrpcExporter(receiver.grpc, insecure=True),
    }
    trace_id = _exported(exporters[protocol]())
    _assert_whole(receiver.wait_for(2, trace_id))
    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=503, headers={"Retry-After": "7"}, message="overloaded"),
        Answer(status=429, headers={"Retry-After": "1"}),
        Answer(status=301, headers={"Location": "/elsewhere"}),
        Answer(status=308, headers={"Location": "/elsewhere"}),
        Answer(status=400, message="malformed"),
        Answer(status=401),
        Answer(status=500),
    ],
    ids=lambda answer: str(answer.status),
)
def test_the_receiver_refuses_over_http(receiver: Receiver, answer: Answer) -> None:
    receiver.answer = answer
    status, headers, body = _post(receiver, 3)
    assert status == answer.status
    assert answer.headers.items() <= headers.items()
    assert answer.message.encode() in body
    assert receiver.spans() == []
    assert len(receiver.requests[0].spans) == 3
    receiver.answer = Answer()
    assert _post(receiver, 3)[0] == 200
    assert len(receiver.spans()) == 3


def test_the_receiver_refuses_over_grpc_and_says_when_to_come_back(receiver: Receiver) -> None:
    receiver.answer = Answer(grpc_code=grpc.StatusCode.UNAVAILABLE, grpc_retry_after=2.5)
    with pytest.raises(grpc.RpcError) as refused:
        _call(receiver, 1)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    details = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
    assert b"RetryInfo" in details
    assert receiver.spans() == []


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_receiver_takes_a_part(receiver: Receiver, protocol: str) -> None:
    receiver.answer = Answer(rejected=2, message="too many")
    if protocol == "http":
        status, _, body = _post(receiver, 5)
        assert status == 200
        response = ExportTraceServiceResponse.FromString(body)
    else:
        response = _call(receiver, 5)
    assert (response.partial_success.rejected_spans, response.partial_success.error_message) == (2, "too many")
    assert [span.name for span in receiver.spans()] == ["span 0", "span 1", "span 2"]


def test_the_receiver_is_silent(receiver: Receiver) -> None:
    receiver.answer = SILENCE
    begun = time.monotonic()
    with pytest.raises((TimeoutError, urllib.error.URLError)):
        _post(receiver, 1, timeout=0.5)
    with pytest.raises(grpc.RpcError) as silent:
        _call(receiver, 1, timeout=0.5)
    assert silent.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - begun > 0.95
    assert receiver.spans() == []


def test_the_receiver_is_slow(receiver: Receiver) -> None:
    receiver.answer = Answer(delay=0.4)
    begun = time.monotonic()
    assert _post(receiver, 1)[0] == 200
    assert 0.4 <= time.monotonic() - begun < 5


def test_the_receiver_has_a_size_limit() -> None:
    with running_receiver(max_bytes=1000) as receiver:
        assert _post(receiver, 1)[0] == 200
        assert _post(receiver, 1, text="x" * 1000)[0] == 413
        with pytest.raises(grpc.RpcError) as refused:
            _call(receiver, 1, text="x" * 1000)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert len(receiver.spans()) == 1


@pytest.mark.parametrize("ask_client", [False, True], ids=["tls", "mtls"])
def test_the_receiver_speaks_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask_client: bool) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # to requests they go before what the exporter is told
        monkeypatch.delenv(name, raising=False)
    certificates = make_certificates(tmp_path, ask_client=ask_client)
    with running_receiver(tls=certificates) as receiver:
        exporter = HttpExporter(
            f"{receiver.http}/v1/traces",
            certificate_file=str(certificates.authority),
            client_certificate_file=str(certificates.client),
            client_key_file=str(certificates.client_key),
        )
        _exported(exporter)
        assert len(receiver.spans()) == 2
        pairs = certificates.client_key.read_bytes(), certificates.client.read_bytes()
        credentials = grpc.ssl_channel_credentials(certificates.authority.read_bytes(), *pairs)
        _exported(GrpcExporter(receiver.grpc, credentials=credentials))
        assert len(receiver.spans()) == 4
        anonymous = ssl.create_default_context(cafile=str(certificates.authority))
        request = urllib.request.Request(f"{receiver.http}/v1/traces", b"")  # noqa: S310 - our own
        refused = pytest.raises(OSError, match=r"(?i)ssl|reset|closed|pipe") if ask_client else contextlib.nullcontext()
        with refused, urllib.request.urlopen(request, context=anonymous, timeout=5) as answer:  # noqa: S310 - our own
            assert answer.status == 200


def test_the_receiver_comes_back_at_the_same_address() -> None:
    with running_receiver() as receiver:
        address = receiver.http
    with pytest.raises(urllib.error.URLError):
        _post(receiver, 1)
    with running_receiver(port=int(address.rpartition(":")[2])) as receiver:
        assert receiver.http == address
        assert _post(receiver, 1)[0] == 200


def test_a_refusing_port_refuses() -> None:
    with refusing_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_ansible_reaches_real_ssh_hosts(ansible: Ansible, tmp_path: Path) -> None:
    python = ansible.environment.hosts_python
    with running_hosts(tmp_path / "hosts", {"web": ["web1", "web2"]}, python=python) as inventory:
        result = ansible.run(
            PLAYBOOK.replace("echo hello", "printenv SSH_CONNECTION"), inventory=inventory, args=["-v"], callbacks=()
        )
        assert result.returncode == 0, result.output
        assert "127.0.0.11" in result.stdout
        assert "127.0.0.12" in result.stdout
        assert naming(tmp_path / "hosts")
    assert naming(tmp_path / "hosts") == []
