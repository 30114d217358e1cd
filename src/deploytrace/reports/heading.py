"""What stands above and below the terminal reports about one run: which run it is, and facts in short."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from .. import identity
from ..run.model import RunDetail, Tree
from .paper import wrapped
from .styles import DIM
from .timeline import Glyphs
from .wording import cut, local_time, neutral, neutral_line

__all__ = ["heading", "in_lines"]


def heading(tree: Tree, glyphs: Glyphs, width: int) -> list[Text]:
    """Return which run this is, when it was, and by what."""
    detail = tree.node.detail
    facts = [local_time(tree.node.start)]
    if isinstance(detail, RunDetail):
        started = detail.started
        trace = identity.trace_id(started.run_id, started.traceparent, started.join_trace)
        facts += [f"trace {trace}", f"Ansible {neutral(started.ansible_version)}"]
        facts += [f"run {started.run_id}"] if trace != started.run_id else []
        facts += ["check mode"] if started.check_mode else []
        facts += [f"limit {neutral_line(started.limit)}"] if started.limit else []
    return in_lines(facts, glyphs, width)


def in_lines(facts: Sequence[str], glyphs: Glyphs, width: int) -> list[Text]:
    """Return short facts one beside the other, in lines of at most ``width`` terminal cells."""
    words = (Text(cut(fact, width), DIM) for fact in facts)
    return wrapped(words, width, between=Text(glyphs.dot, DIM))
