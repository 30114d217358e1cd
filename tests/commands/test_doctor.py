"""``deploytrace doctor``: each fault is made for real, and the sentence that tells it is read.

What concerns Ansible is asked of real Ansible installations; what does not runs without one, which is quicker.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploytrace.commands.diagnosis.state import check_state
from deploytrace.journal.cursor import Cursor, Position
from deploytrace.journal.losses import add_loss
from ground.ansible import TELEMETRY, Ansible
from ground.cache import CACHE, build_once, run_tool
from ground.environments import RELEASES, base, installed
from ground.interpreters import find_python
from ground.receiver import SILENCE, Answer, Receiver, refusing_port

from .program import Program
from .stories import crowd, deploy, interrupted

ENABLED = {"ANSIBLE_CALLBACKS_ENABLED": TELEMETRY}
ROOT = Path(__file__).resolve().parents[2]


def _diagnosis(user: Ansible, **environ: str | None) -> dict[str, Any]:
    answer = user.deploytrace("doctor", "--json", env_vars=environ)
    assert answer.stderr == "", answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    assert answer.returncode == (0 if found["ok"] else 1)
    return found


def _problem(found: dict[str, Any], check: str) -> dict[str, str]:
    """The only problem of a check, which must have a remedy."""
    (problem,) = [each for each in found["findings"] if each["check"] == check and each["state"] == "problem"]
    assert problem["remedy"]
    assert not found["ok"]
    return dict(problem)


def _without_ansible(program: Program, **environ: str) -> dict[str, Any]:
    answer = program.run("doctor", "--json", PATH=str(program.cwd), **environ)
    assert answer.returncode == 1, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    assert "not on PATH" in _problem(found, "ansible")["text"]
    return found


# -- Ansible and the callback ---------------------------------------------------------------------------------------


def test_all_is_well_on_every_supported_ansible(each_ansible: Ansible, receiver: Receiver) -> None:
    found = _diagnosis(each_ansible, **ENABLED, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.http)
    assert found["ok"], found
    assert {each["state"] for each in found["findings"]} == {"ok"}
    told = {each["check"]: each["text"] for each in found["findings"]}
    assert told.keys() == {"python", "ansible", "callback", "package", "settings", "endpoint", "state", "store", "runs"}
    assert f"ansible-core {each_ansible.version}" in told["ansible"]
    assert receiver.http in told["endpoint"]
    assert receiver.spans() == [], "the probe is an empty request"


def test_callback_is_not_enabled(ansible: Ansible) -> None:
    problem = _problem(_diagnosis(ansible), "callback")
    assert "No deploytrace callback is enabled" in problem["text"]
    assert "deploytrace.callbacks.telemetry" in problem["remedy"]


def test_callback_is_enabled_in_the_configuration_file(ansible: Ansible) -> None:
    ansible.write("ansible.cfg", f"[defaults]\ncallbacks_enabled = {TELEMETRY}\n")
    ansible.directory.chmod(0o755)
    assert _diagnosis(ansible)["ok"]


def test_configuration_file_is_ignored_where_everybody_may_write(ansible: Ansible) -> None:
    ansible.write("ansible.cfg", f"[defaults]\ncallbacks_enabled = {TELEMETRY}\n")
    ansible.directory.chmod(0o777)
    problem = _problem(_diagnosis(ansible), "callback")
    assert "everybody may write" in problem["text"]
    ansible.directory.chmod(0o700)


def test_name_of_the_callback_is_mistyped(ansible: Ansible) -> None:
    problem = _problem(_diagnosis(ansible, ANSIBLE_CALLBACKS_ENABLED="deploytrace.callback.telemetry"), "callback")
    assert "deploytrace.callback.telemetry does not exist" in problem["text"]
    assert TELEMETRY in problem["remedy"]


def test_installed_in_another_environment_than_ansible(ansible: Ansible) -> None:
    """The commonest fault: ansible-playbook is one environment's, deploytrace the other's."""
    release = ansible.environment.release
    elsewhere = base(release)
    path = f"{elsewhere / 'bin'}{os.pathsep}{os.environ['PATH']}"
    found = _diagnosis(ansible, **ENABLED, PATH=path)
    problem = _problem(found, "callback")
    assert f"not installed for the Python that runs Ansible ({elsewhere / 'bin' / 'python'}" in problem["text"]
    assert f"{elsewhere / 'bin' / 'python'}" in problem["remedy"]
    assert "-m pip install" in problem["remedy"]


def test_ansible_does_not_look_on_python_s_path(ansible: Ansible) -> None:
    problem = _problem(_diagnosis(ansible, **ENABLED, ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="0"), "callback")
    assert "collections_scan_sys_path is off" in problem["text"]


def test_short_name_needs_the_checkout_s_directory(ansible: Ansible) -> None:
    short = {"ANSIBLE_CALLBACKS_ENABLED": "telemetry"}
    assert "no callback of that name" in _problem(_diagnosis(ansible, **short), "callback")["text"]
    found = _diagnosis(ansible, **short, ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "callback_plugins"))
    assert found["ok"], found


def test_ansible_is_older_than_supported(ansible: Ansible) -> None:
    old = _old_ansible()
    found = _diagnosis(ansible, PATH=f"{old / 'bin'}{os.pathsep}{os.environ['PATH']}")
    problem = _problem(found, "ansible")
    assert "ansible-core 2.16" in problem["text"]
    assert "2.17" in problem["remedy"]


def _old_ansible() -> Path:
    """An environment with the newest ansible-core that is no longer supported."""
    # 2.16 was made for Python 3.10 to 3.12; to tell its version, a newer one does.
    python = next(filter(None, map(find_python, ("3.10", "3.11", "3.12"))), Path(sys.executable))

    def build(target: Path) -> None:
        run_tool(python, "-m", "venv", target)
        pip = (target / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        run_tool(*pip, "ansible-core>=2.16,<2.17")

    return build_once(CACHE / "environments" / f"2.16-{python.name}", "an ansible-core that is too old", build)


def test_ansible_is_broken(ansible: Ansible) -> None:
    script = ansible.write("bin/ansible-playbook", "#!/bin/sh\necho 'No module named ansible' >&2; exit 1\n")
    script.chmod(0o755)
    problem = _problem(_diagnosis(ansible, PATH=f"{script.parent}{os.pathsep}{os.environ['PATH']}"), "ansible")
    assert "No module named ansible" in problem["text"]


def test_grpc_is_asked_for_but_not_installed(ansible: Ansible, tmp_path: Path, receiver: Receiver) -> None:
    release = next(release for release in RELEASES if not release.grpc)
    without = Ansible(installed(release), tmp_path / "without", ansible.temporary)
    found = _diagnosis(
        without, **ENABLED, OTEL_EXPORTER_OTLP_PROTOCOL="grpc", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.grpc
    )
    assert "deploytrace[grpc]" in _problem(found, "package")["remedy"]
    assert "deploytrace[grpc]" in _problem(found, "endpoint")["text"]
    found = _diagnosis(
        ansible, **ENABLED, OTEL_EXPORTER_OTLP_PROTOCOL="grpc", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.grpc
    )
    assert found["ok"], found


def test_what_delivers_is_missing(ansible: Ansible, tmp_path: Path) -> None:
    """A checkout used without installing what it depends on: runs are recorded, and never leave the disk."""
    bare = tmp_path / "bare"
    subprocess.run([ansible.environment.python, "-m", "venv", "--without-pip", bare], check=True, timeout=60)
    packages = next(bare.glob("lib/python*/site-packages"))
    below = next(base(ansible.environment.release).glob("lib/python*/site-packages"))
    for entry in below.iterdir():
        if not entry.name.startswith(("opentelemetry", "google")):
            (packages / entry.name).symlink_to(entry)
    for script in (ansible.environment.path / "bin").glob("ansible*"):
        body = script.read_text().partition("\n")[2]
        (bare / "bin" / script.name).write_text(f"#!{bare / 'bin' / 'python'}\n{body}")
        (bare / "bin" / script.name).chmod(0o755)
    found = _diagnosis(
        ansible,
        ANSIBLE_CALLBACKS_ENABLED="telemetry",
        ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "callback_plugins"),
        PATH=f"{bare / 'bin'}{os.pathsep}{os.environ['PATH']}",
    )
    assert "lacks opentelemetry" in _problem(found, "package")["text"]


# -- settings and the state directory -------------------------------------------------------------------------------


def test_mistyped_settings_are_named(program: Program) -> None:
    found = _without_ansible(program, DEPLOYTRACE_EXIT_WAIT="soon")
    assert "DEPLOYTRACE_EXIT_WAIT is 'soon'" in _problem(found, "settings")["text"]
    found = _without_ansible(program, DEPLOYTRACE_SPAN_BUGDET="7")
    assert "Did you mean span_budget?" in _problem(found, "settings")["text"]


def test_other_commands_warn_of_a_mistyped_setting_and_go_on(program: Program) -> None:
    deploy().write(program.state_dir)
    answer = program.run("runs", DEPLOYTRACE_SPAN_BUGDET="7")
    assert answer.returncode == 0
    assert answer.stderr.startswith("deploytrace: warning: deploytrace has no setting DEPLOYTRACE_SPAN_BUGDET")


def test_state_directory_lies_below_a_file(program: Program) -> None:
    file = program.cwd / "file"
    file.write_text("")
    found = _without_ansible(program, DEPLOYTRACE_STATE_DIR=str(file / "state"))
    assert f"{file} is not a directory" in _problem(found, "state")["text"]


def test_the_store_is_no_store(program: Program) -> None:
    program.state_dir.mkdir()
    (program.state_dir / "store.db").write_bytes(b"no database " * 1000)
    assert "is damaged or no store" in _problem(_without_ansible(program), "store")["text"]
    found = _without_ansible(program, DEPLOYTRACE_STORE_URL="mysql://u:secret@h/d")
    assert "store_url must be" in _problem(found, "store")["text"]


def test_log_and_mail_are_looked_at_where_they_are_wanted(program: Program) -> None:
    """A name that nothing fills in, a directory that is none; a reader with no address, and another environment's."""
    found = _without_ansible(program, DEPLOYTRACE_LOG_DIR="/dev/null/logs", DEPLOYTRACE_ARCHIVE_NAME="{env}-{stage}")
    said = [each["text"] for each in found["findings"] if each["check"] == "log" and each["state"] == "problem"]
    assert ["{stage}" in said[0], "/dev/null is not a directory" in said[1], len(said)] == [True, True, 2]
    config = program.cwd / "of-mails.cfg"
    config.write_text(
        "[callback_deploytrace]\nmail_to = no address\n[callback_deploytrace:staging]\nmail_to = ops@example.com\n"
    )
    found = _without_ansible(program, ANSIBLE_CONFIG=str(config))
    assert "mail_to" in _problem(found, "mail")["text"]
    (well,) = [each["text"] for each in found["findings"] if each["check"] == "mail" and each["state"] == "ok"]
    assert well.startswith("Mails about failed runs in staging go to ops@example.com by smtp://localhost:25;")
    assert not [each for each in found["findings"] if each["check"] == "log"]


