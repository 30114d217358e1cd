"""Ansible's hooks, each one line that hands on to the process's recorder; the callbacks that record inherit them.

A callback overrides all of them, but for ``v2_runner_on_start``, which forks make up for (`worker`): which of ours is
enabled makes no difference to what is recorded, only to what is made of it.
"""

from __future__ import annotations

from typing import Any

from .hot_path import HotPath
from .recorder import Recorder

__all__ = ["Hooks"]


class Hooks(HotPath):
    """Hands Ansible's hooks on to the recorder, which never raises; ``v2_runner_on_ok`` is the hot path's."""

    _recorder: Recorder

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Do nothing: the recorder reads the settings, and forgives mistakes; Ansible would drop the callback."""

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._recorder.playbook_started(self, playbook)

    def v2_playbook_on_vars_prompt(
        self,
        varname: str,
        private: bool = True,
        prompt: Any = None,
        encrypt: Any = None,
        confirm: bool = False,
        salt_size: Any = None,
        salt: Any = None,
        default: Any = None,
        unsafe: Any = None,
    ) -> None:
        self._recorder.prompt_shown(varname, private, default)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._recorder.play_started(self, play)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        self._recorder.no_hosts_matched()

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        self._recorder.hosts_exhausted()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._recorder.task_started(task, False)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._recorder.task_started(task, True)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        self._recorder.included(included_file)

    def v2_playbook_on_notify(self, handler: Any, host: Any) -> None:
        self._recorder.notified(handler, host)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._recorder.stats_shown(stats)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._recorder.host_failed(result, ignore_errors)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._recorder.host_skipped(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._recorder.host_unreachable(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._recorder.item_finished(result, "ok")

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._recorder.item_finished(result, "failed")

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._recorder.item_finished(result, "skipped")

    def v2_runner_retry(self, result: Any) -> None:
        self._recorder.attempt_failed(result)

    def v2_runner_on_async_poll(self, result: Any) -> None:
        self._recorder.async_polled(result, "running")

    def v2_runner_on_async_ok(self, result: Any) -> None:
        self._recorder.async_polled(result, "ok")

    def v2_runner_on_async_failed(self, result: Any) -> None:
        self._recorder.async_polled(result, "failed")

    def v2_on_file_diff(self, result: Any) -> None:
        self._recorder.diff_shown(result)
