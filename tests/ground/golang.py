"""Programs that no package registry carries, built from their Go modules once.

For each a module of our own names the programs as tools, repeats what is needed of their module's ``replace`` (Go
ignores a dependency's) and pins every dependency by its checksum.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from ground.cache import CACHE, MissingPart, announce, build_once, digest, run_tool

__all__ = ["go_programs"]


def go_programs(module: Path, name: str, minutes: int, *, tags: Sequence[str] = ()) -> Path:
    """Build the tools that the directory ``module`` names in its go.mod; return the directory of the programs.

    A program whose source lies there itself is built too, called as the directory.

    ``name`` is what they are called in messages, ``minutes`` about how long it takes. Raises `MissingPart` where there
    is no Go or the module proxy does not answer.
    """
    sums = (module / "go.mod").read_text(), (module / "go.sum").read_text()
    sources = [path.read_text() for path in sorted(module.glob("*.go"))]
    packages = re.findall(r"^(?:tool)?\s+([^\s()]+)$", sums[0], re.MULTILINE)
    version = re.search(rf"\s{packages[0].partition('/cmd/')[0]} (v\S+)", sums[0])
    assert version, f"{module}/go.mod names no version of {name}"

    def build(target: Path) -> None:
        if not shutil.which("go"):
            raise MissingPart(
                f"The tests use a real {name}, which is built with Go 1.25 or newer, and there is no 'go' on PATH: "
                "install it as https://go.dev/doc/install says."
            )
        # A workspace or flags of the user's own would change what is built; VCS stamping fails in unusual checkouts.
        environ = os.environ | {"GOWORK": "off", "GOFLAGS": "-buildvcs=false"}
        # Nobody debugs them: what would be left out of the program in the end is not even made.
        lean = ("-trimpath", "-ldflags=-s -w", "-gcflags=all=-dwarf=false")
        options = (*lean, f"-tags={','.join(tags)}", "-o", f"{target}{os.sep}")
        command = ("go", "build", *options, *packages, *(["."] if sources else []))
        try:
            run_tool(*command, cwd=module, environ=environ)
        except MissingPart:  # of its hundreds of downloads Go tries none a second time
            announce(f"building {name} failed, trying once more with what has been downloaded")
            run_tool(*command, cwd=module, environ=environ)

    what = f"{name} from its Go module, about {minutes} minutes on 2 cores, once"
    return build_once(CACHE / module.name / f"{version[1]}-{digest(*sums, *tags, *sources)}", what, build)
