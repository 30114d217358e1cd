"""What must not be seen is masked here, before anything reaches the disk.

Three nets, one behind the other: values under names that look secret, texts that look secret wherever they stand
(`patterns`), and values that were met as secrets before (`known`, filled by `secrets`). Masking may take too much; it
must not take too little.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from .known import KnownSecrets
from .patterns import HINT, NAMES, NO_SECRETS, looks

__all__ = ["MASK", "Redactor", "is_vaulted"]

MASK = "********"

_DEPTH = 8  # levels of a value that are shown
_ENTRIES = 1000  # entries of a value, at all its levels, that are shown
_LONGEST = 65536  # characters of a text that are looked at
_MARGIN = 8  # times as many characters are redacted as are shown, so that no secret is cut in half in what is shown
_NAMES = 4096  # names whose secrecy is remembered

_VAULTED = frozenset({"AnsibleVaultEncryptedUnicode", "EncryptedString"})  # 2.17 and 2.18; 2.19 and later
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def is_vaulted(value: Any) -> bool:
    """Return whether a value is an inline ``!vault`` text; to look at it as a text would decrypt it."""
    return type(value).__name__ in _VAULTED


class Redactor:
    """Masks names, texts and values. ``keys`` and ``patterns`` are further regular expressions, ``mask`` Ansible's own.

    Raises `re.error` where one of them is no regular expression.
    """

    def __init__(
        self, keys: Sequence[str] = (), patterns: Sequence[str] = (), mask: Callable[[str], str] | None = None
    ) -> None:
        self._mask = mask
        extra = [f"(?:{key})" for key in keys]
        self._secret_name = re.compile("|".join([NAMES, *extra]), re.IGNORECASE)
        self._patterns = tuple(map(re.compile, patterns))
        self._names: dict[str, bool] = {}
        self.known = KnownSecrets()

    def secret_name(self, name: Any) -> bool:
        """Return whether what stands under this name (of an argument, a variable, a key) is taken for a secret."""
        name = str(name)
        found = self._names.get(name)
        if found is None:
            if len(self._names) >= _NAMES:
                self._names.clear()
            found = self._names[name] = name not in NO_SECRETS and self._secret_name.search(name) is not None
        return found

    def text(self, text: str) -> str:
        """Return a text without what is known or looks like a secret; its line ends stay."""
        text = self.known.mask(str(text), MASK)
        if self._mask is not None:
            text = self._mask(text)
        for pattern in self._patterns:
            text = pattern.sub(MASK, text)
        if HINT.search(text) is not None:
            for look in looks():
                text = look.sub(rf"\g<1>{MASK}", text)
        return text

    def name(self, text: str, limit: int = 256) -> str:
        """Return a text that is to stand in one line: redacted, without control characters, at most ``limit`` long."""
        return _one_line(self.text(text), limit)

    def value(self, value: Any, longest: int = _LONGEST, secret: Container[str] = ()) -> Any:
        """Return a copy of a value that JSON can hold, with what is secret by its name or looks masked.

        Of a text at most ``longest`` characters are looked at, of a large value its first thousand entries. ``secret``
        are further names whose values are masked.
        """
        return _Copying(self, lambda text: self.text(text[:longest]), secret=secret).copied(value, _DEPTH)

    def within(self, value: Any, size: int, shown: Callable[[str], str]) -> Any:
        """Return such a copy whose names and texts have about ``size`` bytes together; ``shown`` redacts a text."""
        return _Copying(self, shown, size).copied(value, _DEPTH)

    def shown(self, value: Any, limit: int = 256, secret: Container[str] = ()) -> str:
        """Return any value in one redacted line, at most ``limit`` long: a text as it is, everything else as JSON.

        ``secret`` are further names whose values are masked.
        """
        value = self.value(value, limit * _MARGIN, secret)
        return _one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), limit)


def _one_line(text: str, limit: int) -> str:
    text = _UNPRINTABLE.sub(" ", text).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


class _Copying:
    """One value that is being copied, and how much more of it may be; what is left out leaves a mark."""

    def __init__(
        self,
        redactor: Redactor,
        shown: Callable[[str], str],
        size: int = _LONGEST * _ENTRIES,
        secret: Container[str] = (),
    ) -> None:
        self._redactor = redactor
        self._shown = shown
        self._secret = secret
        self._entries = _ENTRIES
        self._size = size

    def copied(self, value: Any, depth: int) -> Any:
        self._entries -= 1
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if is_vaulted(value):
            return MASK
        if isinstance(value, str):
            return self._text(value)
        if depth == 0:
            return "…"
        if isinstance(value, Mapping):
            return self._mapping(list(value.items()), depth - 1)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._list(list(value), depth - 1)
        return self._text(str(value))

    def _text(self, value: str) -> str:
        text = self._shown(value)
        self._size -= len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        return text

    def _mapping(self, entries: list[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number, (key, entry) in enumerate(entries):
            if self._full():
                found["…"] = _left_out(len(entries) - number)
                break
            name = self._redactor.name(str(key))
            self._size -= len(name)
            found[name] = MASK if self._hidden(key, entry) else self.copied(entry, depth)
        return found

    def _list(self, entries: list[Any], depth: int) -> list[Any]:
        found: list[Any] = []
        for number, entry in enumerate(entries):
            if self._full():
                found.append(_left_out(len(entries) - number))
                break
            found.append(self.copied(entry, depth))
        return found

    def _full(self) -> bool:
        return self._entries <= 0 or self._size <= 0

    def _hidden(self, key: Any, entry: Any) -> bool:
        if entry is None or isinstance(entry, bool):
            return False
        return key in self._secret or self._redactor.secret_name(key)


def _left_out(entries: int) -> str:
    return f"[... {entries} entries left out ...]" if entries > 1 else "[... 1 entry left out ...]"
