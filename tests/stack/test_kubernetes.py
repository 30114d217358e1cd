"""The Kubernetes manifests: kustomize makes them, Kubernetes' schemas and pod security admit them, and they fit.

There is no cluster: that they are applied, and that the images start, is not tested.
"""

from __future__ import annotations

import copy
import re
import runpy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from alerts.shipped import RULES
from deploytrace import __version__
from ground.cache import ROOT
from ground.deploying import kustomized, refused_pods
from ground.postgres import PostgreSQL
from paths.exporting import running_exporter

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"]
README = (DEPLOY / "README.md").read_text()
_GATEWAY = (DEPLOY / "collector/gateway.yml").read_text()
_OLDEST = "1.25"


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    return kustomized(DEPLOY / "kubernetes")


def _the(manifests: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = [each for each in manifests if (each["kind"], each["metadata"]["name"].split("-")[0]) == (kind, name)]
    return found


def _pod(manifests: list[dict[str, Any]], name: str) -> dict[str, Any]:
    spec: dict[str, Any] = _the(manifests, {"gateway": "StatefulSet", "exporter": "Deployment"}[name], name)["spec"]
    return spec["template"]["spec"]


def _container(manifests: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (container,) = _pod(manifests, name)["containers"]
    return container


def test_each_manifest_obeys_the_schema(manifests: list[dict[str, Any]]) -> None:
    """Of the oldest Kubernetes that README.md names and of the newest that is known; unknown fields are refused."""
    assert f"Kubernetes {_OLDEST} " in README
    for version in (_OLDEST, kubernetes_validate.latest_version()):
        for manifest in manifests:
            kubernetes_validate.validate(manifest, version, strict=True)
    mistaken = copy.deepcopy(_the(manifests, "Service", "gateway"))
    mistaken["spec"]["selectors"] = mistaken["spec"].pop("selector")
    with pytest.raises(kubernetes_validate.ValidationError, match="selectors"):
        kubernetes_validate.validate(mistaken, _OLDEST, strict=True)


def test_the_namespace_lets_its_pods_in(manifests: list[dict[str, Any]]) -> None:
    """By Kubernetes' own code for the level that the namespace enforces, which does refuse what wants more."""
    enforced = _the(manifests, "Namespace", "deploytrace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert enforced == "restricted"
    assert all(each["metadata"].get("namespace", "deploytrace") == "deploytrace" for each in manifests)
    assert refused_pods(manifests) == []
    for name in ("gateway", "exporter"):
        assert _container(manifests, name)["securityContext"]["readOnlyRootFilesystem"]
    greedy = copy.deepcopy(manifests)
    del _container(greedy, "exporter")["securityContext"]["capabilities"]
    (sentence,) = refused_pods(greedy)
    assert sentence.startswith("exporter: ")
    assert "capabilities" in sentence


def test_images_are_those_of_the_compose_file(manifests: list[dict[str, Any]]) -> None:
    assert _container(manifests, "gateway")["image"] == COMPOSE["collector"]["image"]
    assert _container(manifests, "exporter")["image"] == COMPOSE["exporter"]["image"]


def test_the_gateway_is_given_its_configuration(manifests: list[dict[str, Any]]) -> None:
    """The shipped file, where its container is told to look, and each variable that it names."""
    (source,) = [volume["configMap"] for volume in _pod(manifests, "gateway")["volumes"]]
    (held,) = [each for each in manifests if each["kind"] == "ConfigMap" and each["metadata"]["name"] == source["name"]]
    assert held["data"] == {"gateway.yml": _GATEWAY}
    container = _container(manifests, "gateway")
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert container["args"] == [f"--config={mounts['configuration']}/gateway.yml"]
    own = {variable["name"]: variable["value"] for variable in container["env"]}
    told = _the(manifests, "ConfigMap", "destinations")
    assert container["envFrom"] == [{"configMapRef": {"name": told["metadata"]["name"]}}]
    assert (
        set(re.findall(r"\$\{env:(\w+)(?::-[\d.]+)?\}", _GATEWAY))
        == (own.keys() - {"GOMEMLIMIT"}) | told["data"].keys()
    )
    (claim,) = _the(manifests, "StatefulSet", "gateway")["spec"]["volumeClaimTemplates"]
    assert own["OTELCOL_QUEUE"] == mounts[claim["metadata"]["name"]]
    assert "limit_percentage: 80" in _GATEWAY
    assert container["resources"]["limits"]["memory"] == "1Gi"
    assert own["GOMEMLIMIT"] == f"{1024 * 80 // 100}MiB"


def test_ports_agree(manifests: list[dict[str, Any]]) -> None:
    """From the program's own configuration over its container and its probes to the services and the policies."""
    settings = yaml.safe_load(_GATEWAY)
    protocols = settings["receivers"]["otlp"]["protocols"]
    endpoints = {"health": settings["extensions"]["health_check"]["endpoint"]}
    endpoints |= {f"otlp-{name}": protocol["endpoint"] for name, protocol in protocols.items()}
    (telling,) = settings["service"]["telemetry"]["metrics"]["readers"]
    endpoints["metrics"] = f":{telling['pull']['exporter']['prometheus']['port']}"
    listening = {"gateway": {name: int(endpoint.rpartition(":")[2]) for name, endpoint in endpoints.items()}}
    (exporter,) = re.findall(r"targets: \[localhost:(98\d+)\]", (DEPLOY / "prometheus/prometheus.yml").read_text())
    listening["exporter"] = {"metrics": int(exporter)}
    assert _container(manifests, "exporter")["args"] == ["--listen", f":{exporter}"]
    for name, ports in listening.items():
        container = _container(manifests, name)
        assert {port["name"]: port["containerPort"] for port in container["ports"]} == ports
        offered = {port["name"]: port for port in _the(manifests, "Service", name)["spec"]["ports"]}
        assert {port["targetPort"]: port["port"] for port in offered.values()}.items() <= ports.items()
        (let_in,) = _the(manifests, "NetworkPolicy", name)["spec"]["ingress"]
        assert {port["port"] for port in let_in["ports"]} == offered.keys() | {"metrics"}
        probes = [probe["httpGet"] for key, probe in container.items() if key.endswith("Probe")]
        assert probes
        assert {probe["port"] for probe in probes} <= ports.keys()
        assert name == "exporter" or {probe["path"] for probe in probes} == {"/"}, "which tests/gateway asks"


def test_what_the_exporters_pod_starts_serves(
    manifests: list[dict[str, Any]], postgresql: PostgreSQL, tmp_path: Path
) -> None:
    """With the store's address from the Secret, where nothing can be written, not even by root."""
    container = _container(manifests, "exporter")
    (secret,) = container["env"]
    assert secret["name"] == "DEPLOYTRACE_STORE_URL"
    environ = {secret["name"]: postgresql.database(), "DEPLOYTRACE_STATE_DIR": "/proc/state", "HOME": "/proc/home"}
    with running_exporter(environ, tmp_path / "log") as exporter:
        for probe in ("readinessProbe", "livenessProbe"):
            assert exporter.ask(container[probe]["httpGet"]["path"]).status == 200
        assert "ansible_telemetry_build_info" in exporter.ask().text


def test_a_service_beside_a_run_is_no_setting(manifests: list[dict[str, Any]]) -> None:
    """Kubernetes makes variables of the names of services in a pod's namespace; ours must not begin like settings."""
    names = [each["metadata"]["name"] for each in manifests if each["kind"] == "Service"]
    assert names
    assert not [name for name in names if name.startswith(("deploytrace", "otel", "ansible"))]


def test_the_readme_s_own_kustomization(tmp_path: Path) -> None:
    """Changes what it says, and its manifests obey the schema too."""
    ((title, block),) = re.findall(r"^```yaml\n# (kustomization.yml)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "deploytrace").symlink_to(ROOT)
    (tmp_path / title).write_text(block)
    manifests = kustomized(tmp_path)
    monitor = _the(manifests, "ServiceMonitor", "exporter")
    for manifest in manifests:
        if not manifest["apiVersion"].startswith("monitoring.coreos.com/"):
            kubernetes_validate.validate(manifest, _OLDEST, strict=True)
    assert refused_pods(manifests) == []  # which knows the operator's kinds too, and each field of theirs
    service = _the(manifests, "Service", "exporter")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert [port["name"] for port in service["spec"]["ports"]] == [endpoint["port"]]
    prometheus = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    labels = {each["targetLabel"]: each["replacement"] for each in endpoint["relabelings"]}
    assert labels["job"] == prometheus["scrape_configs"][0]["job_name"]
    assert labels["instance"] in README
    _check_pod_monitor(manifests, [each["job_name"] for each in prometheus["scrape_configs"]])
    endpoint["paths"] = ["/metrics"]
    with pytest.raises(AssertionError, match="paths"):
        refused_pods(manifests)
    assert _the(manifests, "ConfigMap", "destinations")["data"] == {
        "JAEGER_OTLP": "tempo.observability:4317",
        "PROMETHEUS_OTLP": "http://prometheus.observability:9090/api/v1/otlp",
    }
    assert _the(manifests, "Service", "gateway")["spec"]["type"] == "LoadBalancer"
    assert _container(manifests, "exporter")["image"] == f"registry.example.org/deploytrace-exporter:{__version__}"


def _check_pod_monitor(manifests: list[dict[str, Any]], jobs: list[str]) -> None:
    """It finds the gateway's pods and their port; the job is the one of Prometheus's own configuration."""
    spec = _the(manifests, "PodMonitor", "gateway")["spec"]
    pods = _the(manifests, "StatefulSet", "gateway")["spec"]["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= pods.items()
    (endpoint,) = spec["podMetricsEndpoints"]
    assert endpoint["port"] in {port["name"] for port in _container(manifests, "gateway")["ports"]}
    assert endpoint["relabelings"][0] == {"targetLabel": "job", "replacement": jobs[1]}


def test_the_operators_rules_are_prometheuss() -> None:
    """Written from them; its own types know each field, and promtool says whether the rules are right."""
    operator = DEPLOY / "kubernetes/prometheus-operator"
    manifests = list(yaml.safe_load_all((operator / "rules.yml").read_text()))
    shipped = {path.stem: yaml.safe_load(path.read_text())["groups"] for path in RULES}
    assert {each["metadata"]["name"]: each["spec"]["groups"] for each in manifests} == shipped
    written = runpy.run_path(str(operator / "rules.py"))["manifests"]()
    assert (operator / "rules.yml").read_text() == written
    assert refused_pods(manifests) == []
    manifests[0]["spec"]["groups"][0]["rules"][0]["sinec"] = "5m"
    with pytest.raises(AssertionError, match="sinec"):
        refused_pods(manifests)
