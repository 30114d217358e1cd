"""Finds the secrets that Ansible has loaded, so that they are masked wherever they turn up.

Looked at are: every YAML file that Ansible has read (a vaulted file is secret as a whole; elsewhere ``!vault`` texts
and literal values under secret names), inventory variables, extra variables, facts and included variables of a host,
answers to private prompts, and the environment. Files are looked at once each, a host's variables when a failure or
an item of that host is recorded; vaulted texts are decrypted only then, for that costs milliseconds each.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

from .redact import Redactor, is_vaulted

__all__ = ["Secrets"]

_VAULT_MARK = b"$ANSIBLE_VAULT;"
_NODES = 50_000  # values looked at in one file or variable
_DECRYPTED = 500  # vaulted texts decrypted in one run
_DEPTH = 12

# Names that look secret but whose values are not: update_password: always, password_file: /etc/x, token_lifetime: 3600
_NO_VALUE = re.compile(
    r"^(?:update|generate|prompt|ask|no|min|max|use|has|is|expire|force)_"
    r"|_(?:file|path|dir|sock|url|length|expir\w*|lifetime|ttl|policy|type|name|field|lock|min|max|days|state)$"
    r"|_(?:count|size|command|cmd|method|rounds)$",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"^(?:user(?:name)?|name|host(?:name)?|port|url|path|db|database|type|region|id|state|description)$", re.IGNORECASE
)


class Secrets:
    """What is secret among Ansible's variables, taught to the redactor."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._manager: Any = None
        self._files: set[str] = set()
        self._pending: list[Any] = []  # vaulted texts that are not decrypted yet
        self._decrypted = 0
        self._hosts: dict[str, tuple[int, ...]] = {}
        self._prompted: set[str] = set()
        self._include_all = False

    def begin(self, variable_manager: Any, environ: Mapping[str, str]) -> None:
        """A run begins; ``variable_manager`` is Ansible's."""
        self._manager = variable_manager
        self._hosts.clear()
        self._learn_named(environ)
        self._learn_named(getattr(variable_manager, "_extra_vars", None))
        self.look_at_files()

    def prompted(self, name: str, default: Any) -> None:
        """A private prompt is shown: its default is secret, and the answer will be."""
        self._prompted.add(name)
        self._learn(default)

    def play(self, play: Any) -> None:
        """A play begins: the answers to private prompts are among its variables."""
        self._hosts.clear()
        variables = getattr(play, "vars", None)
        if isinstance(variables, Mapping):
            for name in self._prompted & variables.keys():
                self._learn(variables[name])
        self.look_at_files()

    def task(self, task: Any, declared: Iterable[str] = ()) -> None:
        """A task is met: its own literal arguments, and the files that were read meanwhile.

        ``declared`` are the names of parameters that are secret by the module's own word.
        """
        self._learn_named(task.args)
        if declared:
            for value in (task.args, getattr(task, "loop", None), getattr(task, "vars", None)):
                self._learn_declared(value, frozenset(declared))
        if str(task.action).rpartition(".")[2] == "include_vars" and self._vaults():
            self._include_all = True  # the file may be a vaulted one; only the worker that reads it could tell
        self.look_at_files()

    def look_at_files(self) -> None:
        """Look at the files that Ansible has read since the last time."""
        cache = getattr(getattr(self._manager, "_loader", None), "_FILE_CACHE", None)
        if not isinstance(cache, dict) or len(cache) == len(self._files):
            return
        vaults = self._vaults()
        for path in [path for path in list(cache) if path not in self._files]:
            self._files.add(path)
            if vaults and _is_vaulted_file(path):
                self._learn(cache[path], everything=True)
            else:
                self._learn_named(cache[path])

    def look_at_host(self, host: Any) -> None:
        """Look at a host's variables, if there are more than the last time, and decrypt what is due."""
        self.look_at_files()
        name = str(host.name)
        facts = _cached(self._manager, "_nonpersistent_fact_cache", name)
        included = _cached(self._manager, "_vars_cache", name)
        state = (len(facts), len(included), len(self._files))
        if self._hosts.get(name) != state:
            self._hosts[name] = state
            self._learn_named(getattr(host, "vars", None))
            for group in host.get_groups():
                self._learn_named(getattr(group, "vars", None))
            self._learn_named(facts)
            if self._include_all:
                self._learn(included, everything=True)
            else:
                self._learn_named(included)
        while self._pending:
            self._decrypt(self._pending.pop())

    def _vaults(self) -> bool:
        """Return whether Ansible holds a vault password at all."""
        vault = getattr(getattr(self._manager, "_loader", None), "_vault", None)
        return bool(getattr(vault, "secrets", None))

    def _learn_named(self, value: Any) -> None:
        """Learn what stands under secret names in a value, at any depth, and its vaulted texts."""
        for key, entry in _walk(value):
            if is_vaulted(entry):
                self._pending.append(entry)
            elif key is not None and self._redactor.secret_name(key) and not _NO_VALUE.search(key):
                self._learn(entry)

    def _learn_declared(self, value: Any, names: Container[str]) -> None:
        """Learn what stands under names that a module declares to be secret, at any depth."""
        for key, entry in _walk(value):
            if key in names:
                self._learn(entry)

    def _learn(self, value: Any, *, everything: bool = False) -> None:
        """Learn the texts in a value, and numbers of six digits and more; not what is called a user, a port or so.

        ``everything``: that too.
        """
        for key, entry in _walk(value):
            if is_vaulted(entry):
                self._pending.append(entry)
            elif isinstance(entry, bool) or (key is not None and not everything and _HARMLESS.match(key)):
                continue
            elif isinstance(entry, str) or (isinstance(entry, int) and abs(entry) >= 100_000):
                self._redactor.known.learn(str(entry))

    def _decrypt(self, vaulted: Any) -> None:
        if self._decrypted >= _DECRYPTED:
            return
        self._decrypted += 1
        try:
            text = str(vaulted)
        except Exception:  # noqa: BLE001 - the password of another vault: then nobody here can show it either
            return
        self._redactor.known.learn(text)


def _walk(value: Any) -> Iterable[tuple[str | None, Any]]:
    """Yield (name, entry) of all entries within a value, the value itself first; a list's entries have its name."""
    # Ansible's other thread may change what is walked here: list() takes its entries in one step.
    stack: list[tuple[str | None, Any, int]] = [(None, value, 0)]
    for _ in range(_NODES):
        if not stack:
            return
        key, entry, depth = stack.pop()
        yield key, entry
        if depth >= _DEPTH or is_vaulted(entry) or isinstance(entry, str):
            continue
        if isinstance(entry, Mapping):
            stack += [(str(name), inner, depth + 1) for name, inner in list(entry.items())]
        elif isinstance(entry, (list, tuple)):
            stack += [(key, inner, depth + 1) for inner in entry]


def _cached(manager: Any, cache: str, host: str) -> Mapping[str, Any]:
    """Return what a cache of Ansible's variable manager holds for a host, without making an entry in it."""
    found = getattr(manager, cache, None)
    entry = found.get(host) if isinstance(found, dict) else None
    return entry if isinstance(entry, Mapping) else {}


def _is_vaulted_file(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(_VAULT_MARK)) == _VAULT_MARK
    except OSError:
        return False
    finally:
        os.close(descriptor)
