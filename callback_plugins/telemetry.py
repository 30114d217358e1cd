"""Records every run for traces: each of Ansible's hooks is one line that hands on to the recorder."""

from __future__ import annotations

DOCUMENTATION = r"""
name: telemetry
type: notification
short_description: shows where a run's time goes, as a live OpenTelemetry trace
version_added: 0.1.0
author: the deploytrace authors
description:
  - Records every run and turns it into a trace of nested spans - run, play, role, block, task, host result, loop item
    and retry - that any OTLP backend such as Jaeger shows while the run goes on.
  - Ansible itself only appends lines to a file; a second process delivers them. A destination that does not answer
    costs the run nothing, and what could not be delivered is delivered later.
  - With no setting at all, traces go to files below the state directory. The standard variables of OpenTelemetry
    (E(OTEL_EXPORTER_OTLP_ENDPOINT) and the others) say where else.
  - An unusable value is reported and replaced by the default; it never stops a run.
requirements:
  - the Python package deploytrace, which this callback comes with
notes:
  - Enable it with C(callbacks_enabled = deploytrace.callbacks.telemetry) in C(ansible.cfg).
options:
  state_dir:
    description:
      - "Where everything on disk lives: journals, trace files, logs. Default: $XDG_STATE_HOME/deploytrace, else
        ~/.local/state/deploytrace."
    type: path
    env: [{name: DEPLOYTRACE_STATE_DIR}]
    ini: [{section: callback_deploytrace, key: state_dir}]
  otlp_endpoint:
    description:
      - "Base URL of the OTLP receiver, for those who prefer it beside the other settings. The standard variable
        OTEL_EXPORTER_OTLP_ENDPOINT (or its TRACES form) wins. With neither, traces go to a file."
    type: str
    env: [{name: DEPLOYTRACE_OTLP_ENDPOINT}]
    ini: [{section: callback_deploytrace, key: otlp_endpoint}]
  trace_url:
    description:
      - "Address of a trace in the UI, for links: a template such as http://jaeger:16686/trace/{trace_id}."
    type: str
    env: [{name: DEPLOYTRACE_TRACE_URL}]
    ini: [{section: callback_deploytrace, key: trace_url}]
  service_name:
    description:
      - "Resource attribute service.name, where OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES leave it open."
    type: str
    default: "ansible"
    env: [{name: DEPLOYTRACE_SERVICE_NAME}]
    ini: [{section: callback_deploytrace, key: service_name}]
  environment:
    description:
      - "Resource attribute deployment.environment.name (production, staging...); it is never guessed."
    type: str
    env: [{name: DEPLOYTRACE_ENVIRONMENT}]
    ini: [{section: callback_deploytrace, key: environment}]
  context_vars:
    description:
      - "Extra variables (-e) that are recorded with the run, comma-separated."
    type: list
    elements: str
    default: ["env", "brand", "subBrand"]
    env: [{name: DEPLOYTRACE_CONTEXT_VARS}]
    ini: [{section: callback_deploytrace, key: context_vars}]
  join_trace:
    description:
      - "What to do with an incoming TRACEPARENT: make the run its child, start a trace of its own with a link to it,
        or ignore it."
    type: str
    choices: ["parent", "link", "ignore"]
    default: "parent"
    env: [{name: DEPLOYTRACE_JOIN_TRACE}]
    ini: [{section: callback_deploytrace, key: join_trace}]
  propagate_env:
    description:
      - "Give what a task runs its own TRACEPARENT, per host, through the task's environment. Not for raw, includes
        and fact gathering."
    type: bool
    default: false
    env: [{name: DEPLOYTRACE_PROPAGATE_ENV}]
    ini: [{section: callback_deploytrace, key: propagate_env}]
  live:
    description:
      - "Send spans as soon as they end. Off: all at the end of the run, the root last."
    type: bool
    default: true
    env: [{name: DEPLOYTRACE_LIVE}]
    ini: [{section: callback_deploytrace, key: live}]
  span_budget:
    description:
      - "Spans per run before loop items and fast, uneventful host results are folded into their task's span.
        Failures, changes, the slowest 50 of a play, all tasks, roles and plays always stay."
    type: int
    default: 8000
    env: [{name: DEPLOYTRACE_SPAN_BUDGET}]
    ini: [{section: callback_deploytrace, key: span_budget}]
  attribute_length:
    description:
      - "Bytes kept of a span attribute's text."
    type: int
    default: 2048
    env: [{name: DEPLOYTRACE_ATTRIBUTE_LENGTH}]
    ini: [{section: callback_deploytrace, key: attribute_length}]
  task_args:
    description:
      - "Record the arguments of tasks as they are written in the playbook, masked."
    type: bool
    default: true
    env: [{name: DEPLOYTRACE_TASK_ARGS}]
    ini: [{section: callback_deploytrace, key: task_args}]
  compat_http_url:
    description:
      - "Also write the deprecated http.url, as community.general.opentelemetry does."
    type: bool
    default: false
    env: [{name: DEPLOYTRACE_COMPAT_HTTP_URL}]
    ini: [{section: callback_deploytrace, key: compat_http_url}]
  jaeger_peer_service:
    description:
      - "Also write the deprecated peer.service, so that Jaeger shows the host's name beside its row."
    type: bool
    default: false
    env: [{name: DEPLOYTRACE_JAEGER_PEER_SERVICE}]
    ini: [{section: callback_deploytrace, key: jaeger_peer_service}]
  results:
    description:
      - "Of which results the details are recorded, redacted. Reading a result costs Ansible up to 0.2 ms."
    type: str
    choices: ["failures", "changes", "all"]
    default: "failures"
    env: [{name: DEPLOYTRACE_RESULTS}]
    ini: [{section: callback_deploytrace, key: results}]
  redact_keys:
    description:
      - "Further names whose values are secret: regular expressions, comma-separated, matched within the name."
    type: list
    elements: str
    default: []
    env: [{name: DEPLOYTRACE_REDACT_KEYS}]
    ini: [{section: callback_deploytrace, key: redact_keys}]
  redact_patterns:
    description:
      - "Further texts that are secret wherever they stand: regular expressions, comma-separated."
    type: list
    elements: str
    default: []
    env: [{name: DEPLOYTRACE_REDACT_PATTERNS}]
    ini: [{section: callback_deploytrace, key: redact_patterns}]
  console:
    description:
      - "Where the few lines of deploytrace itself go: standard error, standard output or nowhere."
    type: str
    choices: ["stderr", "stdout", "off"]
    default: "stderr"
    env: [{name: DEPLOYTRACE_CONSOLE}]
    ini: [{section: callback_deploytrace, key: console}]
  exit_wait:
    description:
      - "Seconds that Ansible waits at its very end for the delivery; raise it in containers that die with their main
        process. The delivery goes on by itself after that."
    type: float
    default: 0.25
    env: [{name: DEPLOYTRACE_EXIT_WAIT}]
    ini: [{section: callback_deploytrace, key: exit_wait}]
  delivery_wait:
    description:
      - "Seconds that the sidecar goes on trying an unreachable destination after the run's end. What is not delivered
        then is delivered by the next run's sidecar or by deploytrace flush."
    type: float
    default: 20.0
    env: [{name: DEPLOYTRACE_DELIVERY_WAIT}]
    ini: [{section: callback_deploytrace, key: delivery_wait}]
  keep_days:
    description:
      - "Days that journals and trace files are kept."
    type: int
    default: 30
    env: [{name: DEPLOYTRACE_KEEP_DAYS}]
    ini: [{section: callback_deploytrace, key: keep_days}]
  keep_megabytes:
    description:
      - "Megabytes (10^6 bytes) that journals and trace files may take together before the oldest go."
    type: int
    default: 500
    env: [{name: DEPLOYTRACE_KEEP_MEGABYTES}]
    ini: [{section: callback_deploytrace, key: keep_megabytes}]
"""

