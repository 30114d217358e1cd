"""docs/recipes.md, done as its readers do it: each block is taken from the page and run, or read by what would run it.

What is changed in a block is its addresses and paths. The programs are those of ``ground.environments.RECIPES``.
"""

from __future__ import annotations
