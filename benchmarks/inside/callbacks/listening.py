"""The callback to compare with: it overrides the hooks that BENCHMARK_HOOKS names, and does nothing in them."""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: listening
type: notification
short_description: listens and does nothing
description: [It overrides the hooks that BENCHMARK_HOOKS names and does nothing in them.]
"""


def _nothing(self: Any, *args: Any, **kwargs: Any) -> None:
    """Ansible has paid for the call, and that is all."""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Listens; its hooks are those of the callback it is compared with, so that Ansible's own work is the same."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "listening"
    CALLBACK_NEEDS_ENABLED = True


for _hook in os.environ.get("BENCHMARK_HOOKS", "").split():
    setattr(CallbackModule, _hook, _nothing)
