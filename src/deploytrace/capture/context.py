"""The circumstances of a run, looked up once at its start: `events.RunStarted`."""

from __future__ import annotations

import getpass
import os
import platform
import sys
import time
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import __version__
from ..events import RunStarted
from ..settings import Settings, declared
from .extract import strings
from .pipeline import pipeline
from .redact import Redactor
from .repository import repository, without_credentials
from .surroundings import Surroundings

__all__ = ["run_started"]

_CONTEXT_VALUE = 256
_OF_THE_PROCESS = {"state_dir", "redact_keys", "redact_patterns", "console", "exit_wait", "delivery_wait"}


def run_started(
    surroundings: Surroundings,
    settings: Settings,
    redactor: Redactor,
    *,
    callbacks: tuple[str, ...],
    run_id: str,
    command_id: str,
    sequence: int,
    previous: str | None,
    playbook: Any,
    variable_manager: Any,
    environ: Mapping[str, str],
) -> RunStarted:
    """Return the first event of a run. ``playbook`` is Ansible's object, or None in ansible-console."""
    name, front_end, shown = _playbook(playbook)
    option = surroundings.option
    context_vars = _context_vars(settings, redactor, variable_manager)
    pid = os.getpid()
    return RunStarted(
        run_id=run_id,
        wall_ns=time.time_ns(),
        mono_ns=time.monotonic_ns(),
        boot_id=_read("/proc/sys/kernel/random/boot_id") or "",
        pid=pid,
        pid_started=_pid_started(pid),
        command_id=command_id,
        sequence=sequence,
        previous=previous,
        front_end=front_end,
        playbook=shown,
        playbook_path=str(Path(name).absolute()) if front_end == "playbook" else "",
        ansible_version=surroundings.version,
        python_version=platform.python_version(),
        deploytrace_version=__version__,
        user=_user(),
        host_name=platform.node(),
        host_id=_read("/etc/machine-id"),
        os_type=sys.platform,
        check_mode=bool(option("check")),
        diff_mode=bool(option("diff")),
        forks=int(option("forks") or 0),
        limit=redactor.name(str(option("subset")), 1024) if option("subset") else None,
        tags=tuple(map(redactor.name, strings(option("tags")))),
        skip_tags=tuple(map(redactor.name, strings(option("skip_tags")))),
        inventory=tuple(redactor.name(source, 1024) for source in strings(option("inventory"))),
        plays_total=_plays_total(playbook) if front_end == "playbook" else None,
        context_vars=context_vars,
        resource=_resource(settings, redactor, variable_manager, Path(name), environ),
        traceparent=environ.get("TRACEPARENT") or None,
        tracestate=environ.get("TRACESTATE") or None,
        baggage=environ.get("BAGGAGE") or None,
        join_trace=settings.join_trace if _propagates(environ) else "ignore",
        endpoint=_endpoint(settings, redactor, environ),
        protocol=_protocol(environ),
        callbacks=callbacks,
        **_settings(settings.for_run(context_vars), redactor),
        utc_offset=time.localtime().tm_gmtoff,
        **_ansible_log(surroundings.log_path),
    )


def _playbook(playbook: Any) -> tuple[str, str, str]:
    """Return a playbook's file as given, the front end that runs it, and what is shown as the playbook's name."""
    name = str(getattr(playbook, "_file_name", "") or "")
    front_end = "console" if playbook is None else "adhoc" if name == "__adhoc_playbook__" else "playbook"
    return name, front_end, {"console": "ansible-console", "adhoc": "ansible"}.get(front_end, name)


def _ansible_log(path: str | None) -> dict[str, Any]:
    """Return where Ansible's own log is and how long it is now, bytes; nothing where it has none."""
    if path is None:
        return {}
    try:
        return {"ansible_log_path": path, "ansible_log_size": Path(path).stat().st_size}
    except OSError:
        return {"ansible_log_path": path}


def _settings(settings: Settings, redactor: Redactor) -> dict[str, Any]:
    """Return the settings that a later delivery needs to know, and the names of those that hold a secret."""
    secret = {item.name for item in declared().values() if item.metadata["secret"]}
    recorded = {}
    withheld = []
    for name, text in settings.as_texts().items():
        if name in secret or redactor.text(text) != text:
            withheld.append(name)
        elif name not in _OF_THE_PROCESS:
            recorded[name] = text
    return {"settings": recorded, "withheld": tuple(withheld)}


def _propagates(environ: Mapping[str, str]) -> bool:
    """Say whether W3C Trace Context is among the propagators; unset, it is."""
    names = environ.get("OTEL_PROPAGATORS", "").replace(" ", "").lower()
    return not names or "tracecontext" in names.split(",")


def _protocol(environ: Mapping[str, str]) -> str:
    return (
        environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
        or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or "http/protobuf"
    )


def _endpoint(settings: Settings, redactor: Redactor, environ: Mapping[str, str]) -> str | None:
    """Return where the run's traces are to go (the whole URL, for HTTP), without credentials; None for a file.

    Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
    """
    exporters = set(environ.get("OTEL_TRACES_EXPORTER", "").replace(" ", "").lower().split(",")) - {""}
    if exporters and "otlp" not in exporters:
        return None
    given = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    if not given:
        grpc = _protocol(environ) == "grpc"
        default = f"http://localhost:{4317 if grpc else 4318}" if exporters else None
        base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or settings.otlp_endpoint or default
        given = base if grpc or not base else base.rstrip("/") + "/v1/traces"
    return redactor.name(given, 1024) if given else None


def _read(path: str) -> str | None:
    """Return the first line of a small system file, or None where there is none."""
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip() or None
    except OSError:
        return None


def _pid_started(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; 0 where /proc does not tell.

    Source: proc(5), field 22 of /proc/PID/stat; the command's name before it may hold spaces and brackets.
    """
    fields = (_read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
    return int(fields[19]) if len(fields) > 19 else 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())


def _plays_total(playbook: Any) -> int | None:
    try:
        return len(playbook.get_plays())
    except (AttributeError, TypeError):
        return None


def _extra_vars(variable_manager: Any) -> Mapping[str, Any]:
    extra = getattr(variable_manager, "_extra_vars", None)
    return extra if isinstance(extra, Mapping) else {}


def _resource(
    settings: Settings, redactor: Redactor, variable_manager: Any, playbook: Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the resource attributes that the circumstances tell: pipeline, repository, deployment environment.

    What the user says in OpenTelemetry's own variables stands above all that was found.
    """
    found = pipeline(environ, _extra_vars(variable_manager))
    if not any(name.startswith("vcs.repository") for name in found):
        found = {**repository(playbook.absolute().parent), **found}
    if "vcs.repository.url.full" in found:
        found["vcs.repository.url.full"] = without_credentials(found["vcs.repository.url.full"])
    found.setdefault("service.name", settings.service_name)
    if settings.environment:
        found["deployment.environment.name"] = settings.environment
    for pair in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        key, equals, value = pair.partition("=")
        if equals and key.strip():
            found[key.strip()] = urllib.parse.unquote(value.strip())
    found["service.name"] = environ.get("OTEL_SERVICE_NAME") or found["service.name"]
    return {name: redactor.name(value, 1024) for name, value in found.items()}


def _context_vars(settings: Settings, redactor: Redactor, variable_manager: Any) -> dict[str, str]:
    """Return the extra variables that the setting names, those that are texts, numbers or truth values."""
    extra = _extra_vars(variable_manager)
    return {
        name: redactor.name(str(extra[name]), _CONTEXT_VALUE)
        for name in settings.context_vars
        if isinstance(extra.get(name), (str, int, float)) and not redactor.secret_name(name)
    }
