"""The envelopes of OTLP requests, in both forms: resource and scope around what has been encoded already.

A request is the encoded spans (or metrics) put one after another in an envelope, so that a batch can be measured,
split and sent again without encoding anything twice. All signals have the same envelope, but for names in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from .otlp_codec import JSON, PROTOBUF, SCHEMA_URL, SCOPE_NAME, Scope
from .otlp_signal import Signal
from .span import Attributes, Value

__all__ = ["JsonEnvelope", "ProtobufEnvelope", "json_attributes", "put_attributes", "quoted", "to_json"]

# Field numbers of opentelemetry/proto/trace/v1/trace.proto and .../trace_service.proto; those of metrics are the same.
_REQUEST_RESOURCE = 1
_RESOURCE, _RESOURCE_SCOPE, _RESOURCE_SCHEMA_URL = 1, 2, 3
_SCOPE, _SCOPE_ITEMS, _SCOPE_SCHEMA_URL = 1, 2, 3

to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
quoted = json.encoder.encode_basestring
"""Return a text as `to_json` writes it; a span has dozens of them."""


def json_attributes(attributes: Attributes) -> str:
    """Return attributes in OTLP's JSON form, encoded: a list."""
    pairs = [f'{{"key":{quoted(name)},"value":{{{_json_value(value)}}}}}' for name, value in attributes.items()]
    return f"[{','.join(pairs)}]"


def _json_value(value: Value) -> str:
    if isinstance(value, str):
        return f'"stringValue":{quoted(value)}'
    if isinstance(value, bool):
        return '"boolValue":true' if value else '"boolValue":false'
    if isinstance(value, int):
        return f'"intValue":"{value}"'
    if isinstance(value, float):
        return f'"doubleValue":{value!r}'  # it is finite (`span_shape`)
    parts = [f'{{"stringValue":{quoted(part)}}}' for part in value]
    return f'"arrayValue":{{"values":[{",".join(parts)}]}}'


def put_attributes(container: Any, attributes: Attributes) -> None:
    """Add attributes to a message's repeated KeyValue field."""
    add = container.add
    for name, value in attributes.items():
        pair = add()
        pair.key = name
        kind = type(value)
        if kind is str:
            pair.value.string_value = value
        elif kind is bool:
            pair.value.bool_value = value
        elif kind is int:
            pair.value.int_value = value
        elif kind is float:
            pair.value.double_value = value
        else:
            values = pair.value.array_value.values
            for part in value:  # type: ignore[union-attr]
                values.add().string_value = part


def _field(number: int, payload: bytes) -> bytes:
    """Return a length-delimited field of a protobuf message."""
    head = bytearray([number << 3 | 2])
    length = len(payload)
    while length > 127:
        head.append(length & 127 | 128)
        length >>= 7
    head.append(length)
    return bytes(head) + payload


class JsonEnvelope:
    """Puts what is encoded in JSON into a request."""

    content_type = JSON

    def __init__(self, scope: Scope, signal: Signal) -> None:
        self.signal = signal
        items, group = signal.items, signal.items.capitalize()
        resource = f'{{"resource":{{"attributes":{json_attributes(scope.resource)}}},"schemaUrl":{quoted(SCHEMA_URL)}'
        about = to_json({"scope": {"name": SCOPE_NAME, "version": scope.version}, "schemaUrl": SCHEMA_URL})
        before = f'{{"resource{group}":[{resource},"scope{group}":[{about[:-1]},"{items}":['
        self._before, self._after = before.encode(), b"]}]}]}"

    def request(self, items: Sequence[bytes]) -> bytes:
        """Return a request of encoded items."""
        return self._before + b",".join(items) + self._after if items else b"{}"


class ProtobufEnvelope:
    """Puts what is encoded in the binary form into a request."""

    content_type = PROTOBUF

    def __init__(self, scope: Scope, signal: Signal) -> None:
        self.signal = signal
        resource = Resource()
        put_attributes(resource.attributes, scope.resource)
        instrumentation = InstrumentationScope(name=SCOPE_NAME, version=scope.version)
        schema = SCHEMA_URL.encode()
        self._resource = _field(_RESOURCE, resource.SerializeToString())
        self._resource_schema = _field(_RESOURCE_SCHEMA_URL, schema)
        self._scope = _field(_SCOPE, instrumentation.SerializeToString())
        self._scope_schema = _field(_SCOPE_SCHEMA_URL, schema)

    @staticmethod
    def item(message: bytes) -> bytes:
        """Return a serialised span or metric as it stands in a request."""
        return _field(_SCOPE_ITEMS, message)

    def request(self, items: Sequence[bytes]) -> bytes:
        """Return a request of encoded items."""
        if not items:
            return b""
        scoped = b"".join((self._scope, *items, self._scope_schema))
        resource = b"".join((self._resource, _field(_RESOURCE_SCOPE, scoped), self._resource_schema))
        return _field(_REQUEST_RESOURCE, resource)
