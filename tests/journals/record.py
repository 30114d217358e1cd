"""Records the journals here from real runs of ``tests/playbooks``: how to accept a change of what is recorded.

    PYTHONPATH=tests python -m journals.record [SCENARIO...]

Every scenario is run on an old and on the newest ansible-core; what names a machine, a user or a directory is replaced.
The journals are examples for the tests of all that reads journals, so times in them are whatever they were.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path

from ground.ansible import Ansible
from ground.environments import RELEASES, installed

HERE = Path(__file__).parent
PLAYBOOKS = HERE.parent / "playbooks"
VERSIONS = ("2.17", "2.21")

_ONLY = {"free_includes": ("2.21",)}  # no two runs of it have the same tree
_HOSTS = {"free": 6, "free_includes": 6}
_FORKS = {"free": 2, "free_includes": 2}
_LOCAL = "ansible_connection=local ansible_python_interpreter=/usr/bin/python3"
_FIXED = {
    "boot_id": "00000000-0000-4000-8000-000000000000",
    "pid": 4242,
    "pid_started": 424242,
    "user": "deployer",
    "host_name": "controller",
    "host_id": "0123456789abcdef0123456789abcdef",
}


def record(scenario: str, version: str) -> Path:
    """Run a scenario and return the journal that it left in this directory."""
    release = next(release for release in RELEASES if release.version == version)
    with tempfile.TemporaryDirectory() as scratch:
        user = Ansible(installed(release), Path(scratch), Path(scratch))
        inventory = user.write("hosts", _inventory(scenario))
        user.run(PLAYBOOKS / f"{scenario}.yml", inventory=inventory, args=["-f", str(_FORKS.get(scenario, 5))])
        user.end()
        (journal,) = (user.state_dir / "journals").glob("*.jsonl")
        target = HERE / f"{scenario}-{version}.jsonl"
        target.write_text("".join(map(_scrubbed, _texts(journal, user.directory))))
    return target


def _inventory(scenario: str) -> str:
    lines = [f"h{number} {_LOCAL}" for number in range(1, _HOSTS.get(scenario, 3) + 1)]
    if scenario == "unreachable":
        lines += ["g1 ansible_host=127.0.0.1 ansible_port=1 ansible_ssh_common_args=-oBatchMode=yes"]
    return "\n".join(lines)


def _texts(journal: Path, directory: Path) -> list[str]:
    text = journal.read_text()
    for path, name in ((PLAYBOOKS, "/deploy"), (directory, "/home/deployer")):
        text = text.replace(str(path), name)
    return text.splitlines(keepends=True)


def _scrubbed(line: str) -> str:
    """Return a journal line without this machine in it; workers' process ids are numbered."""
    event = json.loads(line)
    for key, value in _FIXED.items():
        if key in event and event.get("e") != "controller_seen":
            event[key] = value
    if event.get("e") == "controller_seen":
        event["ip"] = "192.0.2.10"
    plain = json.dumps(event, separators=(",", ":"))
    return re.sub(r"02[0-9a-f]{6}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-", "02000000-0000-0000-0000-", plain) + "\n"


def main() -> None:
    """Record the scenarios that are named, or all of them."""
    scenarios = [path.stem for path in sorted(PLAYBOOKS.glob("*.yml"))]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", choices=[*scenarios, []], help="all, if none is named")
    for scenario in parser.parse_args().scenario or scenarios:
        for version in _ONLY.get(scenario, VERSIONS):
            print(record(scenario, version), flush=True)


if __name__ == "__main__":
    main()
