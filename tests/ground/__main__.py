"""``python -m ground``: builds everything slow that the tests stand on, two parts at a time, and says what it does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ground.alertmanager import alertmanager_program
from ground.browser import chromium
from ground.cache import CACHE, MissingPart, announce
from ground.deploying import deploying_programs
from ground.environments import RECIPES, RELEASES, installed, python_for, wheel
from ground.gateway import gateway_program
from ground.peers import peers
from ground.postgres import postgresql_programs
from ground.prometheus import GENERATIONS, prometheus_programs
from ground.servers import jaeger_program
from ground.sshd import ensure_sshd
from ground.terminal import tmux


def main() -> int:
    """Build what is missing; return 1 and say what and why if anything could not be had.

    Outside CI an ansible-core for which this machine has no Python is no failure: it is named, and not tested.
    """
    announce(f"preparing what the tests stand on, in {CACHE} (15 to 25 minutes the first time, seconds from then on)")
    # What takes longest first, and beside it the environments: the other servers have use for what Go compiled for it.
    # Then two servers at a time: compilers use all processors, downloads and linkers do not.
    parts: list[Callable[[], object]] = [jaeger_program, ensure_sshd, postgresql_programs, tmux, chromium, peers]
    failures = 0
    for release in (*RELEASES, RECIPES):
        if python_for(release) is None and not os.environ.get("CI"):
            pythons = ", ".join(release.pythons)
            announce(f"NOT TESTED here: ansible-core {release.version}, since no Python of {pythons} was found")
        else:
            parts.append(partial(installed, release))
    parts += [partial(prometheus_programs, generation) for generation in GENERATIONS]
    parts += [gateway_program, deploying_programs, alertmanager_program]
    try:
        wheel()  # first, since every environment begins with what it depends on
    except MissingPart as missing:
        announce(str(missing))
        return 1
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(part) for part in parts]:
            try:
                future.result()
            except MissingPart as missing:
                announce(str(missing))
                failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
