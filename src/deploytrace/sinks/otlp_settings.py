"""Where OTLP traces and metrics go and how: the standard ``OTEL_EXPORTER_OTLP_*`` variables, read once and checked.

Each variable has a form for one signal alone (``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``), which wins. An empty value
counts as unset. Two defaults differ from the specification's, on purpose: compression is gzip (a trace shrinks to a
tenth, and every OTLP receiver must understand it), and a timeout of 1,000 or more is taken for milliseconds, which is
what the specification means, while Python's own exporters take seconds.
"""

from __future__ import annotations

import base64
import functools
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from ..errors import SettingError

__all__ = ["OtlpSettings", "endpoint_set", "is_true", "otlp_settings", "read"]

_log = logging.getLogger(__name__)

_HEADER_NAME = re.compile(r"[A-Za-z0-9_.!#$%&'*+^`|~-]+")  # RFC 9110, token
_PROTOCOLS = ("http/protobuf", "http/json", "grpc")
_COMPRESSIONS = ("gzip", "deflate", "none")
_TIMEOUT_S = 10.0
_LARGEST_TIMEOUT_S = 1000.0

_Given = Callable[[str], tuple[str, str]]  # `read`, for one environment and signal


@dataclass(frozen=True)
class OtlpSettings:
    """One OTLP destination. ``endpoint`` is a whole URL for HTTP and ``scheme://host:port`` for gRPC, never with
    credentials: those are among the ``headers``, whose names are in lower case. ``timeout`` is in s."""

    endpoint: str
    protocol: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    compression: str = "gzip"
    timeout: float = _TIMEOUT_S
    certificate: str | None = None
    client_key: str | None = None
    client_certificate: str | None = None
    credential_provider: str | None = None


def is_true(environ: Mapping[str, str], name: str) -> bool:
    """Return a boolean variable's value: only ``true``, in any case, is true."""
    return environ.get(name, "").strip().lower() == "true"


def read(environ: Mapping[str, str], name: str, signal: str = "traces") -> tuple[str, str]:
    """Return the value of ``OTEL_EXPORTER_OTLP_[TRACES_]name`` and the variable that has it; empty where none has."""
    for variable in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}", f"OTEL_EXPORTER_OTLP_{name}"):
        if value := environ.get(variable, "").strip():
            return value, variable
    return "", ""


def endpoint_set(environ: Mapping[str, str], option: str | None) -> bool:
    """Say whether an endpoint is set, in the environment or by the setting ``otlp_endpoint`` (``option``)."""
    return bool(read(environ, "ENDPOINT")[0] or option)


def _choice(given: _Given, name: str, default: str, allowed: tuple[str, ...]) -> str:
    value, variable = given(name)
    chosen = value.lower() or default
    if chosen not in allowed:
        raise SettingError(f"{variable} is {value!r} but must be one of {', '.join(allowed)}.")
    return chosen


def _timeout(given: _Given) -> float:
    text, variable = given("TIMEOUT")
    if not text:
        return _TIMEOUT_S
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        _log.warning("%s is %r but must be a number of seconds above 0; %g s is used.", variable, text, _TIMEOUT_S)
        return _TIMEOUT_S
    if value >= _LARGEST_TIMEOUT_S:
        _log.warning("%s is %s: taken for milliseconds, so %g s.", variable, text, value / 1000)
        return value / 1000
    return value


def _headers(given: _Given) -> dict[str, str]:
    """Return the headers; names and values are URL-encoded in the variable. No message tells a value."""
    text, variable = given("HEADERS")
    found: dict[str, str] = {}
    for number, pair in enumerate(text.split(","), 1):
        name, equals, value = (unquote(part.strip()) for part in pair.partition("="))
        if equals and _HEADER_NAME.fullmatch(name) and value.isascii() and (value.isprintable() or not value):
            found[name.lower()] = value
        elif pair.strip():
            _log.warning("Header %d of %s is not name=value, URL-encoded; it is ignored.", number, variable)
    return found


def _file(given: _Given, name: str) -> str | None:
    path, variable = given(name)
    if path and not Path(path).is_file():
        raise SettingError(f"{variable} is {path!r}, which is not a file.")
    return path or None


def _credential_provider(environ: Mapping[str, str], protocol: str, signal: str) -> str | None:
    prefix = f"OTEL_PYTHON_EXPORTER_OTLP_{'GRPC' if protocol == 'grpc' else 'HTTP'}"
    names = (f"{prefix}_{signal.upper()}_CREDENTIAL_PROVIDER", f"{prefix}_CREDENTIAL_PROVIDER")
    return next(filter(None, (environ.get(name, "").strip() for name in names)), None)


def _split(text: str, variable: str, protocol: str, insecure: bool) -> SplitResult:
    """Return an endpoint's parts; for gRPC a bare ``host:port`` is allowed, whose scheme ``insecure`` decides."""
    if protocol == "grpc" and "://" not in text:
        text = f"{'http' if insecure else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingError(f"{variable} is not a URL such as http://collector:4318 (http or https, with a host).")
    return parts


def _endpoint(
    given: _Given, signal: str, option: str | None, recorded: str | None, protocol: str
) -> tuple[SplitResult, str]:
    """Return the endpoint's parts and, for HTTP, its path: of a signal's own endpoint as it is, else /v1/SIGNAL."""
    text, variable = given("ENDPOINT")
    whole = variable == f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"
    if not text and option:
        text, variable = option, "The setting otlp_endpoint"
    elif not text and recorded:
        # No credentials are recorded; at most, a mask stands in their place.
        scheme, separator, rest = recorded.rpartition("://")
        text, variable = scheme + separator + rest.rpartition("@")[2], "The run's recorded endpoint"
        whole = True
    elif not text:
        text, variable = f"http://localhost:{4317 if protocol == 'grpc' else 4318}", "The default endpoint"
    parts = _split(text, variable, protocol, given("INSECURE")[0].lower() == "true")
    return parts, (parts.path or "/") if whole else parts.path.rstrip("/") + f"/v1/{signal}"


def _authorization(parts: SplitResult) -> dict[str, str]:
    """Return the header that an endpoint's user and password stand for, if it has any."""
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii")}


def otlp_settings(
    environ: Mapping[str, str], option: str | None, recorded: str | None, signal: str = "traces"
) -> OtlpSettings:
    """Return where a signal (``traces``, ``metrics``) goes: to the endpoint of the environment, else of the setting
    (``option``), else the one that the run ``recorded``, else the specification's default on this machine.

    Raises `SettingError` where a value cannot be used.
    """
    given = functools.partial(read, environ, signal=signal)
    protocol = _choice(given, "PROTOCOL", "http/protobuf", _PROTOCOLS)
    parts, path = _endpoint(given, signal, option, recorded, protocol)
    host = parts.netloc.rpartition("@")[2]
    if protocol == "grpc":
        endpoint = f"{parts.scheme}://{host}"
    else:
        endpoint = urlunsplit((parts.scheme, host, path, parts.query, ""))
    return OtlpSettings(
        endpoint=endpoint,
        protocol=protocol,
        headers=_authorization(parts) | _headers(given),
        compression=_choice(given, "COMPRESSION", "gzip", _COMPRESSIONS),
        timeout=_timeout(given),
        certificate=_file(given, "CERTIFICATE"),
        client_key=_file(given, "CLIENT_KEY"),
        client_certificate=_file(given, "CLIENT_CERTIFICATE"),
        credential_provider=_credential_provider(environ, protocol, signal),
    )
