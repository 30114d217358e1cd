"""The callback to compare a full log with: in the hooks of BENCHMARK_HOOKS it reads the result, and that is all."""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: reading
type: notification
short_description: reads every result
description: [It overrides the hooks that BENCHMARK_HOOKS names and reads the result where there is one.]
"""


def _nothing(self: Any, *args: Any, **kwargs: Any) -> None:
    """Ansible has paid for the call, and that is all."""


def _read(self: Any, result: Any, *args: Any, **kwargs: Any) -> None:
    """Make Ansible build the result: the underscore form is the one that all its versions have."""
    _ = result._result


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Reads every result, as a callback must that records them all."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "reading"
    CALLBACK_NEEDS_ENABLED = True


for _hook in os.environ.get("BENCHMARK_HOOKS", "").split():
    setattr(CallbackModule, _hook, _read if _hook.startswith("v2_runner_") else _nothing)