def test_state_directory_is_not_writable(program: Program) -> None:
    """/proc takes no files from anybody, not even from root."""
    found = _without_ansible(program, DEPLOYTRACE_STATE_DIR="/proc/deploytrace")
    assert "/proc/deploytrace is not writable" in _problem(found, "state")["text"]


@pytest.mark.parametrize("name", ["journals", "traces"])
def test_a_directory_within_the_state_directory_is_not_writable(program: Program, name: str) -> None:
    """As after a run under sudo, which leaves it to root."""
    program.state_dir.mkdir(mode=0o700)
    (program.state_dir / name).symlink_to("/proc")
    assert f"({program.state_dir / name})" in _problem(_without_ansible(program), "state")["text"]


@pytest.mark.parametrize("name", ["recovery.lock", "sidecar.log"])
def test_a_file_that_all_runs_share_cannot_be_written(program: Program, name: str) -> None:
    """As after a run under sudo, whose files root alone may open; a directory is what root cannot open either."""
    deploy().write(program.state_dir)
    path = program.state_dir / name
    path.mkdir()
    problem = _problem(_without_ansible(program), "state")
    assert problem["text"] == f"{path} cannot be written: Is a directory."
    assert problem["remedy"] == f"Remove {path}; the next run makes it anew."


def test_disk_of_the_state_directory_is_nearly_full(tmp_path: Path) -> None:
    """Seen from one who wants more room than any disk has."""
    (finding,) = check_state(tmp_path / "state", enough=10**12)
    assert finding.state == "problem"
    assert "MB are free" in finding.text


