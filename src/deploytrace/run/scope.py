"""The play that is running: its batch, its open roles and blocks, and which of them a task stands in."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any

from .. import identity
from ..events import PlayStarted, TaskDefined
from .containers import Container
from .model import BatchDetail, BlockDetail, Kind, Moment, PlayDetail, RoleDetail
from .tasks import TaskState

__all__ = ["Scope", "in_lockstep"]

_ANNOUNCEMENTS = 1024  # the latest ones that are remembered: more than there are workers who have not said their start
_LOCKSTEP = frozenset({"linear", "debug", "mitogen_linear"})


def in_lockstep(strategy: str) -> bool:
    """Say whether under the strategy of this name all hosts work at one task at a time."""
    return strategy.rpartition(".")[2] in _LOCKSTEP


class Scope:
    """One play from its start to the next play's start, with the containers that are open in it.

    ``lockstep`` is true where all hosts work at one task at a time (linear, debug): there, the announcement of a task
    says that the ones before it are over. Elsewhere a task is over when all hosts of the batch have done it or dropped
    out, and roles and blocks are over when the play is.
    """

    def __init__(self, event: PlayStarted, run: Container, end: Callable[[Container], None]) -> None:
        self._end = end
        self.first = event
        self.event = event
        self.batches = 0
        self.batch: Container | None = None
        self.inner: dict[str, Container] = {}  # open roles and blocks by node id, outermost first
        self.tasks: dict[int, TaskState] = {}
        self.at_work: dict[int, TaskState] = {}  # those with open occurrences
        self.out: set[str] = set()  # hosts of this batch that take no more part
        self._announcements: deque[tuple[int, int]] = deque(maxlen=_ANNOUNCEMENTS)  # time and task
        self._flush_rescued = False  # a block rescues the hosts whose handlers fail now
        self._entries: Counter[str] = Counter()
        self._invocations: dict[str, int] = {}
        self.lockstep = in_lockstep(event.strategy)
        node_id = identity.play_node(event.play)
        self.play = Container(
            node_id, Kind.PLAY, event.name, run, lambda _: PlayDetail(self.first, self.batches, self.lockstep), event.t
        )
        self._open_batch(event)

    def continues(self, event: PlayStarted) -> bool:
        """Say whether a play start is only the next batch of this play."""
        return event.uuid == self.first.uuid

    def next_batch(self, event: PlayStarted) -> None:
        """Go on with the play's next batch; the one before must have been left with `leave_batch`."""
        self.event = event
        self._open_batch(event)

    def _open_batch(self, event: PlayStarted) -> None:
        known = event.hosts is not None and event.hosts_total is not None
        several = not known or (event.hosts_total or 0) > len(event.hosts or ())
        self.batches += 1
        if self.batches == 1 and not (event.serial and several):
            return
        number = self.batches
        total = len(event.hosts) if event.hosts is not None else None
        detail = BatchDetail(number, total)
        node_id = identity.batch_node(event.play)
        self.batch = Container(node_id, Kind.BATCH, "batch", self.play, lambda _: detail, event.t)

    @property
    def floor(self) -> Container:
        """The container that a task without role and block stands in."""
        return self.batch or self.play

    @property
    def size(self) -> int | None:
        """How many hosts the batch has, where Ansible told."""
        return None if self.event.hosts is None else len(self.event.hosts)

    def define(self, definition: TaskDefined) -> TaskState:
        """Remember a task; its containers are opened when a host starts on it."""
        state = self.tasks[definition.task] = TaskState(definition, (self.floor,))
        return state

    def announce(self, t: int, definition: TaskDefined) -> None:
        """Note that a task is announced: handlers that run before the next one are rescued as their flush is."""
        self._announcements.append((t, definition.task))
        if definition.meta or (self.lockstep and not definition.handler):
            self._flush_rescued = definition.meta and definition.rescuable

    def announced(self, task: int, t: int) -> int:
        """Return when the task was announced that a host starts at ``t``; ``t`` where it never was.

        Not just the latest time: a start is said by its worker, and Ansible may have announced the next ones meanwhile.
        """
        found = (told for told, number in reversed(self._announcements) if number == task and told <= t)
        return next(found, t)

    def enter(self, state: TaskState) -> None:
        """Open the roles and blocks around a task, as far as they are not open."""
        if state.definition.handler:
            state.path = (self.floor,)
            state.rescuable = state.definition.rescuable or self._flush_rescued
            return
        path = [self.floor]
        for ancestor in state.definition.ancestors:
            if ancestor.get("kind") == "role":
                path.append(self._role(ancestor, path[-1]))
            else:
                path.extend(self._block(ancestor, path[-1]))
        state.path = tuple(path)

    def _open(self, key: str, make_id: Callable[[int], str], make: Callable[[str], Container]) -> Container:
        entry = max(1, self._entries[key])
        found = self.inner.get(make_id(entry))
        if found is None:
            self._entries[key] += 1
            node_id = make_id(self._entries[key])
            found = self.inner[node_id] = make(node_id)
        return found

    def _role(self, role: Mapping[str, Any], parent: Container) -> Container:
        key, name = str(role.get("key")), str(role.get("name"))
        play = self.event.play

        def make(node_id: str) -> Container:
            fqcn = str(role.get("fqcn") or name)
            number = self._invocations[fqcn] = self._invocations.get(fqcn, 0) + 1
            detail = RoleDetail(name, fqcn, role.get("path"), number)
            return Container(node_id, Kind.ROLE, name, parent, lambda _: detail)

        return self._open(f"role/{key}", lambda entry: identity.role_node(play, key, entry), make)

    def _block(self, block: Mapping[str, Any], parent: Container) -> list[Container]:
        key, name = str(block.get("key")), str(block.get("name") or "")
        play = self.event.play

        def section(which: str, above: Container) -> Container:
            def make(node_id: str) -> Container:
                path, line = block.get("path"), block.get("line")
                return Container(
                    node_id, Kind.BLOCK, name, above, lambda me: BlockDetail(name, which, me.rescued, path, line)
                )

            return self._open(f"block/{key}/{which}", lambda entry: identity.block_node(play, key, which, entry), make)

        whole = section("block", parent)
        which = str(block.get("section") or "block")
        if which == "block":
            return [whole]
        if which == "rescue":
            whole.rescued = True
        return [whole, section(which, whole)]

    def leave_others(self, state: TaskState) -> None:
        """In lockstep, end the roles and blocks that the task now announced does not stand in."""
        if state.definition.handler:
            return
        stay = {id(container) for container in state.path}
        for node_id, container in reversed(list(self.inner.items())):
            if id(container) not in stay and not container.open_tasks:
                del self.inner[node_id]
                self._end(container)

    def leave_batch(self, t: int) -> None:
        """End what is open in the batch, and the batch, at ``t`` (its last event)."""
        for node_id, container in reversed(list(self.inner.items())):
            del self.inner[node_id]
            self._end(container)
        self.tasks.clear()
        self.at_work.clear()
        self.out.clear()
        self._entries.clear()
        self._invocations.clear()
        if self.batch is not None:
            self.batch.cover(self.batch.start or t, t)
            self._end(self.batch)
            self.batch = None

    def leave(self, t: int) -> None:
        """End the play at ``t`` (its last event); its batch must have been left."""
        self.play.cover(self.play.start or t, t)
        self._end(self.play)

    def note(self, moment: Moment) -> None:
        """Add something that happened to the play as a whole."""
        self.floor.moments.append(moment)
