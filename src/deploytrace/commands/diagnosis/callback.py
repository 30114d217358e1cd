"""Whether Ansible is told to use deploytrace, finds its callback, and can import what the callback needs."""

from __future__ import annotations

import contextlib
import difflib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import __version__
from .ansible import Ansible
from .finding import Finding, ok, problem, unknown

__all__ = ["check_callback", "enabled_callbacks"]

_COLLECTION = "deploytrace.callbacks."
_CALLBACKS = ("telemetry", "log_plays", "profile_tasks", "timestamp")
_REMEDY = "Add to the section [defaults] of ansible.cfg: callbacks_enabled = deploytrace.callbacks.telemetry"
_PATIENCE = 30.0  # s for a Python to import a few modules

# Run by Ansible's Python: what it finds, with the directory of a checkout in front where there is one.
_IMPORT = """
import importlib.util, json, sys
sys.path[0:1] = sys.argv[1:]
found = {}
for name in ("deploytrace", "opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http",
             "opentelemetry.exporter.otlp.proto.grpc"):
    try:
        found[name] = importlib.util.find_spec(name) is not None
    except ImportError:
        found[name] = False
if found["deploytrace"]:
    import deploytrace
    found["version"] = deploytrace.__version__
    found["file"] = deploytrace.__file__
print(json.dumps(found))
"""


@dataclass(frozen=True)
class _Question:
    """What all checks of this file need."""

    ansible: Ansible
    environ: Mapping[str, str]
    config: Mapping[str, Any]
    grpc: bool


def check_callback(ansible: Ansible, environ: Mapping[str, str], *, grpc: bool) -> Iterator[Finding]:
    """Yield what is right and wrong between Ansible and the callback; ``grpc``: whether the gRPC extra is needed."""
    try:
        config = ansible.config(environ)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        yield unknown("callback", f"ansible-config does not answer ({error}), so what is enabled cannot be said.")
        return
    question = _Question(ansible, environ, config, grpc)
    enabled = [str(name) for name in config.get("CALLBACKS_ENABLED") or ()]
    ours = [name for name in enabled if _is_ours(name)]
    if not ours:
        yield _not_enabled(question, enabled)
        yield from _check_import(question, None)
        return
    files = []
    for name in ours:
        file = _plugin_file(question, name)
        files += [file] if file else []
        yield ok("callback", f"{name} is enabled and found: {file}.") if file else _not_found(question, name)
    if files or all(name.startswith(_COLLECTION) for name in ours):
        yield from _check_import(question, files[0] if files else None)


