"""OTLP over HTTP against a receiver that misbehaves: every answer is read for what it says, in one try."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploytrace.errors import DeliveryRefused, DeliveryUnavailable, DeploytraceError
from deploytrace.sinks.contract import Sink
from deploytrace.sinks.otlp_http import retry_after
from deploytrace.sinks.traces import EncodedSpan
from ground.certificates import make_certificates
from ground.otlp import spans_from_json
from ground.receiver import SILENCE, Answer, Receiver, refusing_port, running_receiver
from run.stories import Story

from .spans import nodes_of, opened, translated


def _story(hosts: int = 3) -> Story:
    story = Story(hosts=tuple(f"h{number}" for number in range(hosts)))
    story.announce(0.1, "Task")
    for number in range(hosts):
        story.finish(1, story.start(0.2, "Task", f"h{number}"))
    story.end(2)
    return story


def _opened(
    endpoint: str, environ: Mapping[str, str] | None = None, hosts: int = 3
) -> tuple[Sink[EncodedSpan], list[EncodedSpan]]:
    story = _story(hosts)
    (sink,) = opened(story.events, {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **(environ or {})})
    return sink, translated(sink, nodes_of(story.events))


def _deliver(endpoint: str, environ: Mapping[str, str] | None = None, hosts: int = 3) -> int:
    sink, items = _opened(endpoint, environ, hosts)
    try:
        return sink.deliver(items)
    finally:
        sink.close()


def _failure(endpoint: str, environ: Mapping[str, str] | None = None) -> DeploytraceError:
    with pytest.raises(DeploytraceError) as caught:
        _deliver(endpoint, environ)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    return caught.value


def test_what_is_sent_arrives(receiver: Receiver) -> None:
    assert _deliver(receiver.http, {"OTEL_EXPORTER_OTLP_HEADERS": "x-team=a%20b"}) == 0
    (request,) = receiver.requests
    assert request.path == "/v1/traces"
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["content-encoding"] == "gzip"
    assert request.headers["x-team"] == "a b"
    assert request.headers["user-agent"].startswith("deploytrace/")
    assert len(request.spans) == 6
    assert {span.trace_id for span in request.spans} == {"0" * 31 + "1"}


def test_without_compression(receiver: Receiver) -> None:
    _deliver(receiver.http, {"OTEL_EXPORTER_OTLP_COMPRESSION": "none"})
    assert "content-encoding" not in receiver.requests[0].headers
    assert len(receiver.spans()) == 6


def test_partial_success_is_counted(receiver: Receiver) -> None:
    receiver.answer = Answer(rejected=2, message="too old")
    assert _deliver(receiver.http) == 2


def test_words_without_rejection_are_a_success(receiver: Receiver) -> None:
    receiver.answer = Answer(message="please upgrade")
    assert _deliver(receiver.http) == 0


def test_400_is_for_good(receiver: Receiver) -> None:
    receiver.answer = Answer(status=400, message="bad span")
    error = _failure(receiver.http)
    assert isinstance(error, DeliveryRefused)
    assert "refused the spans for good (400) (bad span)." in str(error)


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "OTEL_EXPORTER_OTLP_HEADERS"),
        (403, "OTEL_EXPORTER_OTLP_HEADERS"),
        (404, "/v1/traces"),
        (405, "endpoint"),
        (415, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        (500, "its log"),
        (429, "cannot take data now"),
        (502, "cannot take data now"),
        (503, "cannot take data now"),
        (504, "cannot take data now"),
    ],
)
def test_other_refusals_are_for_now_and_name_the_remedy(receiver: Receiver, status: int, hint: str) -> None:
    receiver.answer = Answer(status=status)
    error = _failure(receiver.http)
    assert isinstance(error, DeliveryUnavailable)
    assert f"answered {status}" in str(error)
    assert hint in str(error)
    assert error.retry_after is None
    assert len(receiver.requests) == 1, "one try"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("Mon, 23 Nov 2026 12:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("inf", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=timezone.utc).timestamp()
    assert retry_after(header, noon) == seconds


def test_the_servers_wish_for_patience(receiver: Receiver) -> None:
    receiver.answer = Answer(status=503, headers={"Retry-After": "7"})
    error = _failure(receiver.http)
    assert isinstance(error, DeliveryUnavailable)
    assert error.retry_after == 7


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_named(receiver: Receiver, status: int) -> None:
    with running_receiver() as other:
        receiver.answer = Answer(status=status, headers={"Location": f"{other.http}/v1/traces?token=geheim"})
        error = _failure(receiver.http)
        assert isinstance(error, DeliveryUnavailable)
        assert f"redirects to {other.http}/v1/traces ({status})" in str(error)
        assert "geheim" not in str(error)
        assert not other.requests


def test_a_batch_that_is_too_large_is_split_and_the_next_one_is_smaller() -> None:
    with running_receiver(max_bytes=4_000) as receiver:
        sink, items = _opened(receiver.http, {"OTEL_EXPORTER_OTLP_COMPRESSION": "none"}, hosts=20)
        assert sink.deliver(items) == 0
        assert len(receiver.spans()) == len(items)
        assert len({span.span_id for span in receiver.spans()}) == len(items)
        assert sink.max_items < len(items)
        before = len(receiver.requests)
        assert sink.deliver(items[: sink.max_items]) == 0
        assert len(receiver.requests) == before + 1, "nothing was tried that is known to be too large"
        sink.close()


def test_a_single_span_that_is_too_large_is_given_up_and_the_others_arrive() -> None:
    with running_receiver(max_bytes=600) as receiver:
        rejected = _deliver(receiver.http, {"OTEL_EXPORTER_OTLP_COMPRESSION": "none"})
        assert rejected + len(receiver.spans()) == 6
        assert rejected > 0


def test_a_silent_server_blocks_no_longer_than_the_timeout(receiver: Receiver) -> None:
    receiver.answer = SILENCE
    begun = time.monotonic()
    error = _failure(receiver.http, {"OTEL_EXPORTER_OTLP_TIMEOUT": "0.5"})
    assert time.monotonic() - begun < 8, "the default is 10 s"
    assert isinstance(error, DeliveryUnavailable)
    assert "did not answer in 0.5 s" in str(error)


@contextlib.contextmanager
def _raw_server(answer: bytes, pause: float = 0.0) -> Iterator[str]:
    """A server that says these bytes to everyone, one by one with a pause between where one is given."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(65536)
                        for byte in [answer] if not pause else [answer[i : i + 1] for i in range(len(answer))]:
                            connection.sendall(byte)
                            time.sleep(pause)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_a_server_that_dribbles_blocks_no_longer_than_the_timeout() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n"
    with _raw_server(head + b"1\r\nx\r\n" * 1000, pause=0.02) as endpoint:
        begun = time.monotonic()
        error = _failure(endpoint, {"OTEL_EXPORTER_OTLP_TIMEOUT": "2"})
        assert time.monotonic() - begun < 60, "the answer would take two minutes"
        assert "did not answer in 2 s" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 4\r\n\r\n\xff\xff\xff\xff",
    ],
)
def test_a_web_server_that_says_yes_to_everything_is_no_receiver(answer: bytes) -> None:
    with _raw_server(answer) as endpoint:
        error = _failure(endpoint)
    assert isinstance(error, DeliveryUnavailable)
    assert "not as an OTLP receiver does" in str(error)


