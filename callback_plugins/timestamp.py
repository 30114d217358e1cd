"""Prints the time at each play and task: each hook is one line that hands on to the timestamps."""

from __future__ import annotations

DOCUMENTATION = r"""
name: timestamp
type: notification
short_description: prints the time at each play and task
version_added: 0.1.0
author: the deploytrace authors
description:
  - At the start of each play and task and at the end, prints the time, the time since the line before, and the time
    since the start; where a role begins, the role and how long after the start.
requirements:
  - the Python package deploytrace, which this callback comes with
notes:
  - Enable it with C(callbacks_enabled = deploytrace.callbacks.timestamp) in C(ansible.cfg), or with C(timestamp)
    where the checkout's C(callback_plugins) is on the path of callbacks.
options:
  {}
"""

import sys
from pathlib import Path

import ansible.constants
import ansible.context
import ansible.release
from ansible.plugins.callback import CallbackBase

try:
    import deploytrace  # noqa: F401
except ImportError:  # a checkout that is not installed: the package lies beside this directory
    sys.path.append(str(Path(__file__).resolve().parents[1] / "src"))

from deploytrace.capture.surroundings import Surroundings
from deploytrace.capture.timestamp import timestamps


class CallbackModule(CallbackBase):
    """Hands the hooks on to the process's timestamps, which never raise."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "deploytrace.callbacks.timestamp"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display=None, options=None):
        super().__init__(display=display, options=options)
        self._timestamps = timestamps(Surroundings.of(ansible, self._display))

    def v2_playbook_on_start(self, playbook):
        self._timestamps.playbook_started()

    def v2_playbook_on_play_start(self, play):
        self._timestamps.play_started(play)

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._timestamps.task_started(task)

    def v2_playbook_on_handler_task_start(self, task):
        self._timestamps.task_started(task)

    def v2_playbook_on_stats(self, stats):
        self._timestamps.ended()
