"""Commits a run to a store on a full disk, which is then made larger: ``python full.py URL DIRECTORY JOURNAL``."""

from __future__ import annotations

import subprocess
import sys

from deploytrace.errors import DeliveryUnavailable
from store.recorded import run_of


def main(url: str, directory: str, journal: str) -> None:
    """Say how the first try ended."""
    run = run_of(journal)
    try:
        run.commit(url)
        print("committed")
    except DeliveryUnavailable as error:
        print(error)
    subprocess.run(["mount", "-o", "remount,size=8m", directory], check=True)
    run.commit(url)
    run.commit(url)
    from deploytrace.store.database import open_store

    print(open_store(url).name, "is whole")


if __name__ == "__main__":
    main(*sys.argv[1:])