def test_a_receiver_may_answer_in_another_form_than_it_was_asked_in() -> None:
    said = b'{"partialSuccess":{"rejectedSpans":"2"}}'
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n".encode()
    with _raw_server(head + said) as endpoint:
        assert _deliver(endpoint) == 2


@pytest.mark.parametrize("head", [b"HTTP/1.1 202 Accepted", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain"])
def test_a_plain_yes_is_a_yes(head: bytes) -> None:
    with _raw_server(head + b"\r\nContent-Length: 2\r\n\r\nOK") as endpoint:
        assert _deliver(endpoint) == 0


def test_why_spans_were_rejected_is_logged(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.answer = Answer(rejected=1, message="too\nold")
    _deliver(receiver.http)
    assert "says: too old" in caplog.text


@pytest.mark.parametrize("location", ["http://[bad", "", "/elsewhere"])
def test_a_redirect_to_what_is_no_address(receiver: Receiver, location: str) -> None:
    receiver.answer = Answer(status=301, headers={"Location": location})
    assert isinstance(_failure(receiver.http), DeliveryUnavailable)
    assert len(receiver.requests) == 1


def test_something_that_speaks_no_http() -> None:
    with _raw_server(b"220 mail ESMTP\r\n") as endpoint:
        assert "speaks no HTTP" in str(_failure(endpoint))


def test_a_grpc_receiver_that_is_asked_over_http(receiver: Receiver) -> None:
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=grpc" in str(_failure(receiver.grpc))


def test_refused() -> None:
    with refusing_port() as port:
        error = _failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, DeliveryUnavailable)
    assert "the connection was refused" in str(error)


def test_unknown_name() -> None:
    error = _failure("http://collector.invalid:4318")
    assert isinstance(error, DeliveryUnavailable)
    assert "'collector.invalid' is unknown" in str(error)


def test_tls_wants_the_authority_and_mtls_the_client(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, ask_client=True)
    trust = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(made.authority)}
    mutual = {
        **trust,
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(made.client),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(made.client_key),
    }
    with running_receiver(tls=made) as receiver:
        assert "TLS with" in str(_failure(receiver.http))
        assert "TLS with" in str(_failure(receiver.http, trust))
        assert not receiver.requests
        assert _deliver(receiver.http, mutual) == 0
        assert len(receiver.spans()) == 6


def test_the_configured_authority_wins_over_requests_own_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, other = make_certificates(tmp_path / "made"), make_certificates(tmp_path / "other")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.authority))
    with running_receiver(tls=made) as receiver:
        assert _deliver(receiver.http, {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(made.authority)}) == 0
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.authority))
        assert _deliver(receiver.http) == 0, "and it counts where nothing is configured"