def test_others_can_read_the_state_directory(program: Program) -> None:
    deploy().write(program.state_dir)
    program.state_dir.chmod(0o755)
    problem = _problem(_without_ansible(program), "state")
    assert problem["remedy"] == f"chmod 700 {program.state_dir}"


def test_looking_creates_nothing(program: Program) -> None:
    _without_ansible(program)
    assert not program.state_dir.exists()


# -- the endpoint ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(status=503), "answered 503"),
        (Answer(status=401), "OTEL_EXPORTER_OTLP_HEADERS"),
        (Answer(status=404), "/v1/traces"),
        (Answer(status=308, headers={"Location": "https://elsewhere.example/v1/traces"}), "https://elsewhere.example/"),
        (Answer(status=400, message="no"), "400"),
        (Answer(headers={"Content-Type": "text/html"}), "not as an OTLP receiver does"),
    ],
    ids=["busy", "credentials", "path", "redirect", "refused for good", "a web page"],
)
def test_endpoint_does_not_take_traces(program: Program, receiver: Receiver, answer: Answer, words: str) -> None:
    receiver.answer = answer
    problem = _problem(_without_ansible(program, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.http), "endpoint")
    assert words in problem["text"]


def test_endpoint_refuses_connections(program: Program) -> None:
    with refusing_port() as port:
        found = _without_ansible(program, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")
    assert "refused" in _problem(found, "endpoint")["text"]


def test_endpoint_is_silent(program: Program, receiver: Receiver) -> None:
    receiver.answer = SILENCE
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http, "OTEL_EXPORTER_OTLP_TIMEOUT": "0.5"}
    assert _problem(_without_ansible(program, **environ), "endpoint")["text"].startswith(receiver.http)


