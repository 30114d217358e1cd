"""What is in ``grafana/dashboards``: each dashboard is a module here, written as JSON by ``python -m boards``."""