def test_a_certificate_that_is_none(receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    with running_receiver(tls=make_certificates(tmp_path)) as server:
        error = _failure(server.http, {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "bad.pem")})
        assert "OTEL_EXPORTER_OTLP_CERTIFICATE" in str(error)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
        assert "/no/such/bundle.pem" in str(_failure(server.http))


def test_a_credential_provider_gives_the_session(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Installed as any package is: a module, and its metadata with an entry point."""
    (tmp_path / "badge.py").write_text(
        "import requests\n"
        "def session():\n    made = requests.Session(); made.headers['x-badge'] = '7'; return made\n"
        "def nothing(): return 1\n"
    )
    metadata = tmp_path / "badge-1.dist-info"
    metadata.mkdir()
    group = "[opentelemetry_otlp_credential_provider]"
    (metadata / "entry_points.txt").write_text(
        f"{group}\nbadge = badge:session\nnothing = badge:nothing\nlost = badge:lost\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    name = "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER"
    assert _deliver(receiver.http, {name: "badge"}) == 0
    assert receiver.requests[0].headers["x-badge"] == "7"
    for wrong in ("nothing", "lost"):
        _opened(receiver.http, {name: wrong})
    assert "'nothing' makes no Session" in caplog.text
    assert "'lost' failed (AttributeError)" in caplog.text


def test_credentials_of_the_url_are_sent_and_never_shown(receiver: Receiver) -> None:
    endpoint = receiver.http.replace("//", "//me:geheim@")
    sink, items = _opened(endpoint)
    assert sink.deliver(items) == 0
    assert receiver.requests[0].headers["authorization"] == "Basic bWU6Z2VoZWlt"
    assert "geheim" not in sink.destination
    sink.close()
    receiver.answer = Answer(status=401)
    assert "geheim" not in str(_failure(endpoint))


def test_a_netrc_does_not_replace_the_configured_header(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    _deliver(receiver.http, {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20mine"})
    assert receiver.requests[0].headers["authorization"] == "Bearer mine"


def test_a_proxy_is_used_and_no_proxy_heeded(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with refusing_port() as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "")
        assert "The proxy to" in str(_failure(receiver.http))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert _deliver(receiver.http) == 0


class _Keeping(BaseHTTPRequestHandler):
    """Keeps what it is sent; says that one span was rejected, in JSON."""

    got: list[tuple[str, str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.headers["Content-Type"], self.headers.get("Content-Encoding", ""), body))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}')

    def log_message(self, format: str, *args: object) -> None: ...


def test_json_and_deflate() -> None:
    _Keeping.got = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Keeping)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    environ = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_COMPRESSION": "deflate"}
    assert _deliver(f"http://127.0.0.1:{server.server_port}", environ) == 1
    server.shutdown()
    server.server_close()
    ((content_type, encoding, body),) = _Keeping.got
    assert (content_type, encoding) == ("application/json", "deflate")
    assert len(spans_from_json(json.loads(zlib.decompress(body)))) == 6
