"""What deploytrace costs, side by side with running nothing, with an empty callback and with community.general's.

- ``contestants``: who is compared. ``setting``: the environments and servers that all measurements share.
- ``inside``: what is given to Ansible; its driver makes a real Ansible dispatch real results again and again, and
  ``driven`` is the harness's end of it. Its account counts what a whole run's callbacks take; ``accounted`` reads it.
- One file per measurement: ``dispatch``, ``forks``, ``loading``, ``memory``, ``ending``, ``whole_run``,
  ``throughput``, ``latency``, ``store``, ``past``, ``page``. Each has a ``measure`` that returns a `report.Section`.
- ``samples``: the statistics. ``report``: sections as a table in the terminal, as JSON and in ``docs/performance.md``.

``make benchmark`` runs all of it; ``--help`` tells the rest.
"""

from __future__ import annotations
