"""OpenTelemetry's SDK, imported so that no variable keeps it from being imported.

Its package reads one limit while it is imported, and raises where that is no number; `span_limits` reads the same
variable, and forgives.
"""

from __future__ import annotations

import os

_READ_AT_IMPORT = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"

_value = os.environ.pop(_READ_AT_IMPORT, None)
try:
    from opentelemetry.sdk.trace import sampling
finally:
    if _value is not None:
        os.environ[_READ_AT_IMPORT] = _value

__all__ = ["sampling"]
