"""The changes that would help a run most: the sensible ones are tried, those with the greatest effect are named.

Tried are: more forks, no serial batches, free where nothing in the run says that hosts depend on each other, and for
the tasks that save most, half their time and no slow host. Their effects do not add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..run.model import Tree
from .changes import Changes, Faster
from .savings import capped, savings
from .schedule import Strategy
from .simulation import PlannedBatch, PlannedStep
from .what_if import Prediction, Predictor

__all__ = ["Advice", "advise"]

_WORTH = 0.01  # of the run; less is not worth a word
_TASKS = 5  # tasks that are looked at
_MOST_FORKS = 100


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
    found = [each for each in _tried(predictor) if each[1].prediction.saving_ns > least]
    found.sort(key=lambda each: -each[1].prediction.saving_ns)
    kept: dict[str, Advice] = {}
    for about, advice in found:
        kept.setdefault(about, advice)
    return tuple(kept.values())[:most]


def _tried(predictor: Predictor) -> Iterator[tuple[str, Advice]]:
    """Yield what each change is about, and the change."""
    batches = predictor.plan.batches
    if not batches:
        return
    hosts = max(len(batch.hosts) for batch in batches)
    slots = max(batch.slots for batch in batches)
    for forks in sorted({min(hosts, slots * 2), min(hosts, _MOST_FORKS)}):
        if forks > slots:
            reason = f"up to {hosts} hosts share {slots} forks, and wait for one to become free"
            prediction = predictor.predict(Changes(forks=forks))
            yield "forks", Advice(f"{forks} forks", reason, ("--forks", str(forks)), prediction)
    if len(batches) > len({batch.play for batch in batches}):
        reason = "each batch waits for the slowest host of the one before; fewer hosts stay up meanwhile"
        prediction = predictor.predict(Changes(serial=("100%",)))
        yield "serial", Advice("no serial batches", reason, ("--serial", "100%"), prediction)
    if all(_independent(batch) for batch in batches) and any(len(batch.steps) > 1 for batch in batches):
        reason = "no host waits for the slowest one of each task; only if none depends on what others have done"
        prediction = predictor.predict(Changes(strategy=Strategy.FREE))
        yield "strategy", Advice("strategy free", reason, ("--strategy", "free"), prediction)
    yield from _tasks(predictor)


def _independent(batch: PlannedBatch) -> bool:
    """Say whether a batch can be thought of under free: in lockstep now, and no task is for all hosts at once."""
    definitions = [step.step.detail.definition for step in batch.steps]
    return batch.strategy is Strategy.LINEAR and not any(each.run_once or each.delegate_to for each in definitions)


def _tasks(predictor: Predictor) -> Iterator[tuple[str, Advice]]:
    steps: dict[str, PlannedStep] = {}
    for batch in predictor.plan.batches:
        for step in batch.steps:
            known = steps.get(step.step.detail.stable_id)
            if known is None or _work(step) > _work(known):
                steps[step.step.detail.stable_id] = step
    saved = savings(predictor.plan, sorted(steps, key=lambda task: -_work(steps[task])))
    for task in sorted(saved, key=lambda each: -saved[each].whole_ns)[:_TASKS]:
        step = steps[task]
        definition = step.step.detail.definition
        name = f"{definition.role} | {definition.name}" if definition.role else definition.name
        half = predictor.predict(Changes(faster=(Faster(task, share=0.5),)))
        reason = f"the run waits {saved[task].whole_ns / 1e9:.1f} s for it"
        yield task, Advice(f"half the time for {name}", reason, ("--faster", f"{name}=50%"), half)
        slowest, evened = max(zip(step.works, capped(step).works, strict=True), key=lambda each: each[0].duration)
        median = evened.duration
        if slowest.duration > median:
            even = predictor.predict(Changes(faster=(Faster(task, most_ns=median),)))
            reason = f"{slowest.host} takes {slowest.duration / 1e9:.1f} s, the median host {median / 1e9:.1f} s"
            words = ("--faster", f"{name}={median / 1e9:.2f}s")
            yield task, Advice(f"no slow host in {name}", reason, words, even)


def _work(step: PlannedStep) -> int:
    return sum(work.duration for work in step.works)
