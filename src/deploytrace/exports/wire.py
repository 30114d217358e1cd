"""Protocol Buffers as they are on the wire, as far as an export needs them: numbers, texts, and messages of these.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

__all__ = ["message", "number", "text"]

_VARINT, _LENGTH = 0, 2  # wire types


def number(field: int, value: int) -> bytes:
    """Return a field that is a number, 0 or more."""
    return _varint(field << 3 | _VARINT) + _varint(value)


def text(field: int, value: str) -> bytes:
    """Return a field that is a text; what UTF-8 cannot hold is written out."""
    return message(field, value.encode("utf-8", "backslashreplace"))


def message(field: int, *parts: bytes) -> bytes:
    """Return a field that is a message of these fields."""
    content = b"".join(parts)
    return _varint(field << 3 | _LENGTH) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
