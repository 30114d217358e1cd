"""How soon a span arrives after what it shows has ended: whether a running deploy can be watched."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.contestants import DEPLOYTRACE_SENDING, OPENTELEMETRY, Contestant
from benchmarks.report import Budget, Section
from benchmarks.runs import whole_run
from benchmarks.samples import single
from benchmarks.setting import Setting

__all__ = ["measure"]

_HOSTS = 6


def measure(setting: Setting) -> Section:
    """Measure a real run of real modules, spans sent to a receiver that notes when they come."""
    rows: list[Sequence[str]] = []
    late: dict[str, float] = {}
    for each in (DEPLOYTRACE_SENDING, OPENTELEMETRY):
        delays = _delays(setting, each)
        late[each.name] = statistics.quantiles(delays, n=20)[-1]
        median, worst = statistics.median(delays), max(delays)
        rows.append((each.title, str(len(delays)), f"{median:.2f}", f"{late[each.name]:.2f}", f"{worst:.2f}"))
    return Section(
        name="latency",
        title="From a span's end to its arrival",
        method=(
            f"A run of five `sleep 0.5` on {_HOSTS} hosts, ten forks; for every span the time between its end and its "
            "arrival at a receiver on the same machine."
        ),
        columns=("callback", "spans", "median, s", "95 %, s", "slowest, s"),
        rows=rows,
        budgets=(Budget("a span's arrival after its end, 95 %", "s", 1.0, single(late[DEPLOYTRACE_SENDING.name])),),
        numbers={"p95_s": late},
    )


def _delays(setting: Setting, contestant: Contestant) -> list[float]:
    seen = len(setting.receiver.requests)
    with setting.ansible() as ansible:
        whole_run(setting, ansible, contestant, "sleeping.yml", hosts=_HOSTS)
        ansible.wait_for_sidecar()
    requests = setting.receiver.requests[seen:]
    return [request.time - span.end / 1e9 for request in requests for span in request.spans]
