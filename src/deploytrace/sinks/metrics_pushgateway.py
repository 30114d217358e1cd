"""The metrics into a Pushgateway: each push replaces the whole group, so that a counter there is the store's counter.

A Pushgateway keeps what it was given last and adds nothing up; that is done in the store. Source:
https://github.com/prometheus/pushgateway#about-the-job-and-instance-labels
"""

from __future__ import annotations

import contextlib
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import requests

from .. import __version__
from ..errors import DeliveryRefused, DeliveryUnavailable, SettingError
from ..store.snapshot import Snapshot
from .http_trouble import NoNetrc, described, without_secrets

__all__ = ["JOB", "Pushgateway"]

JOB = "ansible"
"""The label ``job`` of the group; ``instance`` is the store's id."""

_TIMEOUT_S = 10.0
_MOST_WORDS = 300
_REMEDIES = {
    401: "it wants credentials: write them into the URL (http://USER:PASSWORD@HOST:9091)",
    403: "it does not accept these credentials: check those in the URL",
    404: "it does not know this path: the URL is that of its start page",
}


class Pushgateway:
    """One Pushgateway by its URL, which may hold user and password; see `metrics.Way`.

    Raises `SettingError` where it is none.
    """

    name = "metrics_pushgateway"

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise SettingError("metrics_pushgateway is not a URL such as http://pushgateway:9091.")
        self.destination = without_secrets(url).rstrip("/")
        path = parts.path.rstrip("/")
        self._base = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))
        self._session = requests.Session()
        self._session.auth = NoNetrc()
        if parts.username is not None:
            self._session.auth = (unquote(parts.username), unquote(parts.password or ""))

    def write(self, snapshot: Snapshot) -> int:
        """Replace the store's group; see `metrics.Way.write`."""
        from ..reports.exposition import text

        url = f"{self._base}/metrics/job/{JOB}/instance/{quote(snapshot.store_id, safe='')}"
        headers = {"Content-Type": "text/plain; version=0.0.4", "User-Agent": f"deploytrace/{__version__}"}
        try:
            answer = self._session.put(
                url, data=text(snapshot), headers=headers, timeout=_TIMEOUT_S, allow_redirects=False
            )
        except (OSError, ValueError) as error:
            raise DeliveryUnavailable(
                described(
                    error,
                    self.destination,
                    _TIMEOUT_S,
                    tls="the URL's scheme and REQUESTS_CA_BUNDLE",
                    otherwise="broke the connection off or speaks no HTTP.",
                )
            ) from None
        self._judge(answer)
        return 0

    def _judge(self, answer: requests.Response) -> None:
        status = answer.status_code
        if 200 <= status < 300:
            return
        kind = answer.headers.get("Content-Type", "")
        words = " ".join(answer.text.split())[:_MOST_WORDS] if "text/plain" in kind else ""
        told = f" ({words})." if words else "."
        if status == 400:
            raise DeliveryRefused(f"{self.destination} refused the metrics for good (400){told}")
        if 300 <= status < 400:
            raise DeliveryUnavailable(f"{self.destination} redirects ({status}): set its new URL.")
        remedy = _REMEDIES.get(status, "it cannot take data now")
        raise DeliveryUnavailable(f"{self.destination} answered {status}: {remedy}{told}")

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(Exception):
            self._session.close()
