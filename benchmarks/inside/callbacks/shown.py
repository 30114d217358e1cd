"""Ansible's own output, and one line when the statistics come, with the monotonic time in ns."""

from __future__ import annotations

import os
import time
from typing import Any

from ansible.plugins.callback.default import CallbackModule as Default

DOCUMENTATION = """
name: shown
type: stdout
short_description: Ansible's own output, and when the run is over
description: [It prints what Ansible prints, and the time at which the run's statistics are shown.]
extends_documentation_fragment: [default_callback, result_format_callback]
"""


class CallbackModule(Default):  # type: ignore[misc]
    """Says when the run is over. Ansible calls the output's callback first, so what the others do comes after."""

    CALLBACK_NAME = "shown"

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Show them, and print the time past Ansible's buffers."""
        super().v2_playbook_on_stats(stats)
        os.write(1, b"statistics at %d\n" % time.monotonic_ns())
