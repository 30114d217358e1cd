"""Which repository and revision the playbook lies in, read from the files of ``.git``; git itself is not run."""

from __future__ import annotations

import configparser
import re
import urllib.parse
from pathlib import Path

__all__ = ["repository", "without_credentials"]

_SCP = r"^(?:[^@/]+@)?([^:/]+):(?!//)(.+)$"  # git@host:owner/name
_HASH = r"^[0-9a-f]{40}(?:[0-9a-f]{24})?$"


def repository(directory: Path) -> dict[str, str]:
    """Return the resource attributes ``vcs.*`` of the working tree that a directory lies in; {} outside one."""
    try:
        git = _git_directory(directory)
        return _described(git) if git is not None else {}
    except (OSError, ValueError, configparser.Error):
        return {}


def without_credentials(url: str) -> str:
    """Return a repository's address for people: no user and password, no ``.git``, https for git's short ssh form."""
    scp = re.match(_SCP, url) if "://" not in url else None
    if scp is not None:
        url = f"https://{scp[1]}/{scp[2]}"
    parts = urllib.parse.urlsplit(url)
    if parts.netloc:
        host = parts.netloc.rpartition("@")[2]
        scheme = "https" if parts.scheme in ("ssh", "git+ssh", "git") else parts.scheme
        url = f"{scheme}://{host}{parts.path}"
    return url.rstrip("/").removesuffix(".git")


def _git_directory(directory: Path) -> Path | None:
    for place in (directory, *directory.parents):
        git = place / ".git"
        if git.is_dir():
            return git
        if git.is_file():  # a worktree or submodule: the file points to the directory
            target = git.read_text(encoding="utf-8", errors="replace").strip().removeprefix("gitdir:").strip()
            return (place / target).resolve()
    return None


def _described(git: Path) -> dict[str, str]:
    common = git / "commondir"
    shared = (git / common.read_text().strip()).resolve() if common.is_file() else git
    found: dict[str, str] = {}
    head = (git / "HEAD").read_text(encoding="utf-8", errors="replace").strip()
    if head.startswith("ref:"):
        ref = head.removeprefix("ref:").strip()
        found["vcs.ref.head.name"] = ref.removeprefix("refs/heads/")
        found["vcs.ref.head.type"] = "branch"
        revision = _resolved(git, shared, ref)
    else:
        revision = head
    if re.match(_HASH, revision):
        found["vcs.ref.head.revision"] = revision
    found.update(_remote(shared / "config"))
    return found


def _resolved(git: Path, shared: Path, ref: str) -> str:
    for place in (git, shared):
        if (place / ref).is_file():
            return (place / ref).read_text().strip()
    packed = shared / "packed-refs"
    lines = packed.read_text(errors="replace").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(" " + ref)), "")


def _remote(config: Path) -> dict[str, str]:
    """Return what the remote ``origin`` says of the repository."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.read_string("\n".join(line.strip() for line in config.read_text(errors="replace").splitlines()))
    url = parser.get('remote "origin"', "url", fallback=None)
    if not url:
        return {}
    url = without_credentials(url)
    parts = urllib.parse.urlsplit(url)
    if not parts.netloc:
        return {}  # a path on this machine tells nobody else anything
    owner, _, name = parts.path.strip("/").rpartition("/")
    found = {"vcs.repository.url.full": url, "vcs.repository.name": name, "vcs.owner.name": owner}
    for provider in ("github", "gitlab", "bitbucket", "gitea"):
        if provider in parts.netloc:
            found["vcs.provider.name"] = provider
    return {key: value for key, value in found.items() if value}
