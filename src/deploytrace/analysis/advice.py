"""The changes that would help a run most: the sensible ones are tried, those with the greatest effect are named.

Tried are: more forks, bigger serial batches, free where nothing in the run says that hosts depend on each other, and
for the tasks that save most, half their time, twice as many hosts at once where they are throttled, and no slow host.
Their effects do not add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..run.model import Outcome, Tree
from .changes import Changes, Faster
from .names import full_name, plays_by_name, tasks_by_name
from .savings import capped, savings
from .schedule import Strategy
from .simulation import PlannedBatch, PlannedStep
from .what_if import Prediction, Predictor

__all__ = ["Advice", "advise"]

_WORTH = 0.01  # of the run; less is not worth a word
_TASKS = 5  # tasks that are looked at
_MOST_FORKS = 100
_ODD = 2.0  # times what the median host takes is worth a word
_ENOUGH = 0.9  # of what the most forks save: fewer that save so much are named


@dataclass(frozen=True, slots=True)
class Advice:
    """A change in words, why it helps, what of ``what-if`` would try it, and what it would come to."""

    change: str
    reason: str
    arguments: tuple[str, ...]
    prediction: Prediction


def advise(tree: Tree, most: int = 3) -> tuple[Advice, ...]:
    """Return at most ``most`` changes, the one that saves most first; of one task only the better one."""
    predictor = Predictor(tree)
    least = predictor.recorded_ns * _WORTH
    found = [each for each in _tried(tree, predictor) if each[1].prediction.saving_ns > least]
    found.sort(key=lambda each: -each[1].prediction.saving_ns)
    kept: dict[str, Advice] = {}
    for about, advice in found:
        kept.setdefault(about, advice)
    return tuple(kept.values())[:most]


_Tried = tuple[str, Advice]
"""What a change is about, and the change."""


def _tried(tree: Tree, predictor: Predictor) -> Iterator[_Tried]:
    batches = predictor.plan.batches
    if not batches:
        return
    yield from _more_forks(predictor)
    yield from _bigger_batches(tree, predictor)
    if all(_independent(batch) for batch in batches) and any(len(batch.steps) > 1 for batch in batches):
        reason = "no host waits for the slowest one of each task; only if none depends on what others have done"
        prediction = predictor.predict(Changes(strategy=Strategy.FREE))
        yield "strategy", Advice("strategy free", reason, ("--strategy", "free"), prediction)
    yield from _tasks(tree, predictor)


def _more_forks(predictor: Predictor) -> Iterator[_Tried]:
    """Yield the fewest forks that save about as much as the most do: each takes memory and a processor's time."""
    batches = predictor.plan.batches
    hosts = max(len(batch.hosts) for batch in batches)
    slots = forks = max(batch.slots for batch in batches)
    tried = []
    while forks < min(hosts, _MOST_FORKS):
        forks = min(2 * forks, hosts, _MOST_FORKS)
        tried.append((forks, predictor.predict(Changes(forks=forks))))
    enough = _ENOUGH * max((prediction.saving_ns for _, prediction in tried), default=0)
    for forks, prediction in tried:
        if prediction.saving_ns >= enough:
            reason = f"up to {hosts} hosts share {slots} forks, and wait for one to become free"
            yield "forks", Advice(f"{forks} forks", reason, ("--forks", str(forks)), prediction)
            return


def _bigger_batches(tree: Tree, predictor: Predictor) -> Iterator[_Tried]:
    """Yield what the batches of each play come to twice as big; one that goes ahead of bigger ones stays as it is."""
    names = {play: name for name, plays in plays_by_name(tree).items() for play in plays if len(plays) == 1}
    several = len({batch.play for batch in predictor.plan.batches}) > 1
    for play, batches in groupby(predictor.plan.batches, lambda batch: batch.play):
        sizes = [len(batch.hosts) for batch in batches]
        if len(sizes) < 2 or (several and play not in names):
            continue
        serial = _twice(sizes)
        change = "no serial batches" if serial == ("100%",) else f"batches of {', '.join(serial)} hosts"
        change += f" in {names[play]}" if several else ""
        reason = "each batch waits for the slowest host of the one before; fewer hosts stay up meanwhile"
        words = ("--serial", ",".join(serial), *(("--play", names[play]) if several else ()))
        prediction = predictor.predict(Changes(serial=serial, plays=(play,)))
        yield f"serial {play}", Advice(change, reason, words, prediction)


