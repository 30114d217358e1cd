"""Builds the storefront's search index: `index.py FILE`. It takes a while, so the deploy runs it as an async task."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

ARTICLES = ("tent", "sleeping bag", "lantern", "rope", "compass", "stove")
SECONDS_PER_ARTICLE = 0.1  # texts to read


def main(target: Path) -> None:
    """Write a word index over all articles."""
    index: dict[str, list[str]] = {}
    for article in ARTICLES:
        time.sleep(SECONDS_PER_ARTICLE)
        for word in article.split():
            index.setdefault(word, []).append(article)
    target.write_text(json.dumps(index))
    print(f"{len(ARTICLES)} articles, {len(index)} words")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
