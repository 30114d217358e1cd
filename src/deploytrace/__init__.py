"""Shows where a deploy's time goes: Ansible runs as traces, recorded without costing the deploy anything.

Two processes share one file. ``capture`` runs inside Ansible and appends events to a journal; ``sidecar`` follows the
journal in a process of its own, lets ``run.replay`` make sense of it and feeds the ``sinks``.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
