"""Programs from the distribution's packages, unpacked into the tests' cache: nothing of the system is changed.

A package that is installed would start its service, and be there after the tests. So it is downloaded and unpacked, on
wish with those that it depends on and the machine lacks. apt and dpkg do all of that for ordinary users too, where they
are given directories of their own.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
from pathlib import Path

from ground.cache import CACHE, MissingPart, build_once, digest, run_tool

__all__ = ["libraries", "unpacked"]


@functools.cache
def unpacked(*packages: str, alone: bool = False) -> Path:
    """Unpack ``packages``, once, with the packages they depend on and the machine lacks; return the root directory.

    ``alone`` is without the latter, for what needs nothing but the C library.

    A program of theirs is then ``unpacked("prometheus") / "usr/bin/prometheus"``. Those that need shared libraries from
    there are started with ``libraries(root)`` in their environment. The files can be read by whoever runs the tests; a
    server that refuses to run as root needs a copy elsewhere, since root's cache is closed to other users.

    Raises `MissingPart` where there is no apt, or where it cannot reach its archive.
    """
    names = " ".join(packages)
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise MissingPart(
            f"The tests use programs of Debian's packages {names}, which are downloaded with apt-get and unpacked with "
            "dpkg-deb, and this machine has neither: run the tests on Debian or Ubuntu."
        )

    def build(target: Path) -> None:
        apt = target / "apt"
        for directory in ("lists/partial", "archives/partial"):
            (apt / directory).mkdir(parents=True)
        options = [
            f"Dir::State::lists={apt / 'lists'}",
            f"Dir::Cache={apt}",
            f"Dir::Cache::archives={apt / 'archives'}",
            "Debug::NoLocking=1",  # nothing that is locked is written, and an ordinary user may not lock
            "APT::Sandbox::User=root",  # else root's apt becomes a user who may not write here
            "Acquire::Retries=3",
        ]
        command = ["apt-get", "-qq", "-y", *(f"--option={option}" for option in options)]
        run_tool(*command, "update")
        if alone:
            run_tool(*command, "download", *packages, cwd=apt / "archives")
        else:  # only downloaded, that is; a package that is installed is downloaded too
            run_tool(*command, "install", "--download-only", "--reinstall", "--no-install-recommends", *packages)
        for archive in sorted((apt / "archives").glob("*.deb")):
            run_tool("dpkg-deb", "--extract", archive, target)
        shutil.rmtree(apt)

    release = platform.freedesktop_os_release()
    system = f"{release.get('ID', 'linux')}-{release.get('VERSION_ID', 'unstable')}"
    target = CACHE / "debian" / f"{system}-{packages[0]}-{digest(*packages)}"
    return build_once(target, f"{names} from the distribution's packages, about half a minute, once", build)


def libraries(root: Path) -> dict[str, str]:
    """The environment variable by which a program finds the shared libraries that were unpacked to ``root``.

    Some libraries have a directory of their own for what only they use, and look for it in the system's /usr.
    """
    directories = [*root.glob("lib/*-linux-gnu*"), *root.glob("usr/lib/*-linux-gnu*")]
    directories += sorted({library.parent for library in root.glob("usr/lib/*-linux-gnu*/*/lib*.so*")})
    return {"LD_LIBRARY_PATH": os.pathsep.join(map(str, directories))}
