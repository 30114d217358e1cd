"""Who speaks: the controller of the run, whoever delivers it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from deploytrace.settings import Settings
from ground.otlp import Span
from run.stories import Story

from .spans import NOWHERE, told


def _resource(
    environ: Mapping[str, str] | None = None, settings: Settings | None = None, **started: Any
) -> Mapping[str, Any]:
    story = Story()
    story.events[0] = story.events[0]._replace(host_id="m", **started)
    story.end(1)
    spans: list[Span] = told(story, {**NOWHERE, **(environ or {})}, settings)
    assert all(span.resource == spans[0].resource for span in spans)
    assert {(span.scope, span.schema_url) for span in spans} == {
        ("deploytrace", "https://opentelemetry.io/schemas/1.44.0")
    }
    return spans[0].resource


def test_the_controller_is_described_from_the_journal_not_from_here() -> None:
    resource = _resource()
    assert (resource["host.name"], resource["host.id"]) == ("c", "m")
    assert (resource["process.pid"], resource["process.executable.name"]) == (1, "ansible-playbook")
    assert resource["process.pid"] != os.getpid()
    assert resource["process.runtime.version"] == resource["ansible.python.version"] == "3.13.0"
    assert (resource["cicd.pipeline.name"], resource["cicd.pipeline.run.id"]) == ("site.yml", "0" * 31 + "1")
    assert resource["telemetry.distro.name"] == "deploytrace"


def test_the_instance_is_a_uuid_that_repeats() -> None:
    first, second = _resource()["service.instance.id"], _resource()["service.instance.id"]
    assert first == second
    assert uuid.UUID(first).version == 5
    assert _resource(command_id="other")["service.instance.id"] != first


@pytest.mark.parametrize(
    ("environ", "option", "name"),
    [
        ({}, "ansible", "ansible"),
        ({}, "deploys", "deploys"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=from-attributes"}, "deploys", "from-attributes"),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "service.name=from-attributes", "OTEL_SERVICE_NAME": "from-name"},
            "deploys",
            "from-name",
        ),
        ({"OTEL_SERVICE_NAME": ""}, "deploys", "deploys"),
    ],
)
def test_the_service_name(environ: dict[str, str], option: str, name: str) -> None:
    assert _resource(environ, Settings(service_name=option))["service.name"] == name


def test_resource_attributes_are_url_encoded_and_what_is_none_is_named(caplog: pytest.LogCaptureFixture) -> None:
    resource = _resource({"OTEL_RESOURCE_ATTRIBUTES": "team=a%20b%2Cc, service.version = 1 ,nonsense"})
    assert (resource["team"], resource["service.version"]) == ("a b,c", "1")
    assert "nonsense" in caplog.text


def test_what_the_run_recorded_wins_over_the_environment_of_the_delivery() -> None:
    recorded = {"deployment.environment.name": "production", "cicd.pipeline.name": "release"}
    resource = _resource({"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=laptop"}, resource=recorded)
    assert (resource["deployment.environment.name"], resource["cicd.pipeline.name"]) == ("production", "release")


def test_detectors_add_what_is_open_and_never_the_delivering_process(caplog: pytest.LogCaptureFixture) -> None:
    resource = _resource({"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "otel,process,os,missing"})
    assert resource["os.version"], "from the detector os"
    assert resource["process.pid"] == 1
    assert "process.command" not in resource
    assert "missing" in caplog.text
