"""Secrets that were met: their values, and the other forms that they are likely to appear in."""

from __future__ import annotations

import base64
import json
import urllib.parse

__all__ = ["KnownSecrets"]

_LEAST = 4  # characters; shorter texts would mask half of every line
_LEAST_LINE = 8  # of a line of a longer secret
_LEAST_BASE64 = 6  # bytes that are looked for in base64
_MOST = 4000  # forms remembered; then the oldest are forgotten
_ORDINARY = frozenset(
    {
        "absent", "always", "ansible", "changed", "default", "disabled", "enabled", "false", "latest", "localhost",
        "never", "none", "null", "on_create", "password", "present", "root", "secret", "string", "token", "true",
    }
)  # fmt: skip


class KnownSecrets:
    """A bounded set of secret texts. Learning the same text again costs next to nothing."""

    def __init__(self) -> None:
        self._forms: dict[str, None] = {}
        self._sorted: tuple[str, ...] | None = None
        self.count = 0  # of the texts learnt so far; what was masked with fewer of them may need masking again

    def learn(self, text: str) -> None:
        """Remember a text as secret, unless it is too short or too ordinary to be told from other text."""
        text = text.strip()
        if text in self._forms or len(text) < _LEAST or text.lower() in _ORDINARY or "{{" in text:
            return
        self.count += 1
        for form in _forms(text):
            self._forms[form] = None
        while len(self._forms) > _MOST:
            del self._forms[next(iter(self._forms))]
        self._sorted = None

    def mask(self, text: str, mask: str) -> str:
        """Return the text with every known secret in it masked, the longest first."""
        if self.within(text):
            if self._sorted is None:
                self._sorted = tuple(sorted(self._forms, key=len, reverse=True))
            for form in self._sorted:
                text = text.replace(form, mask)
        return text

    def within(self, text: str) -> bool:
        """Return whether a known secret is in a text, which may be JSON."""
        return any(map(text.__contains__, self._forms))


def _forms(text: str) -> set[str]:
    """Return a secret as it may appear: as it is, line by line, as JSON, in a URL, in base64."""
    forms: set[str] = set()
    for part in {text, *(line.strip() for line in text.splitlines() if len(line.strip()) >= _LEAST_LINE)}:
        encoded = part.encode("utf-8", "surrogatepass")
        forms |= {
            part,
            json.dumps(part)[1:-1],
            json.dumps(part, ensure_ascii=False)[1:-1],
            urllib.parse.quote(encoded, safe=""),
            urllib.parse.quote_plus(encoded),
        }
        if len(encoded) >= _LEAST_BASE64:
            forms |= {base64.b64encode(encoded).decode(), base64.b64encode(encoded + b"\n").decode()}
    return {form for form in forms if len(form) >= _LEAST}
