"""``python -m deploytrace`` is the command ``deploytrace``."""

from __future__ import annotations

import sys

from .commands import main

sys.exit(main())
