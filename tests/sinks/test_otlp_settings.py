"""The standard variables: which wins, what is unset, and what is said of a value that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploytrace.errors import SettingError
from deploytrace.sinks.otlp_settings import OtlpSettings, otlp_settings

E = "OTEL_EXPORTER_OTLP_ENDPOINT"
T = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
GRPC = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}


def _read(environ: dict[str, str], option: str | None = None, recorded: str | None = None) -> OtlpSettings:
    return otlp_settings(environ, option, recorded)


@pytest.mark.parametrize(
    ("environ", "option", "recorded", "endpoint"),
    [
        ({E: "http://c:4318"}, None, None, "http://c:4318/v1/traces"),
        ({E: "http://c:4318/"}, None, None, "http://c:4318/v1/traces"),
        ({E: "https://c/otlp/"}, None, None, "https://c/otlp/v1/traces"),
        ({T: "https://c/otlp/spans"}, None, None, "https://c/otlp/spans"),
        ({T: "https://c"}, None, None, "https://c/"),
        ({T: "https://t/x", E: "https://e"}, "https://o", "https://r", "https://t/x"),
        ({T: "", E: "https://e"}, "https://o", "https://r", "https://e/v1/traces"),
        ({E: ""}, "https://o", "https://r", "https://o/v1/traces"),
        ({}, None, "https://r/otlp", "https://r/otlp"),
        ({}, None, "https://r/otlp/v1/traces", "https://r/otlp/v1/traces"),
        ({}, None, None, "http://localhost:4318/v1/traces"),
        ({E: "https://c/v1?key=1"}, None, None, "https://c/v1/v1/traces?key=1"),
        (GRPC, None, None, "http://localhost:4317"),
        ({**GRPC, E: "http://c:4317"}, None, None, "http://c:4317"),
        ({**GRPC, E: "c:4317"}, None, None, "https://c:4317"),
        ({**GRPC, E: "c:4317", "OTEL_EXPORTER_OTLP_INSECURE": "True"}, None, None, "http://c:4317"),
        ({**GRPC, E: "https://[::1]:4317/x"}, None, None, "https://[::1]:4317"),
    ],
)
def test_the_endpoint(environ: dict[str, str], option: str | None, recorded: str | None, endpoint: str) -> None:
    assert _read(environ, option, recorded).endpoint == endpoint


@pytest.mark.parametrize(
    "url", ["collector", "collector:4318", "ftp://c", "http://", "http://c:notaport", "http://c:0"]
)
def test_an_endpoint_that_is_none_is_named_with_an_example(url: str) -> None:
    with pytest.raises(SettingError, match="OTEL_EXPORTER_OTLP_ENDPOINT is not a URL such as"):
        _read({E: url})


def test_credentials_in_the_url_become_a_header_and_are_never_shown() -> None:
    settings = _read({E: "https://me:s%3Acret@c:4318"})
    assert settings.endpoint == "https://c:4318/v1/traces"
    assert settings.headers == {"authorization": "Basic bWU6czpjcmV0"}
    assert "cret" not in repr(settings)


def test_the_recorded_endpoint_of_a_run_has_no_credentials_to_send() -> None:
    assert _read({}, None, "https://***:***@c").headers == {}


def test_headers_are_url_encoded_and_the_form_for_traces_wins(caplog: pytest.LogCaptureFixture) -> None:
    general = {"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20abc%3D%3D, X-Team = a , broken"}
    assert _read(general).headers == {"authorization": "Bearer abc==", "x-team": "a"}
    assert "Header 3" in caplog.text
    assert _read({**general, "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=1"}).headers == {"a": "1"}


@pytest.mark.parametrize(
    "header", ["a=top-secret%0d%0ab: 2", "a b=top-secret", "a=top-secret%E2%82%AC", "a=top-secret%00"]
)
def test_a_header_that_no_request_could_carry_is_ignored_and_its_value_not_told(
    header: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert _read({"OTEL_EXPORTER_OTLP_HEADERS": header}).headers == {}
    assert "Header 1 of OTEL_EXPORTER_OTLP_HEADERS" in caplog.text
    assert "top-secret" not in caplog.text


@pytest.mark.parametrize(
    ("text", "timeout", "said"),
    [
        ("", 10, ""),
        ("2", 2, ""),
        ("0.5", 0.5, ""),
        ("999", 999, ""),
        ("10000", 10, "milliseconds"),
        ("2500", 2.5, "milliseconds"),
        ("0", 10, "above 0"),
        ("-1", 10, "above 0"),
        ("soon", 10, "above 0"),
        ("nan", 10, "above 0"),
        ("inf", 10, "above 0"),
    ],
)
def test_the_timeout(text: str, timeout: float, said: str, caplog: pytest.LogCaptureFixture) -> None:
    assert _read({"OTEL_EXPORTER_OTLP_TIMEOUT": text}).timeout == timeout
    assert said in caplog.text
    assert bool(said) == bool(caplog.text)


def test_compression_is_gzip_unless_it_is_said() -> None:
    assert _read({}).compression == "gzip"
    assert _read({"OTEL_EXPORTER_OTLP_COMPRESSION": "none"}).compression == "none"
    assert _read({**GRPC, "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "deflate"}).compression == "deflate"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "http",
            "OTEL_EXPORTER_OTLP_PROTOCOL is 'http' but must be one of http/protobuf, http/json, grpc.",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
            "zstd",
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION is 'zstd' but must be one of gzip, deflate, none.",
        ),
        (
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
            "/no/such.pem",
            "OTEL_EXPORTER_OTLP_CERTIFICATE is '/no/such.pem', which is not a file.",
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingError) as caught:
        _read({name: value})
    assert str(caught.value) == sentence


def test_certificates(tmp_path: Path) -> None:
    ca, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    ca.touch()
    key.touch()
    settings = _read({"OTEL_EXPORTER_OTLP_CERTIFICATE": str(ca), "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": str(key)})
    assert (settings.certificate, settings.client_key, settings.client_certificate) == (str(ca), str(key), None)


def test_the_credential_provider_is_that_of_the_protocol() -> None:
    both = {
        "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER": "h",
        "OTEL_PYTHON_EXPORTER_OTLP_GRPC_TRACES_CREDENTIAL_PROVIDER": "g",
    }
    assert _read(both).credential_provider == "h"
    assert _read({**both, **GRPC}).credential_provider == "g"
