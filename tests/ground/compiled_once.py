"""Keeps what Python compiles of zip files; imported by the hosts' Python when it starts (`hosts_python`).

Ansible sends each module as a zip file of sources, which Python compiles anew at every run. Nor is garbage collected:
looking for it is an eighth of a module's time, and it ends before there is any.
"""

from __future__ import annotations

import gc
import marshal
import os
import zipimport
import zlib
from types import CodeType

_KEPT = os.path.join(os.path.dirname(__file__), "compiled")
_compile = zipimport._compile_source  # type: ignore[attr-defined]


def _compile_once(pathname: str, source: bytes) -> CodeType:
    kept = os.path.join(_KEPT, f"{os.path.basename(pathname)}-{len(source)}-{zlib.crc32(source):08x}")
    try:
        with open(kept, "rb") as file:
            code: CodeType = marshal.loads(file.read())  # noqa: S302 - written below
            return code
    except (OSError, EOFError, ValueError):
        pass
    code = _compile(pathname, source)
    os.makedirs(_KEPT, exist_ok=True)
    new = f"{kept}.{os.getpid()}"
    with open(new, "wb") as file:
        file.write(marshal.dumps(code))
    os.replace(new, kept)
    return code


gc.disable()
zipimport._compile_source = _compile_once  # type: ignore[attr-defined]
