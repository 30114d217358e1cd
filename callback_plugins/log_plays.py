"""Has each run written to a log of its own: each of Ansible's hooks is handed on to the recorder."""

from __future__ import annotations

DOCUMENTATION = r"""
name: log_plays
type: notification
short_description: writes a log of each run, archives it, and mails what failed
version_added: 0.1.0
author: the deploytrace authors
description:
  - Writes one log per run while it goes on - every task with its time, every host's result in full, masked - and at its
    end the recap and the slowest tasks.
  - When a run has failed, the log is archived and, where O(mail_to) is set, sent in one mail that says what failed.
  - Ansible itself only appends lines to a file; a second process writes the log and sends the mail. A mail server that
    does not answer costs the run nothing, and the mail is sent later.
  - An unusable value is reported and replaced by the default; it never stops a run.
requirements:
  - the Python package deploytrace, which this callback comes with
notes:
  - Enable it with C(callbacks_enabled = deploytrace.callbacks.log_plays) in C(ansible.cfg), or with C(log_plays)
    where the checkout's C(callback_plugins) is on the path of callbacks.
options:
  state_dir:
    description: "Where everything on disk lives: journals, trace files, logs. Default: $XDG_STATE_HOME/deploytrace,
      else ~/.local/state/deploytrace."
    type: path
    env: [{name: DEPLOYTRACE_STATE_DIR}]
    ini: [{section: callback_deploytrace, key: state_dir}]
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
  task_args:
    description: "Record the arguments of tasks as they are written in the playbook, masked."
    type: bool
    default: true
    env: [{name: DEPLOYTRACE_TASK_ARGS}]
    ini: [{section: callback_deploytrace, key: task_args}]
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
    """Has the run recorded, and the log, the archive and the mail made of it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "deploytrace.callbacks.log_plays"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display=None, options=None):
        super().__init__(display=display, options=options)
        self._recorder = enable("log_plays", Surroundings.of(ansible, self._display))
