"""Which sinks a run has: what was enabled and set when it was recorded, and what is set now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploytrace.errors import DeliveryUnavailable
from deploytrace.features import features
from deploytrace.run.model import Kind
from deploytrace.settings import Settings
from deploytrace.sinks.registry import open_sinks
from run.stories import Story

from .spans import nodes_of


def _names(tmp_path: Path, settings: Settings | None = None, **started: Any) -> set[str]:
    story = Story()
    return {sink.name for sink in open_sinks(settings or Settings(), story.events[0]._replace(**started), tmp_path, {})}


def test_without_telemetry_there_is_no_trace(tmp_path: Path) -> None:
    assert "trace_file" in _names(tmp_path)
    assert not _names(tmp_path, callbacks=("profile_tasks",))


def test_a_later_delivery_knows_the_runs_settings_and_what_is_set_now_wins(tmp_path: Path) -> None:
    recorded = {"otlp_endpoint": "http://of-the-run:4318", "span_budget": "many", "of_a_later_version": "1"}
    story = Story()
    started = story.events[0]._replace(settings=recorded)

    def destination(settings: Settings) -> str:
        (traces,) = (sink for sink in open_sinks(settings, started, tmp_path, {}) if sink.name == "traces")
        return traces.destination

    assert destination(Settings()) == "http://of-the-run:4318/v1/traces"
    assert destination(Settings(otlp_endpoint="http://of-now:4318")) == "http://of-now:4318/v1/traces"


def test_what_cannot_be_opened_waits_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "deploytrace.sinks.trace_destinations", None)
    story = Story()
    story.end(1)
    (blocked,) = (sink for sink in open_sinks(Settings(), story.events[0], tmp_path, {}) if sink.name == "traces")
    nodes = nodes_of(story.events)
    assert [node.kind for node in nodes if blocked.translate(node)] == [Kind.RUN]
    with pytest.raises(DeliveryUnavailable, match=r"The traces cannot be delivered: .*trace_destinations"):
        blocked.deliver(list(blocked.translate(nodes[-1])))


def test_a_sink_that_is_broken_keeps_none_of_the_others_from_being_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a limit is no number")

    monkeypatch.setattr("deploytrace.sinks.trace_destinations.open_traces", broken)
    sinks = {sink.name: sink for sink in open_sinks(Settings(), Story().events[0], tmp_path, {})}
    assert "history" in sinks
    with pytest.raises(DeliveryUnavailable, match="a limit is no number"):
        sinks["traces"].deliver([])


def test_a_store_that_only_the_run_knew_is_not_taken_for_the_default_one(tmp_path: Path) -> None:
    """Neither are its metrics: they would be another store's. All of it waits until store_url is set again."""
    recorded = {"metrics_textfile": f"{tmp_path}/ansible.prom"}
    started = Story().events[0]._replace(settings=recorded, withheld=("store_url",))
    sinks = {sink.name: sink for sink in open_sinks(Settings(), started, tmp_path, {})}
    for name in ("history", "metrics_textfile"):
        with pytest.raises(DeliveryUnavailable, match="store_url is not on record, since it may hold a password"):
            sinks[name].deliver([])
    assert not (tmp_path / "store.db").exists()
    now = Settings(store_url="postgresql://u:hush@db/deploys")
    assert {sink.destination for sink in open_sinks(now, started, tmp_path, {})} >= {
        "postgresql://db/deploys",
        f"{tmp_path}/ansible.prom",
    }


@pytest.mark.parametrize(
    ("callbacks", "settings", "wanted"),
    [
        (("telemetry",), Settings(), {"traces", "history"}),
        (("telemetry",), Settings(log_dir=Path("/l"), mail_to=("a@b",)), {"traces", "history", "log", "mail"}),
        (("telemetry",), Settings(top_console=3), {"traces", "history", "top_console"}),
        (("log_plays",), Settings(), {"log"}),
        (("log_plays",), Settings(mail_to=("a@b",), top_console=3), {"log", "mail"}),
        (("profile_tasks",), Settings(mail_to=("a@b",), log_dir=Path("/l")), {"top_console"}),
        (("profile_tasks",), Settings(top_console=0), set()),
        (("profile_tasks", "log_plays"), Settings(), {"log", "top_console"}),
    ],
)
def test_what_is_made_of_a_run(callbacks: tuple[str, ...], settings: Settings, wanted: set[str]) -> None:
    made = features(settings, callbacks)
    assert {name for name in made._fields if getattr(made, name)} == wanted
