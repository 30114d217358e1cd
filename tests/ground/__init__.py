"""The ground the tests stand on: real parts, started and stopped here, and nothing that imitates one.

- ``environments``: one virtualenv for each supported ansible-core, with the wheel of this checkout installed, and one
  more with the programs that docs/recipes.md names. ``peers``: the collections that deploytrace is compared with.
- ``ansible``: real ``ansible-playbook`` runs in such an environment, each user with a home of its own, and the signals
  that a terminal sends them.
- ``servers``: a real Jaeger; ``collector``: the same program as an OpenTelemetry Collector for metrics.
- ``prometheus``, ``alertmanager``, ``pushgateway``, ``node_exporter``: each the real one, started by ``serving``.
  ``golang`` builds what is built from Go modules; ``debian`` unpacks what comes from the distribution's packages.
- ``deploying``: the parsers of what is shipped for containers: Docker Compose's, docker build's, kustomize.
- ``sshd``: real SSH hosts on loopback addresses.
- ``receiver``: a small OTLP server for the faults that a real one cannot be made to show, with TLS on wish
  (``certificates``).
- ``otlp``: what all of them are asked for, spans, in one typed form.
- ``processes``: what the tests started and must have ended; ``waiting``: how patient they are with all of them.

Everything slow is built once, into a cache outside the checkout (``cache``); ``python -m ground`` builds it all at once
and says what it is doing. The pytest fixtures over these parts are in ``tests/conftest.py``.
"""

from __future__ import annotations
