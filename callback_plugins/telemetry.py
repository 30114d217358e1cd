"""deploytrace's callback: every hook is one line that hands on to the recorder."""

from __future__ import annotations

DOCUMENTATION = r"""
name: telemetry
type: notification
short_description: records where the run's time goes
description:
  - Records every run.
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
