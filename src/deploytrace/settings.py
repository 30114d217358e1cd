"""Every setting once: its name, type, default and meaning; read once, then frozen.

A setting ``x`` is the environment variable ``DEPLOYTRACE_X`` or the key ``x`` in the section ``[callback_deploytrace]``
of ansible.cfg; the environment wins. A value that cannot be used and a name that does not exist are reported in one
sentence each and never stop a deploy: the default stands. The callbacks' documentation blocks and ``docs/settings.md``
are generated from here.

A section ``[callback_deploytrace:production]`` says what is otherwise for runs in that environment
(`Settings.for_run`); only settings that are declared so may stand there.
"""

from __future__ import annotations

import configparser
import contextlib
import dataclasses
import difflib
import functools
import os
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .setting_types import declared_in, text_of, value_of
from .setting_types import setting as _setting
from .settings_log import LogSettings
from .settings_mail import ADDRESSES, PASSWORDS, MailSettings

__all__ = ["ENV_PREFIX", "INI_SECTION", "Settings", "ansible_config_file", "declared", "environment_name", "load"]

ENV_PREFIX = "DEPLOYTRACE_"
INI_SECTION = "callback_deploytrace"
_NOTHING: Mapping[str, Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Settings(LogSettings, MailSettings):
    """All settings of one process, read once."""

    state_dir: Path | None = _setting(
        None,
        "Where everything on disk lives: journals, trace files, logs. "
        "Default: $XDG_STATE_HOME/deploytrace, else ~/.local/state/deploytrace.",
    )
    otlp_endpoint: str | None = _setting(
        None,
        "Base URL of the OTLP receiver, for those who prefer it beside the other settings. The standard variable "
        "OTEL_EXPORTER_OTLP_ENDPOINT (or its TRACES form) wins. With neither, traces go to a file.",
        group="traces",
    )
    trace_url: str | None = _setting(
        None,
        "Address of a trace in the UI, for links: a template such as http://jaeger:16686/trace/{trace_id}.",
        group="traces",
    )
    service_name: str = _setting(
        "ansible",
        "Resource attribute service.name, where OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES leave it open.",
        group="traces",
    )
    environment: str | None = _setting(
        None, "Resource attribute deployment.environment.name (production, staging...); it is never guessed."
    )
    context_vars: tuple[str, ...] = _setting(
        ("env", "brand", "subBrand"), "Extra variables (-e) that are recorded with the run, comma-separated."
    )
    join_trace: str = _setting(
        "parent",
        "What to do with an incoming TRACEPARENT: make the run its child, start a trace of its own with a link to it, "
        "or ignore it.",
        choices=("parent", "link", "ignore"),
        group="traces",
    )
    propagate_env: bool = _setting(
        False,
        "Give what a task runs its own TRACEPARENT, per host, through the task's environment. Not for raw, includes "
        "and fact gathering.",
        group="traces",
    )
    live: bool = _setting(
        True, "Send spans as soon as they end. Off: all at the end of the run, the root last.", group="traces"
    )
    span_budget: int = _setting(
        8000,
        "Spans per run before loop items and fast, uneventful host results are folded into their task's span. "
        "Failures, changes, the slowest 50 of a play, all tasks, roles and plays always stay.",
        group="traces",
    )
    attribute_length: int = _setting(2048, "Bytes kept of a span attribute's text.", group="traces")
    task_args: bool = _setting(True, "Record the arguments of tasks as they are written in the playbook, masked.")
    compat_http_url: bool = _setting(
        False, "Also write the deprecated http.url, as community.general.opentelemetry does.", group="traces"
    )
    jaeger_peer_service: bool = _setting(
        False,
        "Also write the deprecated peer.service, so that Jaeger shows the host's name beside its row.",
        group="traces",
    )
    store_url: str | None = _setting(
        None,
        "Where history and metrics are kept: postgresql://USER:PASSWORD@HOST/DATABASE (needs the extra postgresql), or "
        "sqlite:////absolute/path.db on a local disk. Default: store.db in the state directory.",
        group="store",
        secret=True,
    )
    metrics_level: str = _setting(
        "task",
        "How deep metrics go; each level has those before it too. The level host makes series of every host.",
        choices=("run", "play", "role", "task", "host"),
        group="store",
    )
    metrics_birth_hold: float = _setting(
        60.0,
        "Seconds that a new counter or histogram reads 0 before it counts, so that it has been seen at 0. At least "
        "twice the scrape interval; 0 switches it off.",
        group="store",
    )
    metrics_series_limit: int = _setting(
        500,
        "Label sets that a metric may have. What is above goes to one more, whose labels are all overflow.",
        group="store",
    )
    metrics_series_days: int = _setting(
        40,
        "Days that a series is kept that nothing changes any more; a playbook's own as long as the playbook is run.",
        group="store",
    )
    metrics_last_run_info: bool = _setting(
        False,
        "Also show ansible_playbook_last_run_info, which leads to the latest run's trace; a series for each run.",
        group="store",
    )
    metrics_max_success_age: tuple[str, ...] = _setting(
        (),
        "How many seconds old a playbook's latest success may be, for alerts: site.yml=86400, comma-separated.",
        group="store",
    )
    metrics_textfile: Path | None = _setting(
        None,
        "File for node_exporter's textfile collector, an absolute path that ends in .prom: all metrics, written anew "
        "at every run's end.",
        group="store",
    )
    metrics_pushgateway: str | None = _setting(
        None,
        "Pushgateway that all metrics are pushed to at every run's end: http://USER:PASSWORD@HOST:9091.",
        group="store",
        secret=True,
    )
    history_days: int = _setting(400, "Days that runs are kept in the store.", group="store")
    history_megabytes: int = _setting(
        2000,
        "Megabytes (10^6 bytes) that the store may take before the host results of the oldest runs go, then these runs "
        "themselves. Metrics are never affected.",
        group="store",
    )
    results: str = _setting(
        "failures",
        "Of which results the details are recorded, redacted. Reading a result costs Ansible up to 0.2 ms.",
        choices=("failures", "changes", "all"),
    )
    redact_keys: tuple[str, ...] = _setting(
        (), "Further names whose values are secret: regular expressions, comma-separated, matched within the name."
    )
    redact_patterns: tuple[str, ...] = _setting(
        (), "Further texts that are secret wherever they stand: regular expressions, comma-separated."
    )
    console: str = _setting(
        "stderr",
        "Where the few lines of deploytrace itself go: standard error, standard output or nowhere.",
        choices=("stderr", "stdout", "off"),
    )
    top_console: int | None = _setting(
        None,
        "How many of the slowest tasks are shown in the console at a run's end. Default: 10 with profile_tasks, none "
        "with telemetry alone.",
        group="report",
    )
    top_log: int = _setting(100, "How many of the slowest tasks stand at the end of the log.", group="report")
    top_order: str = _setting(
        "descending",
        "The order of the tasks in the report: slowest first, slowest last, or as they were run.",
        choices=("descending", "ascending", "none"),
        group="report",
    )
    top_measure: str = _setting(
        "wall",
        "What the report measures: the time in which at least one host was at work on a task, or that of all hosts "
        "added up.",
        choices=("wall", "hosts"),
        group="report",
    )
    top_minimum: float = _setting(0.0, "Seconds that a task must have taken to stand in the report.", group="report")
    timestamps: bool = _setting(
        False,
        "Print the time, the time since the line before and the time since the start at each play and task, as the "
        "callback timestamp does.",
        group="timestamp",
    )
    exit_wait: float = _setting(
        0.25,
        "Seconds that Ansible waits at its very end for the delivery; raise it in containers that die with their main "
        "process. The delivery goes on by itself after that.",
    )
    delivery_wait: float = _setting(
        20.0,
        "Seconds that the sidecar goes on trying an unreachable destination after the run's end. What is not delivered "
        "then is delivered by the next run's sidecar or by deploytrace flush.",
    )
    downtime_down_tag: str = _setting(
        "deploytrace_down",
        "Tag of tasks that take a service down on their host; a suffix names the service: deploytrace_down:shop.",
        group="downtime",
    )
    downtime_up_tag: str = _setting(
        "deploytrace_up",
        "Tag of tasks that bring it up again where they succeed, with the same suffix.",
        group="downtime",
    )
    keep_days: int = _setting(30, "Days that journals, traces, pages, logs and archives are kept.")
    keep_megabytes: int = _setting(
        500, "Megabytes (10^6 bytes) that journals, traces and pages may take together before the oldest go."
    )

    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """What the sections of environments say: environment, name and text, each checked by `load`. No setting itself."""

    def __init__(self, *, environments: Mapping[str, Mapping[str, str]] = _NOTHING, **values: Any) -> None:
        """Take settings by name, all others are at their defaults; `TypeError` where there is no such setting.

        This is not left to `dataclass`: to compile what that writes takes more than 1 ms, at every start of Ansible.
        """
        if unknown := values.keys() - declared().keys():
            raise TypeError(f"there are no settings {', '.join(sorted(unknown))}")
        vars(self).update(values, environments=environments)

    def completed_by(self, recorded: Mapping[str, str]) -> Settings:
        """Return these settings, and where one is at its default the recorded one, as text (`RunStarted.settings`).

        Who gets the mail is always the run's own. What a later version no longer understands counts as not recorded.
        """
        found: dict[str, Any] = {}
        for name, item in declared().items():
            if name in ADDRESSES:
                found[name] = item.default
            if name in recorded and (name in ADDRESSES or getattr(self, name) == item.default):
                with contextlib.suppress(ValueError):
                    found[name] = value_of(item, str(recorded[name]))
        return dataclasses.replace(self, **found)

    def for_run(self, context_vars: Mapping[str, str]) -> Settings:
        """Return the settings for a run with these extra variables: with what its environment's section says otherwise.

        The environment is the extra variable ``env``, else the setting ``environment``.
        """
        texts = self.environments.get(context_vars.get("env") or self.environment or "")
        if not texts:
            return self
        known = declared()
        hidden = dict.fromkeys(PASSWORDS) if texts.keys() & PASSWORDS else {}
        changes = {name: value_of(known[name], text) for name, text in texts.items()}
        return dataclasses.replace(self, **{**hidden, **changes})

    def as_texts(self) -> dict[str, str]:
        """Return the settings that differ from their defaults as the texts that `load` would read, secrets included."""
        given = {name: (getattr(self, name), item.default) for name, item in declared().items()}
        return {name: text_of(value) for name, (value, default) in given.items() if value != default}

    def directory(self, environ: Mapping[str, str] | None = None) -> Path:
        """Return the state directory (it need not exist); `RuntimeError` where there is no home directory."""
        environ = os.environ if environ is None else environ
        if self.state_dir is not None:
            return self.state_dir.expanduser().absolute()
        base = environ.get("XDG_STATE_HOME") or ""
        root = Path(base) if base.startswith("/") else Path("~/.local/state").expanduser()
        return root / "deploytrace"


def environment_name(name: str) -> str:
    """Return the environment variable of a setting."""
    return ENV_PREFIX + name.upper()


@functools.cache
def declared() -> Mapping[str, dataclasses.Field[Any]]:
    """Return the declarations of all settings by name; the log's and the mail's come last."""
    parts = {**declared_in(LogSettings), **declared_in(MailSettings)}
    return {**{name: item for name, item in declared_in(Settings).items() if name not in parts}, **parts}


def ansible_config_file(environ: Mapping[str, str]) -> Path | None:
    """Return the ansible.cfg that Ansible would read: ANSIBLE_CONFIG, ./, ~/.ansible.cfg, /etc/ansible.

    Source: https://docs.ansible.com/ansible/latest/reference_appendices/config.html#the-configuration-file
    """
    named = environ.get("ANSIBLE_CONFIG", "")
    candidates = [Path(named).expanduser()] if named else []
    candidates = [path / "ansible.cfg" if path.is_dir() else path for path in candidates]
    with contextlib.suppress(OSError):  # a directory that is gone, or another user's
        if not (Path.cwd().stat().st_mode & 0o002):  # Ansible ignores the file of a world-writable directory
            candidates.append(Path("ansible.cfg").absolute())
    home = environ.get("HOME")
    candidates += [Path(home) / ".ansible.cfg"] if home else []
    candidates.append(Path("/etc/ansible/ansible.cfg"))
    return next((path for path in candidates if os.access(path, os.R_OK) and path.is_file()), None)


def _from_ini(path: Path | None) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Return our sections: what stands in each, by its environment ("" for the section that is for all)."""
    if path is None:
        return {}, []
    parser = configparser.ConfigParser(inline_comment_prefixes=(";",), interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, configparser.Error) as error:
        return {}, [f"{path} cannot be read ({error.__class__.__name__}): its [{INI_SECTION}] settings are ignored."]
    sections = {}
    for section in parser.sections():
        name, colon, environment = section.partition(":")
        if name.strip() == INI_SECTION and (environment.strip() or not colon):
            sections[environment.strip()] = dict(parser[section])
    return sections, []


def _usable(
    given: Mapping[str, tuple[str, str]], known: Mapping[str, dataclasses.Field[Any]], problems: list[str]
) -> dict[str, str]:
    """Return those of the given settings (name to text and origin) that can be used; the others are problems."""
    texts = {}
    for name, (text, origin) in given.items():
        item = known.get(name)
        if item is None:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            what = "has no setting" if name not in declared() else "does not tell environments apart in"
            problems.append(f"deploytrace {what} {origin}; it is ignored.{hint if name not in declared() else ''}")
            continue
        try:
            value_of(item, text)
        except ValueError as error:
            shown = "set" if item.metadata["secret"] else repr(text)
            problems.append(f"{origin} is {shown} but must be {error}; its default {item.default!r} is used.")
            continue
        texts[name] = text
    return _password_apart(texts)


def _password_apart(texts: dict[str, str]) -> dict[str, str]:
    """Move the password out of an smtp_url: from here on no setting but smtp_password holds one."""
    url = texts.get("smtp_url", "")
    before, at, host = url.rpartition("@")
    user, colon, password = before.partition("://")[2].partition(":")
    if at and colon:
        texts["smtp_url"] = f"{before.partition('://')[0]}://{user}@{host}"
        texts.setdefault("smtp_password", urllib.parse.unquote(password))
    return texts


def load(environ: Mapping[str, str], ini: Path | None) -> tuple[Settings, list[str]]:
    """Return the settings and what is wrong with them, a sentence each; ``ini`` is the ansible.cfg in force, if any.

    An empty environment value counts as unset, as OpenTelemetry's own variables do. The environment wins over the
    sections of environments too.
    """
    sections, problems = _from_ini(ini)
    known = declared()
    said = {
        variable[len(ENV_PREFIX) :].lower(): (text, variable)
        for variable, text in environ.items()
        if variable.startswith(ENV_PREFIX) and text
    }
    hidden = said.keys() | (PASSWORDS if said.keys() & PASSWORDS else set())
    given = {name: (text, f"{name} in {ini}") for name, text in sections.pop("", {}).items() if name not in hidden}
    texts = _usable({**given, **said}, known, problems)
    own = {name: item for name, item in known.items() if item.metadata["per_environment"]}
    environments = {}
    for environment, section in sections.items():
        where = f"of [{INI_SECTION}:{environment}] in {ini}"
        special = _usable({name: (text, f"{name} {where}") for name, text in section.items()}, own, problems)
        environments[environment] = {name: text for name, text in special.items() if name not in hidden}
    values = {name: value_of(known[name], text) for name, text in texts.items()}
    return Settings(**values, environments=environments), problems
