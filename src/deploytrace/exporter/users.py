"""Who may read: names and bcrypt hashes from a file, as ``htpasswd -B`` writes it; passwords are nowhere."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from pathlib import Path

from ..errors import SettingError

__all__ = ["Users"]

_PREFIXES = ("$2a$", "$2b$", "$2y$")


class Users:
    """The users of a file. Raises `SettingError` where it cannot be read or holds something else."""

    def __init__(self, path: Path) -> None:
        try:
            import bcrypt
        except ImportError:
            raise SettingError("--users needs bcrypt: pip install 'deploytrace[exporter]'.") from None
        self._matches = bcrypt.checkpw
        self._hashes = _read(path)
        self._any = next(iter(self._hashes.values()))
        self._salt = os.urandom(32)
        self._known: set[bytes] = set()  # digests of what has been found right: bcrypt is slow on purpose

    def admit(self, authorization: str | None) -> bool:
        """Say whether a request's Authorization header is that of a user."""
        scheme, _, encoded = (authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            pair = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        digest = hmac.digest(self._salt, pair, hashlib.sha256)
        if digest in self._known:
            return True
        name, _, password = pair.partition(b":")
        hashed = self._hashes.get(name)
        try:
            # An unknown name takes as long as a known one.
            right = self._matches(password[:72], hashed or self._any) and hashed is not None
        except ValueError:
            right = False
        if right:
            self._known.add(digest)
        return right


def _read(path: Path) -> dict[bytes, bytes]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingError(f"The users in {path} cannot be read ({reason}).") from None
    found = {}
    for number, line in enumerate(lines, 1):
        name, _, hashed = line.strip().partition(":")
        if not line.strip() or line.startswith("#"):
            continue
        if not name or not hashed.startswith(_PREFIXES):
            raise SettingError(
                f"Line {number} of {path} is no user with a bcrypt hash: write it with `htpasswd -B {path} NAME`."
            )
        found[name.encode()] = hashed.encode()
    if not found:
        raise SettingError(f"{path} names no user: add one with `htpasswd -B {path} NAME`.")
    return found
