"""Which destinations a run has: the enabled callbacks and the settings decide, in this one place."""

# Annotations are not postponed here: `typing` would compile each one anew, at every start of Ansible.
from collections.abc import Sequence
from typing import NamedTuple

from .settings import Settings

__all__ = ["Features", "features"]

_TOP_CONSOLE = 10


class Features(NamedTuple):
    """What is made of a run."""

    traces: bool
    history: bool  # and with it the metrics
    log: bool
    page: bool
    mail: bool
    top_console: int  # how many of the slowest tasks are shown at the run's end; 0: no report


def features(settings: Settings, callbacks: Sequence[str]) -> Features:
    """Return what is made of a run with these settings, where these of deploytrace's callbacks are enabled."""
    telemetry, log_plays = "telemetry" in callbacks, "log_plays" in callbacks
    top = settings.top_console
    if top is None:
        top = _TOP_CONSOLE if "profile_tasks" in callbacks else 0
    return Features(
        traces=telemetry,
        history=telemetry,
        log=log_plays or (telemetry and settings.log_dir is not None),
        page=(log_plays or telemetry) and settings.page != "never",
        mail=(log_plays or telemetry) and bool(settings.mail_to),
        top_console=top if telemetry or "profile_tasks" in callbacks else 0,
    )