def test_endpoint_s_variables_are_wrong(program: Program, receiver: Receiver) -> None:
    found = _without_ansible(program, OTEL_EXPORTER_OTLP_ENDPOINT="collector:4318")
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in _problem(found, "endpoint")["text"]
    found = _without_ansible(program, OTEL_EXPORTER_OLTP_ENDPOINT=receiver.http)
    assert _problem(found, "endpoint")["remedy"] == "Write OTEL_EXPORTER_OTLP_ENDPOINT."


def test_no_endpoint_is_no_problem(program: Program) -> None:
    for environ in ({}, {"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_SDK_DISABLED": "true"}):
        found = _without_ansible(program, **environ)
        assert [each["state"] for each in found["findings"] if each["check"] == "endpoint"] == ["ok"]


# -- what was recorded ----------------------------------------------------------------------------------------------


def test_waiting_runs_are_counted_by_cause(program: Program) -> None:
    for told in (deploy(), crowd(), interrupted()):
        path = told.write(program.state_dir)
        cursor = Cursor(path.with_suffix(".cursor.json"))
        if told.run_id == crowd().run_id:
            cursor.finish()
        else:
            cursor.move("traces", Position(3, "http://c:4318", trouble="http://c:4318 cannot be reached: refused."))
    problem = _problem(_without_ansible(program), "runs")
    assert problem["text"] == "2 of 3 recorded runs wait to be delivered: http://c:4318 cannot be reached: refused."
    assert "deploytrace flush" in problem["remedy"]


def test_losses_are_told(program: Program) -> None:
    program.state_dir.mkdir(mode=0o700)
    add_loss(program.state_dir, "runs", "quota", 2)
    assert "2 runs (quota)" in _problem(_without_ansible(program), "losses")["text"]


def test_file_that_is_no_journal_is_named(program: Program) -> None:
    path = deploy().write(program.state_dir).with_name("e" * 32 + ".jsonl")
    path.write_text('{"other":"program"}\n')
    shutil.copy(path, path.with_name("notes.txt"))  # not named like a journal: nobody's business
    texts = [each["text"] for each in _without_ansible(program)["findings"] if each["state"] == "problem"]
    assert len([text for text in texts if str(path) in text]) == 1
    Cursor(path.with_name("e" * 32 + ".cursor.json")).finish()  # as of one that was cut short once it was delivered
    texts = [each["text"] for each in _without_ansible(program)["findings"] if each["state"] == "problem"]
    assert not [text for text in texts if str(path) in text]


def test_plain_text_has_a_line_for_each_finding_and_a_last_word(program: Program) -> None:
    answer = program.run("doctor", PATH=str(program.cwd), COLUMNS="60")
    lines = answer.stdout.splitlines()
    # A path is never broken: one may want to copy it.
    assert [line for line in lines if len(line) > 60 and len(line.split()) > 1] == []
    assert [line.split()[0] for line in lines if line and not line.startswith(" ")][:2] == ["ok", "problem"]
    assert lines[-1] == "1 problem found."
