"""The resource: who speaks. The same on every span and at every delivery of a run.

What describes the controller comes from the journal's first event, never from the process that delivers: Jaeger takes
spans whose ``host.id`` differs, or is missing, for clocks that disagree, and the same span sent twice must be the same.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from importlib.metadata import entry_points, version
from pathlib import PurePath
from urllib.parse import unquote

from ..events import RunStarted
from ..settings import Settings
from .span import Attributes, Value
from .span_limits import clean

__all__ = ["INSTANCES", "RESOURCE", "resource_from_environment", "resource_of"]

_log = logging.getLogger(__name__)

# The specification's namespace for derived service.instance.id values.
INSTANCES = uuid.UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320")
_PROGRAMS = {"playbook": "ansible-playbook", "adhoc": "ansible", "console": "ansible-console"}

RESOURCE: tuple[tuple[str, str, str], ...] = (
    (
        "service.name",
        "string",
        "OTEL_SERVICE_NAME, else OTEL_RESOURCE_ATTRIBUTES, else the setting service_name (ansible).",
    ),
    ("service.instance.id", "string", "A UUID derived from the command's id: the same at every delivery."),
    ("host.name", "string", "The controller's host name."),
    ("host.id", "string", "The controller's machine id."),
    ("os.type", "string", "linux, darwin..."),
    ("process.pid", "int", "Ansible's process."),
    ("process.executable.name", "string", "ansible-playbook, ansible or ansible-console."),
    ("process.runtime.name", "string", "cpython."),
    ("process.runtime.version", "string", "Python's version."),
    ("telemetry.sdk.name", "string", "opentelemetry."),
    ("telemetry.sdk.language", "string", "python."),
    ("telemetry.sdk.version", "string", "Version of the OpenTelemetry SDK."),
    ("telemetry.distro.name", "string", "deploytrace."),
    ("telemetry.distro.version", "string", "Version of deploytrace that recorded the run."),
    ("ansible.version", "string", "ansible-core's version."),
    ("ansible.python.version", "string", "Version of Ansible's Python."),
    ("cicd.pipeline.name", "string", "The CI pipeline's name, else the playbook's."),
    ("cicd.pipeline.run.id", "string", "The CI run's id, else the run's."),
    ("cicd.*, vcs.*, deployment.environment.name", "string", "Found in the environment of CI systems and in .git."),
    ("anything else", "string", "What OTEL_RESOURCE_ATTRIBUTES and the chosen resource detectors say."),
)


def _plain(value: Value) -> Value:
    if isinstance(value, str):
        return clean(str(value))
    return value if isinstance(value, (bool, int, float)) else tuple(clean(str(part)) for part in value)


def resource_from_environment(environ: Mapping[str, str]) -> dict[str, Value]:
    """Return OTEL_RESOURCE_ATTRIBUTES, whose values are URL-encoded, with OTEL_SERVICE_NAME on top."""
    found: dict[str, Value] = {}
    for pair in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        name, equals, value = pair.partition("=")
        if equals and name.strip():
            found[name.strip()] = unquote(value.strip())
        elif pair.strip():
            _log.warning("OTEL_RESOURCE_ATTRIBUTES holds %r, which is not key=value; it is ignored.", pair)
    if name := environ.get("OTEL_SERVICE_NAME", "").strip():
        found["service.name"] = name
    return found


def _detected(environ: Mapping[str, str]) -> dict[str, Value]:
    """Return what the resource detectors say that OTEL_EXPERIMENTAL_RESOURCE_DETECTORS chooses.

    What they say about a process is left out: theirs is the process that delivers, not Ansible's.
    """
    found: dict[str, Value] = {}
    names = environ.get("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "").split(",")
    for name in filter(None, map(str.strip, names)):
        if name == "otel":  # the environment, which is read in any case
            continue
        loaders = list(entry_points(group="opentelemetry_resource_detector", name=name))
        if not loaders:
            _log.warning("There is no resource detector %r (OTEL_EXPERIMENTAL_RESOURCE_DETECTORS).", name)
        for loader in loaders:
            try:
                detected: Attributes = loader.load()().detect().attributes
            except Exception as error:  # noqa: BLE001 - somebody else's code
                _log.warning("The resource detector %s failed: %s.", name, error)
                continue
            found.update((key, value) for key, value in detected.items() if not key.startswith("process."))
    return found


def resource_of(started: RunStarted, settings: Settings, environ: Mapping[str, str]) -> dict[str, Value]:
    """Return the resource attributes of a run.

    What the run recorded of its environment (``RunStarted.resource``) is told as it was then, whoever delivers it now;
    the environment of the delivery only adds what that leaves open.
    """
    program = _PROGRAMS.get(started.front_end, f"ansible-{started.front_end}")
    known: dict[str, Value | None] = {
        "service.instance.id": str(uuid.uuid5(INSTANCES, started.command_id)),
        "host.name": started.host_name,
        "host.id": started.host_id,
        "os.type": started.os_type,
        "process.pid": started.pid,
        "process.executable.name": program,
        "process.runtime.name": "cpython",
        "process.runtime.version": started.python_version,
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": version("opentelemetry-sdk"),
        "telemetry.distro.name": "deploytrace",
        "telemetry.distro.version": started.deploytrace_version,
        "ansible.version": started.ansible_version,
        "ansible.python.version": started.python_version,
    }
    unless_known: dict[str, Value] = {
        "service.name": settings.service_name,
        "cicd.pipeline.name": PurePath(started.playbook).name,
        "cicd.pipeline.run.id": started.run_id,
    }
    told = {name: value for name, value in known.items() if value not in (None, "")}
    merged = unless_known | _detected(environ) | told | resource_from_environment(environ) | dict(started.resource)
    return {clean(name): _plain(value) for name, value in merged.items()}
