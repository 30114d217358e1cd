"""The page as a file: for which runs there is one, and what is said where there cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.stories import Told, crowd, deploy
from deploytrace.errors import DeliveryRefused, DeliveryUnavailable
from deploytrace.journal.directory import Directory
from deploytrace.settings import Settings
from deploytrace.sinks.page import PageSink

from .spans import nodes_of


def _delivered(told: Told, state_dir: Path, page: str) -> Path:
    """Deliver a recorded run's page, if it is to have one; return where it would be."""
    directory = Directory(state_dir)
    sink = PageSink(Settings(page=page), told.run_id, directory, None)
    for node in nodes_of(sorted(told.events, key=lambda event: getattr(event, "t", -1))):
        if items := sink.translate(node):
            assert sink.deliver(items) == 0
    return directory.page(told.run_id)


def test_only_runs_that_are_to_have_a_page_have_one(tmp_path: Path) -> None:
    failed = deploy()
    failed.write(tmp_path)
    well = Told(9)
    well.play(0.1, name="Say", hosts=("h1",))
    well.announce(0.2, "Say")
    well.on("h1", "Say", 0.3, 0.4)
    well.end(0.5, stats={"h1": {"ok": 1}})
    well.write(tmp_path)
    assert not _delivered(failed, tmp_path, "never").exists()
    assert not _delivered(well, tmp_path, "failure").exists()
    assert _delivered(well, tmp_path, "always").stat().st_mode & 0o777 == 0o600
    page = _delivered(failed, tmp_path, "failure")
    before = page.read_bytes()
    assert _delivered(failed, tmp_path, "failure").read_bytes() == before, "delivered again, it is the same"
    assert sorted(each.name for each in page.parent.iterdir()) == [f"{failed.run_id}.html", f"{well.run_id}.html"]


def test_what_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    told = crowd()
    told.write(tmp_path)
    (tmp_path / "pages").write_text("in the way")
    with pytest.raises(
        DeliveryUnavailable, match=rf"^The page .*{told.run_id}\.html cannot be written \(Not a dir.*\)\.$"
    ):
        _delivered(told, tmp_path, "always")
    Directory(tmp_path).journal(told.run_id).unlink()
    with pytest.raises(DeliveryRefused, match=r"is gone: there will be no page of this run\.$"):
        _delivered(told, tmp_path, "always")
