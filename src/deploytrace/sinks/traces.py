"""The trace sink: nodes in, spans out, whatever the way of sending them is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from ..analysis.downtime import Downtimes
from ..run.model import Kind, Node
from .budget import DROPPED, FOLDED_HOST, FOLDED_TASK, Budget
from .span import Span, Value
from .span_builder import SpanBuilder
from .span_downtime import service_attributes
from .span_limits import shrink
from .span_shape import Collector
from .transport import RequestTooLarge, Transport

__all__ = ["MAX_BYTES", "MAX_ITEMS", "EncodedSpan", "TraceSink"]

MAX_ITEMS = 512
# Below the 4 MiB that a gRPC receiver takes by default.
MAX_BYTES = 3 * 1024 * 1024


class EncodedSpan(NamedTuple):
    """A span as it is sent."""

    data: bytes

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.data)


class TraceSink:
    """One destination of one run's spans; see `contract.Sink`."""

    after: tuple[str, ...] = ()

    def __init__(
        self,
        name: str,
        transport: Transport,
        builder: SpanBuilder,
        *,
        span_budget: int,
        sampled: bool,
        resumes: bool,
        schedule_delay: float,
        max_items: int = MAX_ITEMS,
    ) -> None:
        self.name = name
        self.destination = transport.destination
        self.resumes = resumes
        self.max_items = max_items
        self.max_bytes = MAX_BYTES
        self.schedule_delay = schedule_delay
        self._transport = transport
        self._builder = builder
        self._sampled = sampled
        self._budget = Budget(span_budget)
        self._downtimes = Downtimes()
        self._folded = {
            Kind.HOST: Collector(FOLDED_HOST, None),
            Kind.TASK: Collector(FOLDED_TASK, None),
            Kind.HANDLER: Collector(FOLDED_TASK, None),
        }

    def translate(self, node: Node) -> Sequence[EncodedSpan]:
        """Return a node's span; nothing where the trace is not sampled or the node is folded into its parent."""
        self._downtimes.take(node)
        if not self._sampled or not self._budget.keep(node):
            return ()
        extra: dict[str, Value] = {}
        folded = self._budget.take_folded(node)
        if folded is not None and node.kind in self._folded:
            extra = {name: value for name, value in self._folded[node.kind].collect(node, folded).items() if value}
        if node.kind is Kind.RUN:
            extra[DROPPED.name] = self._budget.dropped
            extra.update(service_attributes(self._downtimes.services()))
        return (self._encode(self._builder.build(node, extra)),)

    def _encode(self, span: Span) -> EncodedSpan:
        """Encode a span; one that is too large for any request has its texts cut until it is not."""
        data = self._transport.codec.encode(span)
        length = 4096
        while len(data) > MAX_BYTES // 2 and length:
            data = self._transport.codec.encode(shrink(span, length))
            length //= 4
        return EncodedSpan(data)

    def deliver(self, items: Sequence[EncodedSpan]) -> int:
        """Send one batch, in smaller ones where the destination wants that; see `contract.Sink.deliver`."""
        return self._send([item.data for item in items], time.monotonic() + self._transport.timeout)

    def _send(self, spans: list[bytes], deadline: float) -> int:
        try:
            return self._transport.send(spans, max(0.1, deadline - time.monotonic()))
        except RequestTooLarge:
            if len(spans) == 1:
                return 1
            # What the destination does not take now it will not take next time either.
            self.max_items = max(1, min(self.max_items, len(spans) // 2))
            half = len(spans) // 2
            return self._send(spans[:half], deadline) + self._send(spans[half:], deadline)

    def close(self) -> None:
        """Release the connection or the file."""
        self._transport.close()