def _twice(sizes: Sequence[int]) -> tuple[str, ...]:
    """Return ``serial`` for batches twice as big as these, the first excepted where it is smaller than the next."""
    ahead = sizes[: int(sizes[0] < sizes[1])]
    others = sizes[len(ahead) :]
    if len(others) > 1 and others[-1] < others[-2]:  # what was left
        others = others[:-1]
    if not ahead and 2 * others[0] >= sum(sizes):
        return ("100%",)
    return (*map(str, ahead), *(str(2 * size) for size, _ in groupby(others)))


def _independent(batch: PlannedBatch) -> bool:
    """Say whether a batch can be thought of under free: in lockstep now, and no task is for all hosts at once."""
    definitions = [step.step.detail.definition for step in batch.steps]
    return batch.strategy is Strategy.LINEAR and not any(each.run_once or each.delegate_to for each in definitions)


def _tasks(tree: Tree, predictor: Predictor) -> Iterator[_Tried]:
    steps: dict[str, list[PlannedStep]] = {}
    slots: dict[str, int] = {}
    for batch in predictor.plan.batches:
        for step in batch.steps:
            task = step.step.detail.stable_id
            steps.setdefault(task, []).append(step)
            slots[task] = max(batch.workers, slots.get(task, 0))
    saved = savings(predictor.plan, sorted(steps, key=lambda task: -sum(map(_work, steps[task]))))
    names = tasks_by_name(tree)
    for task in sorted(saved, key=lambda each: -saved[each].whole_ns)[:_TASKS]:
        name = full_name(steps[task][0].step.detail.definition)
        called = name if len(names[name]) == 1 and name.isprintable() else task
        widest = max(steps[task], key=_work)
        slowest, evened = max(zip(widest.works, capped(widest).works, strict=True), key=lambda each: each[0].duration)
        median = evened.duration
        odd = f"{slowest.host} takes {slowest.duration / 1e9:.1f} s, the median host {median / 1e9:.1f} s"
        if 0 < widest.throttle < min(len(widest.works), slots[task]):
            many = 2 * widest.throttle
            reason = f"its throttle lets {widest.throttle} of {len(widest.works)} hosts at it at once"
            reason += "; only if what it spares can bear more"
            more = predictor.predict(Changes(throttle=((task, many),)))
            yield task, Advice(f"throttle {many} for {name}", reason, ("--throttle", f"{called}={many}"), more)
        elif all(work.outcome is Outcome.SKIPPED for step in steps[task] for work in step.works):
            reason = f"all hosts skip it, and the run waits {saved[task].whole_ns / 1e9:.1f} s for that"
            none = predictor.predict(Changes(without=(task,)))
            yield task, Advice(f"without {name}", reason, ("--without", called), none)
        else:
            why = _why(steps[task]) or (f": {odd}" if slowest.duration > _ODD * median else "")
            reason = f"the run waits {saved[task].whole_ns / 1e9:.1f} s for it{why}"
            half = predictor.predict(Changes(faster=(Faster(task, share=0.5),)))
            yield task, Advice(f"half the time for {name}", reason, ("--faster", f"{called}=50%"), half)
        if slowest.duration > median:
            even = predictor.predict(Changes(faster=(Faster(task, most_ns=median),)))
            words = ("--faster", f"{called}={median / 1e9:.2f}s")
            yield task, Advice(f"no slow host in {name}", odd, words, even)


def _why(steps: Sequence[PlannedStep]) -> str:
    """Return what of a task can be seen to take so long, in words that follow a sentence; empty where nothing can."""
    definition = steps[0].step.detail.definition
    details = [work.detail for step in steps for work in step.step.works]
    items, attempts = (max(getattr(detail, what) for detail in details) for what in ("items", "attempts"))
    action = definition.action.rpartition(".")[2]
    if action in _FACTS:
        return ": gather_subset has fewer facts gathered, `gather_facts: false` none"
    if action in _INCLUDES:
        return f": {action.replace('include', 'import')} takes no time, where it needs no loop and no fact"
    if attempts > 1:
        return f": some host tried it {attempts} times"
    if items > 1:
        return f": its loop has up to {items} items, one after the other"
    if definition.run_once and len(steps) > 1:
        return f": it runs once in each of {len(steps)} batches, in a play of its own it would once"
    return ""


_FACTS = frozenset({"setup", "gather_facts"})
_INCLUDES = frozenset({"include_tasks", "include_role"})


def _work(step: PlannedStep) -> int:
    return sum(work.duration for work in step.works)
