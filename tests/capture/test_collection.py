"""The collection: the wheel's own, and the archive for Galaxy, are the same files and both work."""

from __future__ import annotations

import tarfile
from pathlib import Path

import yaml

import deploytrace
from endtoend.journals import only_journal, started_of
from ground.ansible import TELEMETRY, Ansible

ROOT = Path(__file__).parents[2]
SMALL = "- hosts: all\n  gather_facts: false\n  tasks: [{name: Say, ansible.builtin.debug: {msg: x}}]\n"


def test_the_archive_is_the_wheel_s_collection_and_works(ansible: Ansible) -> None:
    built = ansible.directory / "built"
    done = ansible.start_program("python", ROOT / "deploy/collection/build.py", built).finish()
    assert done.returncode == 0, done.output
    archive = Path(done.stdout.strip())
    with tarfile.open(archive) as files:
        member = files.extractfile("plugins/callback/telemetry.py")
        assert member is not None
        assert member.read() == (ROOT / "callback_plugins" / "telemetry.py").read_bytes()
    place = ansible.directory / "collections"
    install = ["collection", "install", "--force", "--offline", str(archive), "-p", str(place)]  # the wheel has it too
    installed = ansible.start_program("ansible-galaxy", *install).finish()
    assert installed.returncode == 0, installed.output
    only_there = {"ANSIBLE_COLLECTIONS_PATH": str(place), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "0"}
    result = ansible.run(SMALL, env_vars=only_there)
    assert result.returncode == 0, result.output
    assert "deploytrace: trace" in result.stderr, result.output
    assert started_of(only_journal(ansible.state_dir)).playbook.endswith("site.yml")


def test_one_version_everywhere() -> None:
    assert f'version = "{deploytrace.__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert yaml.safe_load((ROOT / "deploy/collection/galaxy.yml").read_text())["version"] == deploytrace.__version__


def test_the_wheel_s_collection_has_a_version(ansible: Ansible) -> None:
    listed = ansible.start_program("ansible-galaxy", "collection", "list", TELEMETRY.rpartition(".")[0]).finish()
    assert listed.returncode == 0, listed.output
    assert deploytrace.__version__ in listed.stdout
