"""Who notified which handler: Ansible says so only when handlers are flushed, and not for which task."""

from __future__ import annotations

from collections.abc import Iterator

from ..events import Notified, TaskDefined

__all__ = ["Notices"]


class Notices:
    """Changed host results that notify handlers, until the handler has run for their host.

    What counts is what the tasks say (``notify``) and how handlers can be named: by name, by ``role : name`` and by
    the topics they listen to.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], dict[str, str]] = {}  # (host, name) -> node id -> task name

    def changed(self, definition: TaskDefined, host: str, node_id: str) -> None:
        """Note that a task changed a host."""
        for name in definition.notify:
            self._waiting.setdefault((host, name), {})[node_id] = definition.name

    def flushed(self, event: Notified) -> None:
        """Take in Ansible's own word; it adds nothing to what the tasks said, but for names that were templates."""
        if event.name:
            self._waiting.setdefault((event.host, event.name), {})

    def answered(self, handler: TaskDefined, host: str) -> dict[str, str]:
        """Return the host results (node id to task name) that a handler runs for on a host, and forget them."""
        found: dict[str, str] = {}
        for name in self._names(handler):
            found.update(self._waiting.pop((host, name), {}))
        return found

    def clear(self) -> None:
        """Forget everything, at the end of a play."""
        self._waiting.clear()

    @staticmethod
    def _names(handler: TaskDefined) -> Iterator[str]:
        yield handler.name
        for role in (handler.role, handler.role_fqcn):
            if role:
                yield f"{role} : {handler.name}"
        yield from handler.listen
