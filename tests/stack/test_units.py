"""The systemd units: systemd finds nothing to say of them and rates them as sheltered; what they start starts.

No systemd runs here: that the units are started by it is not tested. The exporter's unit: tests/paths/test_unit.py.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from deploytrace.errors import DeliveryUnavailable
from ground.alertmanager import alertmanager_program
from ground.cache import ROOT
from ground.prometheus import Prometheus, debian_programs
from ground.serving import ask, serving
from ground.systemd import exposure, objections

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"]
_SYSTEMD = DEPLOY / "systemd"
_OURS = sorted(_SYSTEMD.glob("*.service")) + sorted(_SYSTEMD.glob("*.timer"))
_DROP_INS = sorted(_SYSTEMD.glob("*.d/*.conf"))
_EXPOSED = {"prometheus.service": 4.0}  # as the package has it
_MOST_EXPOSED = 2.3
_LATER = {"--web.enable-otlp-receiver"}  # not in every Debian's version: left to ARGS


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units of the packages and ours with the drop-ins, with programs that are there."""
    directory = tmp_path_factory.mktemp("system")
    packages = debian_programs().parents[1]
    for unit in [*packages.glob("lib/systemd/system/*.service"), *_OURS]:
        name = unit.name.replace("@.", "@mail.")
        (directory / name).write_text(_with_programs(unit.read_text()))
    for drop_in in _DROP_INS:
        shutil.copytree(drop_in.parent, directory / drop_in.parent.name)
        assert (directory / drop_in.parent.name.removesuffix(".d")).is_file(), "a unit of a package"
        (directory / drop_in.parent.name / drop_in.name).write_text(_with_programs(drop_in.read_text()))
    return directory


def _with_programs(text: str) -> str:
    return re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE)


def _names() -> list[str]:
    return [path.name.replace("@.", "@mail.") for path in _OURS] + [path.parent.name[:-2] for path in _DROP_INS]


@pytest.mark.parametrize("name", _names())
def test_systemd_understands_and_shelters_it(installed: Path, name: str) -> None:
    assert objections(installed / name) == ""
    if name.endswith(".service"):
        assert exposure(installed / name) <= _EXPOSED.get(name, _MOST_EXPOSED)


def _setting(unit: str, key: str) -> list[str]:
    text = (_SYSTEMD / unit).read_text().replace("\\\n", " ")
    return re.findall(rf"^{key}=(.+)$", text, re.MULTILINE)


def test_they_are_told_what_the_containers_are_told() -> None:
    """But for the places, which are the machine's; each file that they name is one that README.md has copied."""
    assert "cp -r . /etc/deploytrace" in (DEPLOY / "README.md").read_text()
    for unit, service, places in (
        ("jaeger.service", "jaeger", {"%S/jaeger": "/data"}),
        ("otelcol-gateway.service", "collector", {"%S/otelcol-gateway": "/queue"}),
        ("prometheus.service.d/deploytrace.conf", "prometheus", {"/var/lib/prometheus/metrics2": "/prometheus"}),
        ("prometheus-alertmanager.service.d/deploytrace.conf", "alertmanager", {"/var/lib/prometheus/": "/"}),
    ):
        told = " ".join([*_setting(unit, "ExecStart"), *_setting(unit, "Environment")])
        for path in re.findall(r"/etc/deploytrace/(\S+)", told):
            assert (DEPLOY / path).is_file(), path
        for place, inside in {**places, "/etc/deploytrace/": "/etc/"}.items():
            assert place in told
            told = told.replace(place, inside)
        environ = COMPOSE[service].get("environment", {})
        expected = {*COMPOSE[service]["command"], *(f"{name}={value}" for name, value in environ.items())}
        _, *words = shlex.split(told)
        own = {word for word in words if word == "$ARGS" or word.startswith("GOMEMLIMIT=")}
        assert set(words) - own == expected - _LATER, unit
    assert all(flag in (_SYSTEMD / "prometheus.service.d/deploytrace.conf").read_text() for flag in _LATER)


def test_the_gateway_s_memory_is_limited_as_its_configuration_counts_on() -> None:
    assert _setting("otelcol-gateway.service", "MemoryMax") == ["1G"]
    assert f"GOMEMLIMIT={1024 * 80 // 100}MiB" in _setting("otelcol-gateway.service", "Environment")


def test_the_timer_starts_a_flush_that_may_leave_something() -> None:
    """Its command and exit status are those of ``deploytrace flush`` (tests/commands, tests/sidecar)."""
    assert _setting("deploytrace-flush@.service", "ExecStart") == ["deploytrace flush"]
    assert _setting("deploytrace-flush@.service", "SuccessExitStatus") == [str(DeliveryUnavailable.exit_code)]


def _command(unit: str, program: Path, directory: Path, port: tuple[str, int]) -> list[str]:
    """What a drop-in starts, with the machine's places and port replaced by the test's own."""
    *_, started = _setting(unit, "ExecStart")
    (directory / "etc").symlink_to(DEPLOY)
    places = {"/etc/deploytrace": str(directory / "etc"), "/var/lib/prometheus": str(directory), "$ARGS": ""}
    for shipped, here in {**places, port[0]: f"127.0.0.1:{port[1]}"}.items():
        assert shipped in started
        started = started.replace(shipped, here)
    return [str(program), *shlex.split(started)[1:]]


def test_debians_prometheus_starts_with_our_rules() -> None:
    def command(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
        unit = "prometheus.service.d/deploytrace.conf"
        return [*_command(unit, debian_programs() / "prometheus", directory, ("127.0.0.1:9090", ports["web"]))]

    with serving(
        "Prometheus", ("web",), command, lambda ports: ask(f"http://127.0.0.1:{ports['web']}/-/ready")
    ) as ports:
        names = {rule["name"] for rule in Prometheus(ports["web"]).rules()}
    assert {"AnsiblePlaybookFailed", "AnsibleExporterDown"} <= names


def test_debians_alertmanager_starts_with_our_routes() -> None:
    def command(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
        templates = debian_programs().parent / "share/prometheus/alertmanager"
        program = directory / "program"
        program.mkdir()
        (directory / "alertmanager").symlink_to(templates)
        unit = "prometheus-alertmanager.service.d/deploytrace.conf"
        words = _command(unit, alertmanager_program(), program, ("127.0.0.1:9093", ports["web"]))
        return [*words]

    with serving(
        "Alertmanager", ("web",), command, lambda ports: ask(f"http://127.0.0.1:{ports['web']}/-/ready")
    ) as ports:
        status = ask(f"http://127.0.0.1:{ports['web']}/api/v2/status")
    assert "ansible-urgent" in status["config"]["original"]
