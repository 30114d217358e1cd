"""How long a run would have taken, had something been different: its schedule is played again with the changes.

The works are those of the run. What a change does to them is not known: more forks may make modules slower on a busy
controller. So a prediction has a band: how far the run itself, played unchanged, is off; a tenth of the change; a
fiftieth of the run for the noise from run to run; and where scheduling changes, the controller half or twice as slow.
"""

from __future__ import annotations

from typing import NamedTuple

from ..run.model import Tree
from .changes import Changes, changed
from .plan import Plan, plan
from .schedule import schedule
from .simulation import PlannedStep, PlannedWork, duration

__all__ = ["Prediction", "Predictor"]

_OF_THE_CHANGE = 0.1
_OF_THE_RUN = 0.02


class Prediction(NamedTuple):
    """How long the run took, and would have taken: most likely, at least, at most; ns."""

    recorded_ns: int
    predicted_ns: int
    low_ns: int
    high_ns: int

    @property
    def saving_ns(self) -> int:
        """What the run would have been shorter by; negative where it would have been longer."""
        return self.recorded_ns - self.predicted_ns


class Predictor:
    """Answers for one run; ``plan`` is what it followed, ``recorded_ns`` how long it took."""

    def __init__(self, tree: Tree) -> None:
        scheduled = schedule(tree)
        self.recorded_ns = scheduled.duration
        self.plan = plan(scheduled)
        self._base = _length(self.plan)

    def predict(self, changes: Changes) -> Prediction:
        """Return how long the run would have taken with the changes."""
        followed = changed(self.plan, changes)
        played = _length(followed)
        predicted = max(0, self.recorded_ns + played - self._base)
        low = high = 0
        if changes.scheduling:
            low, high = (_length(_scaled(followed, factor)) - played for factor in (0.5, 2.0))
        margin = round(
            abs(self._base - self.recorded_ns)
            + abs(predicted - self.recorded_ns) * _OF_THE_CHANGE
            + self.recorded_ns * _OF_THE_RUN
        )
        return Prediction(
            self.recorded_ns,
            predicted,
            max(0, predicted + min(low, high, 0) - margin),
            predicted + max(low, high, 0) + margin,
        )


def _length(followed: Plan) -> int:
    return duration(followed.batches) + followed.tail


def _scaled(followed: Plan, factor: float) -> Plan:
    """Return the plan as if the controller took ``factor`` of its time for each work."""
    batches = tuple(
        batch._replace(steps=tuple(_slower(step, factor) for step in batch.steps)) for batch in followed.batches
    )
    return Plan(batches, followed.tail)


def _slower(step: PlannedStep, factor: float) -> PlannedStep:
    works = [
        PlannedWork(
            host,
            lasts,
            round(prepare * factor),
            round(launch * factor),
            round(relaunch * factor),
            round(announce * factor),
            outcome,
        )
        for host, lasts, prepare, launch, relaunch, announce, outcome in step.works
    ]
    return step._replace(lead=round(step.lead * factor), works=tuple(works))
