"""One virtual environment for each supported ansible-core, with the wheel of this checkout in it.

Two layers, since one half is slow and never changes and the other is quick and changes with every edit: a *base* with
ansible-core and what the wheel depends on, and over it one *installed* environment per wheel. Test runs of different
states of the checkout so never disturb each other. What is tested is the wheel, never the source tree.
"""

from __future__ import annotations

import datetime
import functools
import os
import shutil
import sys
import time
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from ground.cache import CACHE, ROOT, MissingPart, build_once, digest, run_tool
from ground.hosts_python import hosts_python
from ground.interpreters import find_python

__all__ = [
    "NEWEST_STABLE",
    "RECIPES",
    "RELEASES",
    "WHEEL_SOURCES",
    "Environment",
    "Release",
    "base",
    "installed",
    "python_for",
    "wheel",
]

WHEEL_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "src", "callback_plugins", "deploy/collection")
"""What the wheel is made of; nothing else is there when it is built."""
_KEEP_INSTALLED_S = 24 * 3600


@dataclass(frozen=True)
class Release:
    """One ansible-core to test with, and the Pythons that its controller supports, the preferred one first."""

    version: str
    requirement: str
    pythons: tuple[str, ...]
    grpc: bool
    """Whether the extra ``grpc`` is installed too: the rest shows that nothing needs it."""
    beside: tuple[str, ...] = ()
    """What stands in its environment besides."""


RELEASES = (
    Release("2.17", "ansible-core>=2.17,<2.18", ("3.10", "3.11", "3.12"), grpc=True),
    Release("2.18", "ansible-core>=2.18,<2.19", ("3.11", "3.12", "3.13"), grpc=False),
    Release("2.19", "ansible-core>=2.19,<2.20", ("3.11", "3.12", "3.13"), grpc=True),
    Release("2.20", "ansible-core>=2.20,<2.21", ("3.12", "3.13", "3.14"), grpc=False),
    Release("2.21", "ansible-core>=2.21,<2.22", ("3.13", "3.12", "3.14"), grpc=True),
    # The release candidate, and the final as soon as there is one.
    Release("2.22", "ansible-core>=2.22.0rc1,<2.23", ("3.13", "3.14"), grpc=False),
)
NEWEST_STABLE = "2.21"
# What docs/recipes.md runs deploytrace with, and what checks the recipes: in an environment of its own, since what they
# bring along is not to hide what deploytrace lacks.
RECIPES = Release(
    "2.21",
    "ansible-core>=2.21,<2.22",
    ("3.13", "3.12", "3.14"),
    grpc=True,
    beside=(
        "ansible-runner==2.4.3",
        "molecule==26.10.0",
        "ansible-builder==3.2.0",
        "check-jsonschema==0.39.0",
        "python-crontab==3.4.0",
    ),
)


@dataclass(frozen=True)
class Environment:
    """A virtual environment in which deploytrace is installed beside one ansible-core."""

    release: Release
    path: Path

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.program("python")

    @property
    def hosts_python(self) -> Path:
        """The interpreter for its modules, on hosts that are this machine."""
        return hosts_python(self.python.resolve())

    def program(self, name: str) -> Path:
        """The path of an installed program, such as ``ansible-playbook`` or ``deploytrace``."""
        return self.path / "bin" / name


def python_for(release: Release) -> Path | None:
    """The interpreter that ``release`` is tested with on this machine, or None where it has none that fits."""
    return next(filter(None, map(find_python, release.pythons)), None)


@functools.cache
def wheel() -> Path:
    """Build the wheel of this checkout (once for each state of its sources) and return its path."""
    files = sorted(file for source in WHEEL_SOURCES for file in _files(ROOT / source))
    state = [f"{file.relative_to(ROOT)}\0{file.read_bytes().hex()}" for file in files]

    def build(target: Path) -> None:
        source = target / "source"
        for file in files:
            (source / file.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, source / file.relative_to(ROOT))
        run_tool(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", target, source)
        shutil.rmtree(source)

    directory = build_once(CACHE / "wheels" / digest(*state), "the wheel of this checkout", build)
    return next(directory.glob("*.whl"))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]


def base(release: Release) -> Path:
    """Build the environment with ansible-core and the wheel's dependencies, but without the wheel; return its path.

    Raises `MissingPart` where the machine has no fitting Python or the package index does not answer.
    """
    python = python_for(release)
    if python is None:
        raise MissingPart(
            f"ansible-core {release.version} needs a Python of {', '.join(release.pythons)} with its venv module, and "
            "none was found on PATH, in pyenv or in uv; install one to test with this version."
        )
    # The pre-release's environment is made anew each week, lest the cache hide the final.
    age = datetime.date.today().strftime("%G-%V") if "rc" in release.requirement else ""
    key = digest(release.requirement, str(python), str(release.grpc), age, *release.beside, *sorted(_requirements()))

    def build(target: Path) -> None:
        run_tool(python, "-m", "venv", target)
        pip = (target / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
        extra = "[grpc]" if release.grpc else ""
        run_tool(*pip, "install", "--quiet", release.requirement, *release.beside, f"{wheel()}{extra}")
        run_tool(*pip, "uninstall", "--quiet", "--yes", "deploytrace")
        shutil.rmtree(_site_packages(target) / "ansible_collections")  # pip leaves the directories behind

    what = f"the environment of ansible-core {release.version} on {python.name}, about a minute, once"
    return build_once(CACHE / "environments" / f"{release.version}-{key}", what, build)


def _requirements() -> list[str]:
    with zipfile.ZipFile(wheel()) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode()).get_all("Requires-Dist") or []


@functools.cache
def installed(release: Release) -> Environment:
    """The environment to test with: the base's packages, this checkout's wheel, and the programs of both."""
    below = base(release)

    def build(target: Path) -> None:
        python = target / "bin" / "python"
        run_tool((below / "bin" / "python").resolve(), "-m", "venv", "--without-pip", target)
        (_site_packages(target) / "base.pth").write_text(f"{_site_packages(below)}\n")
        pip = (below / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--python", python)
        run_tool(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel())
        programs = ("ansible*", *(requirement.partition("==")[0] for requirement in release.beside))
        for script in (found for program in programs for found in (below / "bin").glob(program)):
            _, _, body = script.read_text().partition("\n")
            (target / "bin" / script.name).write_text(f"#!{python}\n{body}")
            (target / "bin" / script.name).chmod(0o755)

    directory = CACHE / "installed"
    _forget_old(directory)
    target = directory / f"{below.name}-{wheel().parent.name}"
    build_once(target, f"ansible-core {release.version} with this checkout's wheel", build)
    os.utime(target)
    return Environment(release, target)


def _site_packages(environment: Path) -> Path:
    return next(environment.glob("lib/python*/site-packages"))


def _forget_old(directory: Path) -> None:
    """Remove the environments of wheels that nobody has tested for a day: the cache is not to grow without end."""
    if directory.is_dir():
        for entry in directory.iterdir():
            if entry.stat().st_mtime < time.time() - _KEEP_INSTALLED_S:
                shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
