"""What an OTLP receiver answers, read from the body: how much it will never take, or why it failed.

A receiver should answer in the form that it was asked in, but not every one does; the content type says what it is.
Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
"""

from __future__ import annotations

import logging

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from .otlp_codec import JSON, PROTOBUF
from .otlp_signal import Signal

__all__ = ["rejected", "said"]

_log = logging.getLogger(__name__)

_MOST_WORDS = 300


def _fill(message: Message, kind: str, body: bytes) -> None:
    """Read a body into a message; `ValueError` where it is something else."""
    try:
        if kind == JSON:
            json_format.Parse(body or b"{}", message, ignore_unknown_fields=True)
        else:
            message.ParseFromString(body)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_MOST_WORDS]


def rejected(destination: str, signal: Signal, kind: str, body: bytes) -> int:
    """Return how many items a successful answer says will never be taken; why is logged.

    ``kind`` is the content type without parameters. Raises `ValueError` where no OTLP receiver would answer so: a web
    page, or a body that is not what its type says. A body of any other type says nothing and is a success.
    """
    if kind == "text/html":
        raise ValueError("a web page")
    if kind not in (PROTOBUF, JSON):
        return 0
    response = signal.answer()
    _fill(response, kind, body)
    partial = response.partial_success  # type: ignore[attr-defined]
    if partial.error_message:
        _log.warning("%s says: %s", destination, _one_line(partial.error_message))
    return max(0, int(getattr(partial, signal.rejected)))


def said(kind: str, body: bytes) -> str:
    """Return a receiver's own words on a failure, in one line: OTLP's Status, or plain text; empty if it has none."""
    if kind == "text/plain":
        return _one_line(body.decode("utf-8", "replace"))
    status = Status()
    if kind in (PROTOBUF, JSON):
        try:
            _fill(status, kind, body)
        except ValueError:
            return ""
    return _one_line(status.message)