import sys
from pathlib import Path

from ansible import constants, context
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__ as ansible_version

try:
    import deploytrace  # noqa: F401
except ImportError:  # a checkout that is not installed: the package lies beside this directory
    sys.path.append(str(Path(__file__).resolve().parents[1] / "src"))

from deploytrace.capture.recorder import shared
from deploytrace.capture.surroundings import Surroundings

try:  # what Ansible itself knows to be secret, 2.22 and later
    from ansible.module_utils.secrets import mask_secrets
except ImportError:
    mask_secrets = None


class CallbackModule(CallbackBase):
    """Hands Ansible's hooks on to the process's recorder, which never raises."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "deploytrace.callbacks.telemetry"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display=None, options=None):
        super().__init__(display=display, options=options)
        config_file = constants.CONFIG_FILE
        self._recorder = shared(
            Surroundings(
                version=ansible_version,
                option=context.CLIARGS.get,
                config_file=Path(config_file) if config_file else None,
                warn=self._display.warning,
                mask=mask_secrets,
            )
        )

    def set_options(self, task_keys=None, var_options=None, direct=None):
        """Do nothing: the recorder reads the settings, and forgives mistakes; Ansible would drop the callback."""

    def v2_playbook_on_start(self, playbook):
        self._recorder.playbook_started(self, playbook)

    def v2_playbook_on_vars_prompt(
        self,
        varname,
        private=True,
        prompt=None,
        encrypt=None,
        confirm=False,
        salt_size=None,
        salt=None,
        default=None,
        unsafe=None,
    ):
        self._recorder.prompt_shown(varname, private, default)

    def v2_playbook_on_play_start(self, play):
        self._recorder.play_started(self, play)

    def v2_playbook_on_no_hosts_matched(self):
        self._recorder.no_hosts_matched()

    def v2_playbook_on_no_hosts_remaining(self):
        self._recorder.hosts_exhausted()

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._recorder.task_started(task, False)

    def v2_playbook_on_handler_task_start(self, task):
        self._recorder.task_started(task, True)

    def v2_playbook_on_include(self, included_file):
        self._recorder.included(included_file)

    def v2_playbook_on_notify(self, handler, host):
        self._recorder.notified(handler, host)

    def v2_playbook_on_stats(self, stats):
        self._recorder.stats_shown(stats)

    def v2_runner_on_start(self, host, task):
        self._recorder.host_started(host, task)

    def v2_runner_on_ok(self, result):
        self._recorder.host_succeeded(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._recorder.host_failed(result, ignore_errors)

    def v2_runner_on_skipped(self, result):
        self._recorder.host_skipped(result)

    def v2_runner_on_unreachable(self, result):
        self._recorder.host_unreachable(result)

    def v2_runner_item_on_ok(self, result):
        self._recorder.item_finished(result, "ok")

    def v2_runner_item_on_failed(self, result):
        self._recorder.item_finished(result, "failed")

    def v2_runner_item_on_skipped(self, result):
        self._recorder.item_finished(result, "skipped")

    def v2_runner_retry(self, result):
        self._recorder.attempt_failed(result)

    def v2_runner_on_async_poll(self, result):
        self._recorder.async_polled(result, "running")

    def v2_runner_on_async_ok(self, result):
        self._recorder.async_polled(result, "ok")

    def v2_runner_on_async_failed(self, result):
        self._recorder.async_polled(result, "failed")

    def v2_on_file_diff(self, result):
        self._recorder.diff_shown(result)
