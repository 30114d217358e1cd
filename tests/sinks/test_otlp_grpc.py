"""OTLP over gRPC: the same meanings as over HTTP."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import grpc
import pytest

from deploytrace.errors import DeliveryRefused, DeliveryUnavailable, DeploytraceError
from deploytrace.sinks.contract import Sink
from deploytrace.sinks.traces import EncodedSpan
from ground.certificates import make_certificates
from ground.receiver import SILENCE, Answer, Receiver, refusing_port, running_receiver
from run.stories import Story

from .spans import nodes_of, opened, translated

GRPC = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}


def _opened(
    endpoint: str, environ: Mapping[str, str] | None = None, hosts: int = 3
) -> tuple[Sink[EncodedSpan], list[EncodedSpan]]:
    story = Story(hosts=tuple(f"h{number}" for number in range(hosts)))
    story.announce(0.1, "Task")
    for number in range(hosts):
        story.finish(1, story.start(0.2, "Task", f"h{number}"))
    story.end(2)
    (sink,) = opened(story.events, {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **GRPC, **(environ or {})})
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
    return caught.value


def test_what_is_sent_arrives(receiver: Receiver) -> None:
    assert _deliver(receiver.grpc, {"OTEL_EXPORTER_OTLP_HEADERS": "X-Team=a"}) == 0
    (request,) = receiver.requests
    assert request.headers["x-team"] == "a"
    assert request.headers["user-agent"].startswith("deploytrace/")
    assert len(receiver.spans()) == 6


@pytest.mark.parametrize("compression", ["none", "deflate", "gzip"])
def test_compressions(receiver: Receiver, compression: str) -> None:
    assert _deliver(receiver.grpc, {"OTEL_EXPORTER_OTLP_COMPRESSION": compression}) == 0
    assert len(receiver.spans()) == 6


def test_an_endpoint_without_a_scheme(receiver: Receiver) -> None:
    bare = receiver.grpc.removeprefix("http://")
    assert _deliver(bare, {"OTEL_EXPORTER_OTLP_INSECURE": "true"}) == 0


def test_partial_success_is_counted(receiver: Receiver) -> None:
    receiver.answer = Answer(rejected=2, message="too old")
    assert _deliver(receiver.grpc) == 2


def test_invalid_argument_is_for_good(receiver: Receiver) -> None:
    receiver.answer = Answer(grpc_code=grpc.StatusCode.INVALID_ARGUMENT, message="bad span")
    error = _failure(receiver.grpc)
    assert isinstance(error, DeliveryRefused)
    assert "bad span" in str(error)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "OTEL_EXPORTER_OTLP_HEADERS"),
        (grpc.StatusCode.PERMISSION_DENIED, "OTEL_EXPORTER_OTLP_HEADERS"),
        (grpc.StatusCode.UNIMPLEMENTED, "no OTLP receiver"),
        (grpc.StatusCode.UNAVAILABLE, "takes no data now"),
        (grpc.StatusCode.INTERNAL, "cannot take data now"),
    ],
)
def test_other_refusals_are_for_now_and_name_the_remedy(receiver: Receiver, code: grpc.StatusCode, hint: str) -> None:
    receiver.answer = Answer(grpc_code=code)
    error = _failure(receiver.grpc)
    assert isinstance(error, DeliveryUnavailable)
    assert code.name in str(error)
    assert hint in str(error)
    assert len(receiver.requests) == 1, "one try"


def test_the_servers_wish_for_patience(receiver: Receiver) -> None:
    receiver.answer = Answer(grpc_code=grpc.StatusCode.RESOURCE_EXHAUSTED, grpc_retry_after=3.5)
    error = _failure(receiver.grpc)
    assert isinstance(error, DeliveryUnavailable)
    assert error.retry_after == 3.5


def test_a_message_that_is_too_large_is_split() -> None:
    with running_receiver(max_bytes=4_000) as receiver:
        sink, items = _opened(receiver.grpc, hosts=20)
        assert sink.deliver(items) == 0
        assert len({span.span_id for span in receiver.spans()}) == len(receiver.spans()) == len(items)
        assert sink.max_items < len(items)
        sink.close()


def test_silence_and_refusal_end_in_time(receiver: Receiver) -> None:
    receiver.answer = SILENCE
    begun = time.monotonic()
    error = _failure(receiver.grpc, {"OTEL_EXPORTER_OTLP_TIMEOUT": "0.5"})
    assert isinstance(error, DeliveryUnavailable)
    assert "did not answer in time" in str(error)
    with refusing_port() as port:
        assert isinstance(_failure(f"http://127.0.0.1:{port}"), DeliveryUnavailable)
    assert time.monotonic() - begun < 8, "the default is 10 s"


def test_a_server_that_comes_back_is_found_again() -> None:
    with running_receiver() as first:
        sink, items = _opened(first.grpc)
        assert sink.deliver(items) == 0
    with pytest.raises(DeliveryUnavailable):
        sink.deliver(items)
    sink.close()


def test_tls_wants_the_authority_and_mtls_the_client(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, ask_client=True)
    trust = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(made.authority), "OTEL_EXPORTER_OTLP_TIMEOUT": "2"}
    mutual = {
        **trust,
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(made.client),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(made.client_key),
    }
    with running_receiver(tls=made) as receiver:
        assert isinstance(_failure(receiver.grpc, trust), DeliveryUnavailable)
        assert _deliver(receiver.grpc, mutual) == 0
        assert len(receiver.spans()) == 6


def test_without_grpcio_the_remedy_is_one_sentence_and_the_file_takes_over(tmp_path: Path) -> None:
    """In a process where grpcio cannot be imported, as where the extra is not installed."""
    program = (
        "import sys; sys.modules['grpc'] = None\n"
        "from pathlib import Path\n"
        "from run.stories import Story\n"
        "from deploytrace.settings import Settings\n"
        "from deploytrace.sinks.registry import open_sinks\n"
        f"environ = {{'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://c:4317', 'OTEL_EXPORTER_OTLP_PROTOCOL': 'grpc'}}\n"
        f"print(open_sinks(Settings(), Story().events[0], Path({str(tmp_path)!r}), environ)[0].destination)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert "pip install 'deploytrace[grpc]'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout.startswith(str(tmp_path))
