"""Builds the Galaxy archive of the collection ``deploytrace.callbacks`` from the files that the wheel has too.

    python deploy/collection/build.py [DIRECTORY]

needs ``ansible-galaxy`` on PATH, puts the archive into the directory (else ``dist``) and prints its path.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CALLBACKS = HERE.parents[1] / "callback_plugins"


def build(target: Path) -> Path:
    """Build the archive and return its path. Raises `subprocess.CalledProcessError` where ansible-galaxy refuses."""
    with tempfile.TemporaryDirectory() as scratch:
        collection = Path(scratch) / "collection"
        shutil.copytree(CALLBACKS, collection / "plugins" / "callback", ignore=shutil.ignore_patterns("__pycache__"))
        (collection / "meta").mkdir()
        shutil.copy(HERE / "runtime.yml", collection / "meta" / "runtime.yml")
        for name in ("galaxy.yml", "README.md"):
            shutil.copy(HERE / name, collection / name)
        built = Path(scratch) / "built"
        command = ["ansible-galaxy", "collection", "build", str(collection), "--output-path", str(built)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = built.iterdir()
        target.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(archive, target / archive.name))


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))
