"""A destination that cannot be opened now: its run waits for it, and says why, while the others go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import DeliveryUnavailable
from ..run.model import Kind, Node

__all__ = ["Blocked"]


@dataclass(frozen=True, slots=True)
class _Whatever:
    """What would be delivered."""

    size: int = 0


class Blocked:
    """Stands where a sink would; see `contract.Sink`. ``obstacle`` is the sentence that says what is in the way."""

    resumes = False
    max_items = 1
    max_bytes = 1
    schedule_delay = 0.0
    after: tuple[str, ...] = ()

    def __init__(self, name: str, obstacle: str) -> None:
        self.name = name
        self.destination = f"no destination for the {name}"
        self._obstacle = obstacle

    def translate(self, node: Node) -> Sequence[_Whatever]:
        """Return one thing to deliver, when the run is over."""
        return (_Whatever(),) if node.kind is Kind.RUN else ()

    def deliver(self, items: Sequence[_Whatever]) -> int:
        """Raise `errors.DeliveryUnavailable`."""
        raise DeliveryUnavailable(self._obstacle)

    def close(self) -> None:
        """Nothing is held."""
