"""Why an HTTP request got no answer, in one sentence that names the remedy."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

import requests

__all__ = ["NoNetrc", "described", "without_secrets"]

_TLS_REASON = re.compile(r"\[(?:SSL|X509)[^\]]*\] ([^(]+)")


class NoNetrc(requests.auth.AuthBase):
    """Keeps requests from putting a ~/.netrc's credentials in place of the configured ones."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request


def without_secrets(url: str) -> str:
    """Return an address without user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def described(error: Exception, where: str, timeout: float, *, tls: str, otherwise: str) -> str:
    """Return why ``where`` gave no answer within ``timeout`` s.

    ``tls`` is what to check where TLS failed; ``otherwise`` is the sentence's end where the connection broke off.
    """
    text = str(error)
    if isinstance(error, requests.exceptions.ProxyError):
        return f"The proxy to {where} cannot be used: check HTTPS_PROXY and NO_PROXY."
    if isinstance(error, requests.exceptions.SSLError):
        found = _TLS_REASON.search(text)
        reason = found[1].strip() if found else "the handshake failed"
        return f"TLS with {where} failed ({reason}): check {tls}."
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in text:
        return f"{where} did not answer in {timeout:g} s."
    if "NameResolutionError" in text or "Name or service not known" in text or "getaddrinfo" in text:
        return f"{where} cannot be reached: the name {urlsplit(where).hostname!r} is unknown."
    if "Connection refused" in text:
        return f"{where} cannot be reached: the connection was refused (is the receiver running?)."
    if isinstance(error, ValueError) or not isinstance(error, requests.RequestException):
        return f"{where} cannot be asked: {text}."
    return f"{where} {otherwise}"
