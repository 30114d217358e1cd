"""Draws the dashboards with real data, for docs/dashboards.md: ``python -m pictures`` in the directory ``grafana``.

- ``session``: what happens on two controllers: real deploys, good and bad ones.
- ``clock``: the session's quarter of an hour, told as if it had been a week.
- ``filled``: a real Prometheus that has been told that week.
- ``page``: draws the panels in a browser, with the components of @grafana/ui.
"""
