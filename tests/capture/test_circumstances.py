"""Which pipeline and which revision a run belongs to, told by the environment and by the files of git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploytrace.capture.pipeline import pipeline
from deploytrace.capture.repository import repository, without_credentials

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_WORKFLOW": "Deploy",
    "GITHUB_RUN_ID": "42",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_REF_NAME": "7/merge",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_HEAD_REF": "fix",
    "GITHUB_BASE_REF": "main",
    "GITHUB_SHA": "a" * 40,
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_PATH": "acme/shop",
    "CI_PIPELINE_ID": "42",
    "CI_PIPELINE_URL": "https://gitlab.example.org/acme/shop/-/pipelines/42",
    "CI_PROJECT_URL": "https://gitlab.example.org/acme/shop",
    "CI_PROJECT_NAME": "shop",
    "CI_COMMIT_REF_NAME": "v1.2",
    "CI_COMMIT_TAG": "v1.2",
    "CI_COMMIT_SHA": "b" * 40,
}
JENKINS = {
    "JENKINS_URL": "https://ci.example.org/",
    "JOB_NAME": "shop/deploy",
    "BUILD_ID": "42",
    "BUILD_URL": "https://ci.example.org/job/42/",
    "GIT_BRANCH": "origin/main",
    "GIT_URL": "https://github.com/acme/shop.git",
}
AWX = {"JOB_ID": "42", "AWX_HOST": "https://awx.example.org/"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            GITHUB,
            {
                "cicd.pipeline.name": "Deploy",
                "cicd.pipeline.run.id": "42",
                "cicd.pipeline.run.url.full": "https://github.com/acme/shop/actions/runs/42/attempts/2",
                "vcs.provider.name": "github",
                "vcs.owner.name": "acme",
                "vcs.repository.name": "shop",
                "vcs.ref.head.name": "fix",
                "vcs.ref.base.name": "main",
                "vcs.change.id": "7",
            },
        ),
        (
            GITLAB,
            {
                "cicd.pipeline.name": "acme/shop",
                "cicd.pipeline.run.id": "42",
                "vcs.ref.head.name": "v1.2",
                "vcs.ref.head.type": "tag",
            },
        ),
        (JENKINS, {"cicd.pipeline.name": "shop/deploy", "vcs.ref.head.name": "main", "vcs.ref.head.type": "branch"}),
        (
            AWX,
            {
                "cicd.pipeline.name": "Roll out",
                "cicd.pipeline.run.url.full": "https://awx.example.org/#/jobs/playbook/42",
            },
        ),
    ],
    ids=["github", "gitlab", "jenkins", "awx"],
)
def test_pipelines(environ: dict[str, str], expected: dict[str, str]) -> None:
    found = pipeline(environ, {"awx_job_template_name": "Roll out"})
    assert {name: found.get(name) for name in expected} == expected
    assert all(found.values())


def test_outside_a_pipeline_nothing_is_made_up() -> None:
    assert pipeline({"JOB_ID": "42", "CI": "true"}, {}) == {}


def _git(directory: Path, *words: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *words], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A real repository with one commit, cloned by somebody who put a password into the address."""
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "remote", "add", "origin", "https://me:hunter2@github.com/acme/shop.git")
    (tmp_path / "deploy").mkdir()
    _git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    return tmp_path


def test_a_checkout(checkout: Path) -> None:
    assert repository(checkout / "deploy") == {
        "vcs.provider.name": "github",
        "vcs.owner.name": "acme",
        "vcs.repository.name": "shop",
        "vcs.repository.url.full": "https://github.com/acme/shop",
        "vcs.ref.head.name": "main",
        "vcs.ref.head.type": "branch",
        "vcs.ref.head.revision": _git(checkout, "rev-parse", "HEAD"),
    }


def test_packed_detached_and_worktree(checkout: Path) -> None:
    revision = _git(checkout, "rev-parse", "HEAD")
    _git(checkout, "pack-refs", "--all")
    assert repository(checkout)["vcs.ref.head.revision"] == revision
    _git(checkout, "worktree", "add", "-q", "-b", "other", "beside")
    beside = repository(checkout / "beside")
    assert (beside["vcs.ref.head.name"], beside["vcs.ref.head.revision"]) == ("other", revision)
    assert beside["vcs.repository.name"] == "shop"
    _git(checkout, "checkout", "-q", "--detach")
    detached = repository(checkout)
    assert "vcs.ref.head.name" not in detached
    assert detached["vcs.ref.head.revision"] == revision


def test_where_git_is_broken_or_absent(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all")
    assert repository(tmp_path) == {}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("git@github.com:acme/shop.git", "https://github.com/acme/shop"),
        ("ssh://git@example.org:2222/acme/shop.git", "https://example.org:2222/acme/shop"),
        ("https://token@example.org/shop", "https://example.org/shop"),
        ("/srv/git/shop.git", "/srv/git/shop"),
    ],
)
def test_addresses(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
