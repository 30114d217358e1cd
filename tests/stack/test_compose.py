"""The compose file, as Docker Compose's own parser reads it, and the exporter's Containerfile, as docker build's does.

Without a container engine no image is pulled, built or started.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from deploytrace import __version__
from deploytrace.settings import Settings
from deploytrace.store.address import store_url
from deploytrace.store.database import open_store
from ground.cache import ROOT
from ground.deploying import compose_project, containerfile
from ground.environments import WHEEL_SOURCES

DEPLOY = ROOT / "deploy"
_FILE = DEPLOY / "compose.yml"
_CONTAINERFILE = DEPLOY / "exporter/Containerfile"
README = (DEPLOY / "README.md").read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = compose_project(_FILE, {"HOME": "/home/deploy"})["services"]
    return services


def test_compose_understands_it(services: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """And refuses what its schema does not know."""
    assert services.keys() == {"jaeger", "collector", "prometheus", "alertmanager", "grafana", "exporter"}
    started = {name for name, service in services.items() if not service.get("profiles")}
    assert started == services.keys() - {"exporter"}
    mistaken = tmp_path / "compose.yml"
    mistaken.write_text(_FILE.read_text().replace("restart:", "restarts:"))
    with pytest.raises(AssertionError, match="restarts"):
        compose_project(mistaken)


def test_every_image_is_pinned(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"]), name


def test_every_mounted_file_is_there(services: dict[str, dict[str, Any]]) -> None:
    """In the checkout; what a program writes goes to a volume, or to the user's own state directory."""
    kept = yaml.safe_load(_FILE.read_text())["volumes"]
    for name, service in services.items():
        for volume in service["volumes"]:
            if volume["type"] == "volume":
                assert volume["source"] in kept
            elif name == "exporter":
                assert volume["source"] == "/home/deploy/.local/state/deploytrace"
            else:
                assert volume["read_only"]
                assert Path(volume["source"]).is_relative_to(ROOT)
                assert Path(volume["source"]).exists()
        for word in service.get("command") or ():
            if path := re.match(r"--config(?:\.file)?=(.+)", word):
                assert any((Path(path[1]).is_relative_to(each["target"])) for each in service["volumes"])
    for volume in services["grafana"]["volumes"][:2]:
        source = f"../{Path(volume['source']).relative_to(ROOT)}"
        assert re.search(rf"`{source}`\s+to\s+`{volume['target']}`", README), "the same without containers"
    (elsewhere,) = compose_project(_FILE, {"DEPLOYTRACE_STATE_DIR": "/srv/state"})["services"]["exporter"]["volumes"]
    assert elsewhere["source"] == "/srv/state"


def _endpoints(file: str) -> dict[str, str]:
    """Every ``endpoint:`` of a configuration that somebody listens at, by the key above it."""
    found = {}

    def look(value: object, key: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name == "endpoint":
                    found[key] = str(inner)
                elif name != "exporters":
                    look(inner, f"{key}/{name}")

    look(yaml.safe_load((DEPLOY / file).read_text()), "")
    return found


def test_the_services_find_each_other(services: dict[str, dict[str, Any]]) -> None:
    """Each address that one is told is one where another listens."""
    told = services["collector"]["environment"]
    jaeger = _endpoints("jaeger/config.yml")
    assert told["JAEGER_OTLP"] == jaeger["/receivers/otlp/protocols/grpc"]
    grafana = services["grafana"]["environment"]
    assert grafana["JAEGER_URL"] == f"http://{jaeger['/extensions/jaeger_query/http']}"
    assert grafana["PROMETHEUS_URL"] == f"http://{_listening(services['prometheus'])}"
    assert told["PROMETHEUS_OTLP"] == f"{grafana['PROMETHEUS_URL']}/api/v1/otlp"
    prometheus = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    (alerts,) = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    assert alerts.replace("localhost", "127.0.0.1") == _listening(services["alertmanager"])
    (scraped,) = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    assert scraped.replace("localhost", "127.0.0.1") == services["exporter"]["command"][-1]


def _listening(service: dict[str, Any]) -> str:
    (word,) = [word for word in service["command"] if "web.listen-address" in word]
    return str(word.partition("=")[2])


def test_ports_are_those_of_the_readme(services: dict[str, dict[str, Any]]) -> None:
    """And only the gateway can be reached from elsewhere, at those that it names."""
    grafana = services["grafana"]["environment"]
    inside = {*_endpoints("jaeger/config.yml").values(), services["exporter"]["command"][-1]}
    inside |= {_listening(services[name]) for name in ("prometheus", "alertmanager")}
    inside |= {f"{grafana['GF_SERVER_HTTP_ADDR']}:{grafana['GF_SERVER_HTTP_PORT']}"}
    assert {address.partition(":")[0] for address in inside} == {"127.0.0.1"}
    outside = _endpoints("collector/gateway.yml").values()
    assert {address.partition(":")[0] for address in outside} == {"0.0.0.0"}
    ports = {address.partition(":")[2] for address in (*inside, *outside)}
    diagram = README.split("```")[1]
    assert {"4317", "9090", "9093"} <= set(re.findall(r"\d{4,}", diagram)) <= ports
    named = set(re.findall(r"(?:localhost|127\.0\.0\.1|gateway\.deploytrace|exporter\.deploytrace):(\d+)", README))
    assert {"3000", "16686", "4318", "9822"} <= named <= ports
    (sentence,) = re.findall(r"The gateway \(([^)]+)\) listens on all addresses", README)
    assert {*re.findall(r"\d+", sentence)} == {address.partition(":")[2] for address in outside}


def test_the_exporters_image_is_built_of_what_the_wheel_is(services: dict[str, dict[str, Any]]) -> None:
    """Which the tests' wheel is built of too, and nothing else; so docker build finds all that it needs."""
    build = services["exporter"]["build"]
    assert build == {"context": str(ROOT), "dockerfile": str(_CONTAINERFILE.relative_to(ROOT))}
    instructions = containerfile(_CONTAINERFILE)
    copied = [line.split()[1:-1] for line in instructions if line.startswith("COPY ") and "--from" not in line]
    assert {source for sources in copied for source in sources} == set(WHEEL_SOURCES)
    ignored = _CONTAINERFILE.with_name("Containerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == set(WHEEL_SOURCES)
    assert services["exporter"]["image"] == f"deploytrace-exporter:{__version__}"
    assert f"docker build -f {build['dockerfile']} -t {services['exporter']['image']} ." in _CONTAINERFILE.read_text()
    bases = {line.split()[1] for line in instructions if line.startswith("FROM")}
    assert [base for base in bases if re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)] == list(bases)


@pytest.mark.skipif(os.getuid() != 0 and not os.environ.get("CI"), reason="another user's files need root")
def test_what_root_s_exporter_makes_is_the_user_s(tmp_path: Path) -> None:
    """As the container's, with a user's state directory mounted: it opens the store for each scrape."""
    url = store_url(Settings(), tmp_path)
    open_store(url).close()
    for path in (tmp_path, *tmp_path.iterdir()):
        shutil.chown(path, "mail", "mail")
    store = open_store(url)
    with store.reading() as connection:
        connection.execute(text("SELECT count(*) FROM series"))
        owners = {path.name: path.owner() for path in tmp_path.iterdir()}
    store.close()
    assert owners == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm"), "mail")
