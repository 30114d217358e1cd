"""Which pipeline runs the deploy, and of which revision: told by the environment of the CI systems.

The attributes' names are OpenTelemetry's; values that are missing are left out. Sources:
https://docs.github.com/en/actions/reference/variables-reference,
https://docs.gitlab.com/ci/variables/predefined_variables/,
https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables, AWX's ``BaseTask.build_env``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["pipeline"]


def pipeline(environ: Mapping[str, str], extra_vars: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes ``cicd.*`` and ``vcs.*`` that the environment of a CI job tells; {} outside one."""
    if environ.get("GITHUB_ACTIONS") == "true":
        found = _github(environ)
    elif environ.get("GITLAB_CI"):
        found = _gitlab(environ)
    elif environ.get("JENKINS_URL"):
        found = _jenkins(environ)
    elif environ.get("JOB_ID") and (environ.get("AWX_HOST") or environ.get("AWX_PRIVATE_DATA_DIR")):
        found = _awx(environ, extra_vars)
    else:
        found = {}
    return {name: value for name, value in found.items() if value}


def _github(environ: Mapping[str, str]) -> dict[str, str | None]:
    get = environ.get
    repository = f"{get('GITHUB_SERVER_URL', 'https://github.com')}/{get('GITHUB_REPOSITORY', '')}"
    owner, _, name = get("GITHUB_REPOSITORY", "").partition("/")
    run, attempt = get("GITHUB_RUN_ID"), get("GITHUB_RUN_ATTEMPT", "1")
    change = get("GITHUB_REF", "").split("/")
    return {
        "cicd.pipeline.name": get("GITHUB_WORKFLOW"),
        "cicd.pipeline.run.id": run,
        "cicd.pipeline.run.url.full": run and f"{repository}/actions/runs/{run}/attempts/{attempt}",
        "cicd.worker.name": get("RUNNER_NAME"),
        "vcs.provider.name": "github",
        "vcs.owner.name": owner,
        "vcs.repository.name": name,
        "vcs.repository.url.full": name and repository,
        "vcs.ref.head.name": get("GITHUB_HEAD_REF") or get("GITHUB_REF_NAME"),
        "vcs.ref.head.revision": get("GITHUB_SHA"),
        "vcs.ref.head.type": get("GITHUB_REF_TYPE"),
        "vcs.ref.base.name": get("GITHUB_BASE_REF"),
        "vcs.change.id": change[2] if change[:2] == ["refs", "pull"] and len(change) > 2 else None,
    }


def _gitlab(environ: Mapping[str, str]) -> dict[str, str | None]:
    get = environ.get
    return {
        "cicd.pipeline.name": get("CI_PIPELINE_NAME") or get("CI_PROJECT_PATH"),
        "cicd.pipeline.run.id": get("CI_PIPELINE_ID"),
        "cicd.pipeline.run.url.full": get("CI_PIPELINE_URL"),
        "cicd.worker.id": get("CI_RUNNER_ID"),
        "cicd.worker.name": get("CI_RUNNER_DESCRIPTION"),
        "vcs.provider.name": "gitlab",
        "vcs.owner.name": get("CI_PROJECT_NAMESPACE"),
        "vcs.repository.name": get("CI_PROJECT_NAME"),
        "vcs.repository.url.full": get("CI_PROJECT_URL"),
        "vcs.ref.head.name": get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or get("CI_COMMIT_REF_NAME"),
        "vcs.ref.head.revision": get("CI_COMMIT_SHA"),
        "vcs.ref.head.type": "tag" if get("CI_COMMIT_TAG") else "branch",
        "vcs.ref.base.name": get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
        "vcs.change.id": get("CI_MERGE_REQUEST_IID"),
        "vcs.change.title": get("CI_MERGE_REQUEST_TITLE"),
    }


def _jenkins(environ: Mapping[str, str]) -> dict[str, str | None]:
    get = environ.get
    branch = get("BRANCH_NAME") or get("GIT_BRANCH", "").removeprefix("origin/")
    return {
        "cicd.pipeline.name": get("JOB_NAME"),
        "cicd.pipeline.run.id": get("BUILD_ID") or get("BUILD_NUMBER"),
        "cicd.pipeline.run.url.full": get("BUILD_URL"),
        "cicd.worker.name": get("NODE_NAME"),
        "vcs.repository.url.full": get("GIT_URL"),
        "vcs.ref.head.name": get("CHANGE_BRANCH") or branch,
        "vcs.ref.head.revision": get("GIT_COMMIT"),
        "vcs.ref.head.type": "tag" if get("TAG_NAME") else "branch" if branch else None,
        "vcs.ref.base.name": get("CHANGE_TARGET"),
        "vcs.change.id": get("CHANGE_ID"),
        "vcs.change.title": get("CHANGE_TITLE"),
    }


def _awx(environ: Mapping[str, str], extra_vars: Mapping[str, Any]) -> dict[str, str | None]:
    host, job = environ.get("AWX_HOST", "").rstrip("/"), environ.get("JOB_ID")
    template = extra_vars.get("awx_job_template_name")
    return {
        "cicd.pipeline.name": template if isinstance(template, str) else None,
        "cicd.pipeline.run.id": job,
        "cicd.pipeline.run.url.full": f"{host}/#/jobs/playbook/{job}" if host else None,
        "vcs.ref.head.revision": environ.get("PROJECT_REVISION"),
    }
