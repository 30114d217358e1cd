"""Shows the slowest tasks at a run's end: each of Ansible's hooks is handed on to the recorder."""

from __future__ import annotations

DOCUMENTATION = r"""
name: profile_tasks
type: notification
short_description: shows a run's slowest tasks at its end
version_added: 0.1.0
author: the deploytrace authors
description:
  - At the end of each playbook the slowest tasks and the time of each role are shown, measured from each worker's start
    to its end, so that they are right under every strategy.
  - An unusable value is reported and replaced by the default; it never stops a run.
requirements:
  - the Python package deploytrace, which this callback comes with
notes:
  - Enable it with C(callbacks_enabled = deploytrace.callbacks.profile_tasks) in C(ansible.cfg), or with
    C(profile_tasks) where the checkout's C(callback_plugins) is on the path of callbacks.
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
    """Has the run recorded, and its slowest tasks shown."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "deploytrace.callbacks.profile_tasks"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display=None, options=None):
        super().__init__(display=display, options=options)
        self._recorder = enable("profile_tasks", Surroundings.of(ansible, self._display))
