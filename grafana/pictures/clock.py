"""Tells a session of minutes as if it had been a week: when each thing happened is stretched, what it took is not."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from deploytrace.store.snapshot import Distribution, Family, Point, Snapshot

__all__ = ["Clock"]

_AS_IT_WAS_SECONDS = 45.0  # the last of it, so that a run that goes on has gone on for as long as it says


@dataclass(frozen=True)
class Clock:
    """From a session's times to told ones; all are Unix times in s. ``begin`` and ``end`` are the session's."""

    begin: float
    end: float
    told_end: float
    told_seconds: float

    def told(self, t: float) -> float:
        """Return when something is said to have happened."""
        last = self.end - _AS_IT_WAS_SECONDS
        if t >= last:
            return self.told_end - (self.end - t)
        factor = (self.told_seconds - _AS_IT_WAS_SECONDS) / (last - self.begin)
        return self.told_end - _AS_IT_WAS_SECONDS - (last - t) * factor

    def retold(self, snapshot: Snapshot, at: float) -> Snapshot:
        """Return a snapshot with every point in time in it as it is told; ``at`` is its own told time."""
        return dataclasses.replace(snapshot, time=at, families=tuple(self._family(one) for one in snapshot.families))

    def _family(self, family: Family) -> Family:
        times = family.metric.name.endswith("_timestamp_seconds")
        return Family(
            family.metric,
            tuple(self._point(point, times) for point in family.points),
            tuple(self._distribution(one) for one in family.distributions),
        )

    def _point(self, point: Point, times: bool) -> Point:
        value = self.told(point.value) if times else point.value
        return Point(point.labels, value, self.told(point.born_at))

    def _distribution(self, one: Distribution) -> Distribution:
        exemplars = tuple(
            seen and dataclasses.replace(seen, timestamp=self.told(seen.timestamp)) for seen in one.exemplars
        )
        return dataclasses.replace(one, exemplars=exemplars, born_at=self.told(one.born_at))