def enabled_callbacks(ansible: Ansible | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the short names of our callbacks that are enabled; ``telemetry`` where none is, or none can be seen."""
    config: Mapping[str, Any] = {}
    if ansible is not None and ansible.version:
        with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
            config = ansible.config(environ)
    enabled = [str(name) for name in config.get("CALLBACKS_ENABLED") or ()]
    return tuple(name.rpartition(".")[2] for name in enabled if _is_ours(name)) or ("telemetry",)


def _is_ours(name: str) -> bool:
    return name.removeprefix("ansible_collections.").removeprefix(_COLLECTION) in _CALLBACKS


def _not_enabled(question: _Question, enabled: Sequence[str]) -> Finding:
    """Return why no callback of ours is in use, with the likeliest slip."""
    file = question.config.get("CONFIG_FILE")
    source = f"the configuration in force is {file}" if file else "no ansible.cfg is in force"
    here = Path("ansible.cfg")
    if here.is_file() and not file and not question.environ.get("ANSIBLE_CONFIG"):
        return problem(
            "callback",
            "No deploytrace callback is enabled: Ansible ignores ./ansible.cfg, since everybody may write here.",
            f"chmod o-w {Path.cwd()}, or name the file in ANSIBLE_CONFIG.",
        )
    full = [_COLLECTION + name for name in _CALLBACKS]
    for name in enabled:
        near = difflib.get_close_matches(name, full, n=1, cutoff=0.75)
        if near:
            return problem("callback", f"The enabled callback {name} does not exist.", f"Write {near[0]}.")
    return problem("callback", f"No deploytrace callback is enabled ({source}).", _REMEDY)


def _plugin_file(question: _Question, name: str) -> str | None:
    """Return the file that Ansible would load a callback from, by its own search."""
    arguments = ("-t", "callback", "--json", "--playbook-dir", ".", name)
    try:
        answer = question.ansible.ask("ansible-doc", *arguments, environ=question.environ)
        found: Any = json.loads(answer.stdout or "{}")
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    for documented in found.values() if isinstance(found, dict) else ():
        return str(documented.get("doc", {}).get("filename") or "") or None
    return None


def _not_found(question: _Question, name: str) -> Finding:
    """Return why Ansible does not find an enabled callback."""
    python = question.ansible.python
    if not name.removeprefix("ansible_collections.").startswith(_COLLECTION):
        return problem(
            "callback",
            f"{name} is enabled, but Ansible finds no callback of that name.",
            f"Write {_COLLECTION}{name}, or set callback_plugins to the checkout's directory of that name.",
        )
    imported = _imports(question, None)
    if imported.get("deploytrace") and question.config.get("COLLECTIONS_SCAN_SYS_PATH") is False:
        return problem(
            "callback",
            f"{name} is enabled and installed, but Ansible does not look there: collections_scan_sys_path is off.",
            "Remove collections_scan_sys_path = False (ANSIBLE_COLLECTIONS_SCAN_SYS_PATH) from Ansible's settings.",
        )
    if not imported.get("deploytrace"):
        return problem(
            "callback",
            f"{name} is enabled, but deploytrace is not installed for the Python that runs Ansible ({python}).",
            _install(python) + " With pipx: pipx inject ansible-core .",
        )
    return problem(
        "callback",
        f"{name} is enabled, and {python} can import deploytrace, but Ansible finds no such callback.",
        _install(python),
    )


def _install(python: Path | None) -> str:
    return f"Install it there, from a checkout of deploytrace: {python} -m pip install ."


def _imports(question: _Question, plugin: str | None) -> Mapping[str, Any]:
    """Return what Ansible's Python can import, with what a callback of a checkout adds to its path."""
    if question.ansible.python is None:
        return {}
    source = [str(path) for path in (_checkout(plugin),) if path]
    try:
        answer = subprocess.run(
            [str(question.ansible.python), "-c", _IMPORT, *source],
            env=dict(question.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        found = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _checkout(plugin: str | None) -> Path | None:
    source = Path(plugin).resolve().parent.parent / "src" if plugin else None
    return source if source is not None and (source / "deploytrace").is_dir() else None


def _check_import(question: _Question, plugin: str | None) -> Iterator[Finding]:
    """Yield whether Ansible's Python has the package, in this version, and what delivers the traces."""
    python = question.ansible.python
    if python is None:
        return
    found = _imports(question, plugin)
    if not found.get("deploytrace"):
        if plugin is not None or not found:
            yield problem(
                "package",
                f"The Python that runs Ansible ({python}) cannot import deploytrace.",
                _install(python),
            )
        return
    if found["version"] != __version__:
        yield problem(
            "package",
            f"Ansible's Python has deploytrace {found['version']}, this command is {__version__}.",
            f"Run {python} -m deploytrace doctor, or install the same version in both places.",
        )
    missing = [
        name for name in ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http") if not found[name]
    ]
    if missing:
        yield problem(
            "package",
            f"Ansible's Python ({python}) lacks {' and '.join(missing)}: runs are recorded, but nothing is delivered.",
            _install(python),
        )
    elif question.grpc and not found["opentelemetry.exporter.otlp.proto.grpc"]:
        yield problem(
            "package",
            f"OTEL_EXPORTER_OTLP_PROTOCOL asks for grpc, which Ansible's Python ({python}) cannot speak.",
            f"{python} -m pip install 'deploytrace[grpc]', or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.",
        )
    else:
        yield ok("package", f"Ansible's Python ({python}) has deploytrace {found['version']} and the OTLP exporter.")
