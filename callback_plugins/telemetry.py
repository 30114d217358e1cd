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
    description: "Where everything on disk lives: journals, trace files, logs. Default: $XDG_STATE_HOME/deploytrace,
      else ~/.local/state/deploytrace."
    type: path
    env: [{name: DEPLOYTRACE_STATE_DIR}]
    ini: [{section: callback_deploytrace, key: state_dir}]
  otlp_endpoint:
    description: "Base URL of the OTLP receiver, for those who prefer it beside the other settings. The standard
      variable OTEL_EXPORTER_OTLP_ENDPOINT (or its TRACES form) wins. With neither, traces go to a file."
    type: str
    env: [{name: DEPLOYTRACE_OTLP_ENDPOINT}]
    ini: [{section: callback_deploytrace, key: otlp_endpoint}]
  trace_url:
    description: "Address of a trace in the UI, for links: a template such as http://jaeger:16686/trace/{trace_id}."
    type: str
    env: [{name: DEPLOYTRACE_TRACE_URL}]
    ini: [{section: callback_deploytrace, key: trace_url}]
  service_name:
    description: "Resource attribute service.name, where OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES leave it
      open."
    type: str
    default: "ansible"
    env: [{name: DEPLOYTRACE_SERVICE_NAME}]
    ini: [{section: callback_deploytrace, key: service_name}]
  environment:
    description: "Resource attribute deployment.environment.name (production, staging...); it is never guessed."
    type: str
    env: [{name: DEPLOYTRACE_ENVIRONMENT}]
    ini: [{section: callback_deploytrace, key: environment}]
  context_vars:
    description: "Extra variables (-e) that are recorded with the run, comma-separated."
    type: list
    elements: str
    default: ["env", "brand", "subBrand"]
    env: [{name: DEPLOYTRACE_CONTEXT_VARS}]
    ini: [{section: callback_deploytrace, key: context_vars}]
  join_trace:
    description: "What to do with an incoming TRACEPARENT: make the run its child, start a trace of its own with a
      link to it, or ignore it."
    type: str
    choices: ["parent", "link", "ignore"]
    default: "parent"
    env: [{name: DEPLOYTRACE_JOIN_TRACE}]
    ini: [{section: callback_deploytrace, key: join_trace}]
  propagate_env:
    description: "Give what a task runs its own TRACEPARENT, per host, through the task's environment. Not for raw,
      includes and fact gathering."
    type: bool
    default: false
    env: [{name: DEPLOYTRACE_PROPAGATE_ENV}]
    ini: [{section: callback_deploytrace, key: propagate_env}]
  live:
    description: "Send spans as soon as they end. Off: all at the end of the run, the root last."
    type: bool
    default: true
    env: [{name: DEPLOYTRACE_LIVE}]
    ini: [{section: callback_deploytrace, key: live}]
  span_budget:
    description: "Spans per run before loop items and fast, uneventful host results are folded into their task's span.
      Failures, changes, the slowest 50 of a play, all tasks, roles and plays always stay."
    type: int
    default: 8000
    env: [{name: DEPLOYTRACE_SPAN_BUDGET}]
    ini: [{section: callback_deploytrace, key: span_budget}]
  attribute_length:
    description: "Bytes kept of a span attribute's text."
    type: int
    default: 2048
    env: [{name: DEPLOYTRACE_ATTRIBUTE_LENGTH}]
    ini: [{section: callback_deploytrace, key: attribute_length}]
  task_args:
    description: "Record the arguments of tasks as they are written in the playbook, masked."
    type: bool
    default: true
    env: [{name: DEPLOYTRACE_TASK_ARGS}]
    ini: [{section: callback_deploytrace, key: task_args}]
  compat_http_url:
    description: "Also write the deprecated http.url, as community.general.opentelemetry does."
    type: bool
    default: false
    env: [{name: DEPLOYTRACE_COMPAT_HTTP_URL}]
    ini: [{section: callback_deploytrace, key: compat_http_url}]
  jaeger_peer_service:
    description: "Also write the deprecated peer.service, so that Jaeger shows the host's name beside its row."
    type: bool
    default: false
    env: [{name: DEPLOYTRACE_JAEGER_PEER_SERVICE}]
    ini: [{section: callback_deploytrace, key: jaeger_peer_service}]
  store_url:
    description: "Where history and metrics are kept: postgresql://USER:PASSWORD@HOST/DATABASE (needs the extra
      postgresql), or sqlite:////absolute/path.db on a local disk. Default: store.db in the state directory."
    type: str
    env: [{name: DEPLOYTRACE_STORE_URL}]
    ini: [{section: callback_deploytrace, key: store_url}]
  metrics_level:
    description: "How deep metrics go; each level has those before it too. The level host makes series of every host."
    type: str
    choices: ["run", "play", "role", "task", "host"]
    default: "task"
    env: [{name: DEPLOYTRACE_METRICS_LEVEL}]
    ini: [{section: callback_deploytrace, key: metrics_level}]
  metrics_birth_hold:
    description: "Seconds that a new counter or histogram reads 0 before it counts, so that it has been seen at 0. At
      least twice the scrape interval; 0 switches it off."
    type: float
    default: 60.0
    env: [{name: DEPLOYTRACE_METRICS_BIRTH_HOLD}]
    ini: [{section: callback_deploytrace, key: metrics_birth_hold}]
  metrics_series_limit:
    description: "Label sets that a metric may have. What is above goes to one more, whose labels are all overflow."
    type: int
    default: 500
    env: [{name: DEPLOYTRACE_METRICS_SERIES_LIMIT}]
    ini: [{section: callback_deploytrace, key: metrics_series_limit}]
  metrics_series_days:
    description: "Days that a series is kept that nothing changes any more; a playbook's own as long as the playbook
      is run."
    type: int
    default: 40
    env: [{name: DEPLOYTRACE_METRICS_SERIES_DAYS}]
    ini: [{section: callback_deploytrace, key: metrics_series_days}]
  metrics_last_run_info:
    description: "Also show ansible_playbook_last_run_info, which leads to the latest run's trace; a series for each
      run."
    type: bool
    default: false
    env: [{name: DEPLOYTRACE_METRICS_LAST_RUN_INFO}]
    ini: [{section: callback_deploytrace, key: metrics_last_run_info}]
  metrics_max_success_age:
    description: "How many seconds old a playbook's latest success may be, for alerts: site.yml=86400, comma-
      separated."
    type: list
    elements: str
    default: []
    env: [{name: DEPLOYTRACE_METRICS_MAX_SUCCESS_AGE}]
    ini: [{section: callback_deploytrace, key: metrics_max_success_age}]
  metrics_textfile:
    description: "File for node_exporter's textfile collector, an absolute path that ends in .prom: all metrics,
      written anew at every run's end."
    type: path
    env: [{name: DEPLOYTRACE_METRICS_TEXTFILE}]
    ini: [{section: callback_deploytrace, key: metrics_textfile}]
  metrics_pushgateway:
    description: "Pushgateway that all metrics are pushed to at every run's end: http://USER:PASSWORD@HOST:9091."
    type: str
    env: [{name: DEPLOYTRACE_METRICS_PUSHGATEWAY}]
    ini: [{section: callback_deploytrace, key: metrics_pushgateway}]
  history_days:
    description: "Days that runs are kept in the store."
    type: int
    default: 400
    env: [{name: DEPLOYTRACE_HISTORY_DAYS}]
    ini: [{section: callback_deploytrace, key: history_days}]
  history_megabytes:
    description: "Megabytes (10^6 bytes) that the store may take before the host results of the oldest runs go, then
      these runs themselves. Metrics are never affected."
    type: int
    default: 2000
    env: [{name: DEPLOYTRACE_HISTORY_MEGABYTES}]
    ini: [{section: callback_deploytrace, key: history_megabytes}]
  results:
    description: "Of which results the details are recorded, redacted. Reading a result costs Ansible up to 0.2 ms."
    type: str
    choices: ["failures", "changes", "all"]
    default: "failures"
    env: [{name: DEPLOYTRACE_RESULTS}]
    ini: [{section: callback_deploytrace, key: results}]
  redact_keys:
    description: "Further names whose values are secret: regular expressions, comma-separated, matched within the
      name."
    type: list
    elements: str
    default: []
    env: [{name: DEPLOYTRACE_REDACT_KEYS}]
    ini: [{section: callback_deploytrace, key: redact_keys}]
  redact_patterns:
    description: "Further texts that are secret wherever they stand: regular expressions, comma-separated."
    type: list
    elements: str
    default: []
    env: [{name: DEPLOYTRACE_REDACT_PATTERNS}]
    ini: [{section: callback_deploytrace, key: redact_patterns}]
  console:
    description: "Where the few lines of deploytrace itself go: standard error, standard output or nowhere."
    type: str
    choices: ["stderr", "stdout", "off"]
    default: "stderr"
    env: [{name: DEPLOYTRACE_CONSOLE}]
    ini: [{section: callback_deploytrace, key: console}]
  top_console:
    description: "How many of the slowest tasks are shown in the console at a run's end. Default: 10 with
      profile_tasks, none with telemetry alone."
    type: int
    env: [{name: DEPLOYTRACE_TOP_CONSOLE}]
    ini: [{section: callback_deploytrace, key: top_console}]
  top_log:
    description: "How many of the slowest tasks stand at the end of the log."
    type: int
    default: 100
    env: [{name: DEPLOYTRACE_TOP_LOG}]
    ini: [{section: callback_deploytrace, key: top_log}]
  top_order:
    description: "The order of the tasks in the report: slowest first, slowest last, or as they were run."
    type: str
    choices: ["descending", "ascending", "none"]
    default: "descending"
    env: [{name: DEPLOYTRACE_TOP_ORDER}]
    ini: [{section: callback_deploytrace, key: top_order}]
  top_measure:
    description: "What the report measures: the time in which at least one host was at work on a task, or that of all
      hosts added up."
    type: str
    choices: ["wall", "hosts"]
    default: "wall"
    env: [{name: DEPLOYTRACE_TOP_MEASURE}]
    ini: [{section: callback_deploytrace, key: top_measure}]
  top_minimum:
    description: "Seconds that a task must have taken to stand in the report."
    type: float
    default: 0.0
    env: [{name: DEPLOYTRACE_TOP_MINIMUM}]
    ini: [{section: callback_deploytrace, key: top_minimum}]
  timestamps:
    description: "Print the time, the time since the line before and the time since the start at each play and task,
      as the callback timestamp does."
    type: bool
    default: false
    env: [{name: DEPLOYTRACE_TIMESTAMPS}]
    ini: [{section: callback_deploytrace, key: timestamps}]
  exit_wait:
    description: "Seconds that Ansible waits at its very end for the delivery; raise it in containers that die with
      their main process. The delivery goes on by itself after that."
    type: float
    default: 0.25
    env: [{name: DEPLOYTRACE_EXIT_WAIT}]
    ini: [{section: callback_deploytrace, key: exit_wait}]
  delivery_wait:
    description: "Seconds that the sidecar goes on trying an unreachable destination after the run's end. What is not
      delivered then is delivered by the next run's sidecar or by deploytrace flush."
    type: float
    default: 20.0
    env: [{name: DEPLOYTRACE_DELIVERY_WAIT}]
    ini: [{section: callback_deploytrace, key: delivery_wait}]
  downtime_down_tag:
    description: "Tag of tasks that take a service down on their host; a suffix names the service:
      deploytrace_down:shop."
    type: str
    default: "deploytrace_down"
    env: [{name: DEPLOYTRACE_DOWNTIME_DOWN_TAG}]
    ini: [{section: callback_deploytrace, key: downtime_down_tag}]
  downtime_up_tag:
    description: "Tag of tasks that bring it up again where they succeed, with the same suffix."
    type: str
    default: "deploytrace_up"
    env: [{name: DEPLOYTRACE_DOWNTIME_UP_TAG}]
    ini: [{section: callback_deploytrace, key: downtime_up_tag}]
  keep_days:
    description: "Days that journals, traces, pages, logs and archives are kept."
    type: int
    default: 30
    env: [{name: DEPLOYTRACE_KEEP_DAYS}]
    ini: [{section: callback_deploytrace, key: keep_days}]
  keep_megabytes:
    description: "Megabytes (10^6 bytes) that journals, traces and pages may take together before the oldest go."
    type: int
    default: 500
    env: [{name: DEPLOYTRACE_KEEP_MEGABYTES}]
    ini: [{section: callback_deploytrace, key: keep_megabytes}]
  log_dir:
    description: "Where the log of each run, and its archive, is written; a relative path counts from the playbook's
      directory. Default with log_plays: logs in the state directory; with telemetry alone there is a log only where
      this is set."
    type: path
    env: [{name: DEPLOYTRACE_LOG_DIR}]
    ini: [{section: callback_deploytrace, key: log_dir}]
  log_name:
    description: "Name of a run's log, a template; docs/log.md lists the placeholders."
    type: str
    default: "{playbook}-{date}"
    env: [{name: DEPLOYTRACE_LOG_NAME}]
    ini: [{section: callback_deploytrace, key: log_name}]
  archive:
    description: "Of which runs the log, Ansible's own log, the trace file and the page are put into an archive beside
      the log."
    type: str
    choices: ["never", "failure", "always"]
    default: "failure"
    env: [{name: DEPLOYTRACE_ARCHIVE}]
    ini: [{section: callback_deploytrace, key: archive}]
  archive_name:
    description: "Name of the archive, a template over the variables that context_vars names; docs/log.md tells more."
    type: str
    default: "{env}_{brand}_{subBrand}-{date}"
    env: [{name: DEPLOYTRACE_ARCHIVE_NAME}]
    ini: [{section: callback_deploytrace, key: archive_name}]
  page:
    description: "Of which runs a page, as deploytrace html makes it, is left in the directory pages of the state
      directory."
    type: str
    choices: ["never", "failure", "always"]
    default: "never"
    env: [{name: DEPLOYTRACE_PAGE}]
    ini: [{section: callback_deploytrace, key: page}]
  keep_logs:
    description: "How many logs are kept, and how many archives; 0: all that keep_days allows."
    type: int
    default: 100
    env: [{name: DEPLOYTRACE_KEEP_LOGS}]
    ini: [{section: callback_deploytrace, key: keep_logs}]
  dashboard_url:
    description: "Address of a dashboard that shows the run, for links: a template with {run_id}, {trace_id},
      {playbook}, {environment}, {from_ms} and {to_ms} (the run's begin and end, Unix milliseconds)."
    type: str
    env: [{name: DEPLOYTRACE_DASHBOARD_URL}]
    ini: [{section: callback_deploytrace, key: dashboard_url}]
  mail_to:
    description: "Who gets the mail about a run that failed, comma-separated. With nobody there is none."
    type: list
    elements: str
    default: []
    env: [{name: DEPLOYTRACE_MAIL_TO}]
    ini: [{section: callback_deploytrace, key: mail_to}]
  mail_cc:
    description: "Who gets a copy of it, comma-separated."
    type: list
    elements: str
    default: []
    env: [{name: DEPLOYTRACE_MAIL_CC}]
    ini: [{section: callback_deploytrace, key: mail_cc}]
  mail_cc_environments:
    description: "Environments whose mails go to mail_cc too, comma-separated; none named: all of them."
    type: list
    elements: str
    default: []
    env: [{name: DEPLOYTRACE_MAIL_CC_ENVIRONMENTS}]
    ini: [{section: callback_deploytrace, key: mail_cc_environments}]
  mail_bcc:
    description: "Who gets a copy that the others do not see."
    type: list
    elements: str
    default: []
    env: [{name: DEPLOYTRACE_MAIL_BCC}]
    ini: [{section: callback_deploytrace, key: mail_bcc}]
  mail_from:
    description: "The mail's sender. Default: the user that runs Ansible, at the controller."
    type: str
    env: [{name: DEPLOYTRACE_MAIL_FROM}]
    ini: [{section: callback_deploytrace, key: mail_from}]
  mail_attachment_limit:
    description: "Megabytes (10^6 bytes) up to which the archived log is attached to the mail; a larger one is named
      in it. 0: never."
    type: int
    default: 10
    env: [{name: DEPLOYTRACE_MAIL_ATTACHMENT_LIMIT}]
    ini: [{section: callback_deploytrace, key: mail_attachment_limit}]
  smtp_url:
    description: "The mail server: smtp://, smtp+starttls:// or smtps:// (TLS from the start), [user@]host and, where
      it is not 25, 587 or 465 in this order, :port."
    type: str
    default: "smtp://localhost:25"
    env: [{name: DEPLOYTRACE_SMTP_URL}]
    ini: [{section: callback_deploytrace, key: smtp_url}]
  smtp_password:
    description: "Password of the user in smtp_url. Better placed in the environment than in a file."
    type: str
    env: [{name: DEPLOYTRACE_SMTP_PASSWORD}]
    ini: [{section: callback_deploytrace, key: smtp_password}]
  smtp_password_file:
    description: "A file whose first line is that password, read when a mail is sent."
    type: path
    env: [{name: DEPLOYTRACE_SMTP_PASSWORD_FILE}]
    ini: [{section: callback_deploytrace, key: smtp_password_file}]
  smtp_password_variable:
    description: "Name of an Ansible variable, vaulted preferably, that holds that password: an extra variable or one
      of group_vars/all."
    type: str
    env: [{name: DEPLOYTRACE_SMTP_PASSWORD_VARIABLE}]
    ini: [{section: callback_deploytrace, key: smtp_password_variable}]
  smtp_ca_file:
    description: "Certificates (PEM) that the mail server's is checked against, instead of the system's."
    type: path
    env: [{name: DEPLOYTRACE_SMTP_CA_FILE}]
    ini: [{section: callback_deploytrace, key: smtp_ca_file}]
  smtp_timeout:
    description: "Seconds that the mail server may take for each answer."
    type: float
    default: 10.0
    env: [{name: DEPLOYTRACE_SMTP_TIMEOUT}]
    ini: [{section: callback_deploytrace, key: smtp_timeout}]
"""

import contextlib
import sys
from pathlib import Path

import ansible.constants
import ansible.context
import ansible.release
from ansible.plugins.callback import CallbackBase

with contextlib.suppress(ImportError):  # what Ansible itself knows to be secret, 2.22 and later
    import ansible.module_utils.secrets

try:
    import deploytrace  # noqa: F401
except ImportError:  # a checkout that is not installed: the package lies beside this directory
    sys.path.append(str(Path(__file__).resolve().parents[1] / "src"))

from deploytrace.capture.hooks import Hooks
from deploytrace.capture.recorder import enable
from deploytrace.capture.surroundings import Surroundings

if "ansible.cli.config" not in sys.modules:  # which shows the options; a run would read them for nothing, and 10 ms
    del DOCUMENTATION  # ansible-doc reads the source


class CallbackModule(Hooks, CallbackBase):
    """Has the run recorded, and traces made of it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "deploytrace.callbacks.telemetry"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display=None, options=None):
        super().__init__(display=display, options=options)
        self._recorder = enable("telemetry", Surroundings.of(ansible, self._display))
