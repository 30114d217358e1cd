"""What the tasks and the plays of a run are called, for those who name one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from ..events import TaskDefined
from ..run.load import children_first
from ..run.model import PlayDetail, TaskDetail, Tree

__all__ = ["full_name", "left_behind", "plays_by_name", "tasks_by_name"]


def full_name(definition: TaskDefined) -> str:
    """Return a task's name with its role's before it."""
    return f"{definition.role} | {definition.name}" if definition.role else definition.name


def tasks_by_name(tree: Tree) -> Mapping[str, set[str]]:
    """Return the stable ids of the tasks that a name stands for: as written, with the role, or the stable id itself."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for node in children_first(tree):
        if isinstance(node.detail, TaskDetail):
            task = node.detail.stable_id
            for name in (node.name, full_name(node.detail.definition), task):
                found[name].add(task)
    return found


def left_behind(tree: Tree, without: Collection[str]) -> list[str]:
    """Return the handlers that nothing but tasks with these stable ids notified, by their names."""
    tasks = [node.detail for node in children_first(tree) if isinstance(node.detail, TaskDetail)]
    gone = {task.definition.name for task in tasks if task.stable_id in without}
    found = (task for task in tasks if task.notified_by and task.stable_id not in without)
    return sorted({full_name(task.definition) for task in found if gone.issuperset(task.notified_by)})


def plays_by_name(tree: Tree) -> Mapping[str, set[str]]:
    """Return the nodes of the plays that a name stands for."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for play in tree.children:
        if isinstance(play.node.detail, PlayDetail):
            found[play.node.detail.started.name].add(play.node.id)
    return found
