"""Stands in for Ansible's output: one line when the statistics would come, with the monotonic time in ns."""

from __future__ import annotations

import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: quiet
type: stdout
short_description: says when the run is over
description: [It prints nothing but the time at which the run's statistics would be shown.]
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Says when the run is over. Ansible calls the output's callback first, so what the others do comes after."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "quiet"

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the time past Ansible's buffers."""
        os.write(1, b"statistics at %d\n" % time.monotonic_ns())
