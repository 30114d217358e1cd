"""``deploytrace flush``: which store's metrics it publishes."""

from __future__ import annotations

import shutil
from typing import Any

from .program import Program
from .stories import Told


def _left_behind(program: Program, **fields: Any) -> None:
    told = Told(**fields)
    told.play(0.1, hosts=("h1",))
    told.announce(0.2, "Fine")
    told.on("h1", "Fine", 0.3, 1)
    told.end(2, stats={"h1": {"ok": 1}})
    told.write(program.state_dir)


def test_metrics_without_a_recorded_run_are_those_of_the_state_directory(program: Program) -> None:
    """The journals may be gone; there is no other store that could be meant."""
    textfile = program.cwd / "ansible.prom"
    environ = {"DEPLOYTRACE_METRICS_TEXTFILE": str(textfile), "DEPLOYTRACE_METRICS_BIRTH_HOLD": "0"}
    _left_behind(program)
    program.output("flush", **environ)
    published = textfile.read_text()
    shutil.rmtree(program.state_dir / "journals")
    textfile.unlink()
    assert program.output("flush", **environ).startswith("Nothing waits")
    counted = 'ansible_playbook_runs_total{playbook="deploy.yml",result="success"} 1.0'
    assert [counted in text for text in (published, textfile.read_text())] == [True, True]


def test_metrics_are_those_of_the_store_that_the_runs_went_to(program: Program) -> None:
    """Not of a new one in the state directory, which would be empty: by a file of it, all counters would begin anew."""
    textfile, default = program.cwd / "ansible.prom", program.state_dir / "store.db"
    environ = {"DEPLOYTRACE_METRICS_TEXTFILE": str(textfile), "DEPLOYTRACE_METRICS_BIRTH_HOLD": "0"}
    assert program.output("flush", **environ).startswith("Nothing waits")
    _left_behind(program, withheld=("store_url",))
    refused = program.run("flush", **environ)
    assert refused.returncode == 5
    assert "The metrics are not published: the run's store_url is not on record" in refused.stdout
    assert not textfile.exists()
    assert not default.exists()
    url = f"sqlite:///{program.cwd}/elsewhere.db"
    assert "history to" in program.output("flush", **environ, DEPLOYTRACE_STORE_URL=url)
    textfile.unlink()
    _left_behind(program, settings={"store_url": url})
    program.output("flush", **environ)
    assert 'ansible_playbook_runs_total{playbook="deploy.yml",result="success"} 1.0' in textfile.read_text()
    assert not default.exists()
