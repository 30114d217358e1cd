"""How playbooks are named in the store and as labels."""

from __future__ import annotations

from ..events import RunStarted
from ..kinds import clean, playbook_name

__all__ = ["clean", "playbook_label"]


def playbook_label(started: RunStarted) -> str:
    """Return a playbook's name in the store and in metrics."""
    return clean(playbook_name(started))
