"""Which parameters of a module are secret by its own word: those that it declares ``no_log``, whatever their names.

The declarations are read from the source of the module and of its action plugin and from what these import, as far as
it is written for modules; nothing of it is run. Where they cannot be told (the module is no Python, cannot be found, or
declares in a way that is not understood), every parameter counts as secret.
"""

# ruff: noqa: PTH110, PTH113, PTH122 - as `Path`, paths would take as long as all the rest of a declaration
# Annotations are not postponed here: `typing` would compile each one anew, at every start of Ansible.
import ast
import os
import os.path
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

__all__ = ["Declarations", "Declared", "Sources", "own_files"]

_FILES = 64  # files looked at for one action
_BYTES = 4_000_000  # and the size of the largest
_PIECES = rb"(?m)^(?=[A-Za-z_@])"  # statements at a file's top level, and lines of its long texts
_BODY = rb"(?m)(?<![\\=,(\[{]\n)^(?=    (?!(?:elif|else|except|finally|case)\b)[A-Za-z_@])"
"""Statements of a function there; not where the line before goes on, lest a declaration be cut off its name."""
_NO_LOG = rb"no_log(?:['\"]|(?:[\s\\]|#.*)*=(?!=))"  # f(no_log=...), {"no_log": ...}, x["no_log"] = ...
_UTILITIES, _COLLECTIONS = "ansible.module_utils", "ansible_collections"
_NAMES = r"[\w.\x80-\xff]*"
_SHARED = rf"\.{_NAMES}|(?:{re.escape(_UTILITIES)}|{_COLLECTIONS})(?:\.{_NAMES})?"  # the modules that are looked into
_IMPORT = rf"[ \t]*(?:from[ \t]+({_SHARED})[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)|import[ \t]+({_SHARED}))".encode()
_OWN = "ansible.builtin."
_NO_DECLARATIONS = ("basic", "common", "facts", "_internal", "../plugins")
"""Beside Ansible's own utilities: large, and no module's parameters are declared there; the last is Ansible itself."""


class Sources(NamedTuple):
    """Where an action's source lies: the files of its module and action plugin, the directories of module_utils."""

    files: Sequence[str]
    utilities: Sequence[str]


def own_files(package: str, action: str) -> list[str]:
    """Return the files of one of Ansible's own modules, by its full name; nothing for all other actions.

    ``package`` is Ansible's directory. Its plugin loader says the same, after listing that directory every time.
    """
    name = action.removeprefix(_OWN)
    module = f"{package}/modules/{name}.py"
    if name == action or not os.path.isfile(module):
        return []
    return [module, *filter(os.path.isfile, (f"{package}/plugins/action/{name}.py",))]


class Declared:
    """The parameters of an action that are declared secret; ``everything`` where that could not be told."""

    __slots__ = ("everything", "names")

    def __init__(self, names: frozenset[str], *, everything: bool = False) -> None:
        self.names = names
        self.everything = everything

    def __contains__(self, name: object) -> bool:
        return self.everything or name in self.names


class _Unclear(Exception):
    """A declaration is there, but not whose it is."""


class Declarations:
    """What actions declare, read once each. ``sources`` finds an action, given the collections to search."""

    def __init__(self, sources: Callable[[str, Sequence[str]], Sources]) -> None:
        self._sources = sources
        self._actions: dict[tuple[str, ...], Declared] = {}
        self._files: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {}

    def of(self, task: Any) -> Declared:
        """Return what a task's action declares. Never raises."""
        action, collections = str(task.action), tuple(map(str, getattr(task, "collections", None) or ()))
        asked = (action, *collections)
        known = self._actions.get(asked)
        if known is None:
            try:
                known = Declared(self._names(self._sources(action, collections)))
            except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not understood
                known = Declared(frozenset(), everything=True)
            self._actions[asked] = known
        return known

    def _names(self, sources: Sources) -> frozenset[str]:
        pending = list(sources.files)
        if not pending:
            raise _Unclear
        names: set[str] = set()
        seen: set[str] = set()
        while pending:
            path = pending.pop()
            if path not in seen:
                seen.add(path)
                if len(seen) > _FILES:
                    raise _Unclear
                declared, imported = self._file(path, sources.utilities)
                names |= declared
                pending += imported
        return frozenset(names)

    def _file(self, path: str, utilities: Sequence[str]) -> tuple[frozenset[str], tuple[str, ...]]:
        """Return the names that a file declares, and the files that it imports."""
        known = self._files.get(path)
        if known is None:
            source = _python(path)
            known = self._files[path] = _declared(source), tuple(_imported(source, path, utilities))
        return known


def _python(path: str) -> bytes:
    """Return the source of a Python file; raises where it is none."""
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size > _BYTES:
            raise _Unclear
        source = file.read(size)
    bare, suffix = os.path.splitext(path)
    if suffix != ".py" and b"python" not in source[:100].partition(b"\n")[0]:
        raise _Unclear
    if os.path.exists(f"{bare}.ps1"):  # beside a .ps1 lies only its documentation
        raise _Unclear
    return source


def _imported(source: bytes, path: str, utilities: Sequence[str]) -> Iterator[str]:
    """Yield the files that are imported from module_utils, or from collections: these have declarations to share."""
    without = tuple(os.path.normpath(f"{root}/{name}") + "/" for root in utilities for name in _NO_DECLARATIONS)
    for match in _imports(source):
        module = (match[1] or match[3]).decode()
        names = re.findall(r"\w+", (match[2] or b"").decode("utf-8", "replace"))
        for place in _places(module, path, utilities):
            for candidate in (place, *(f"{place}/{name}" for name in names)):
                if not f"{candidate}/".startswith(without):
                    yield from filter(os.path.isfile, (f"{candidate}.py", f"{candidate}/__init__.py"))


def _imports(source: bytes) -> Iterator[re.Match[bytes]]:
    """Yield what imports something that is looked into. The word is looked for first: ten times as fast."""
    statement = re.compile(_IMPORT)
    at = source.find(b"import")
    while at >= 0:
        match = statement.match(source, source.rfind(b"\n", 0, at) + 1)
        if match:
            yield match
        at = source.find(b"import", max(at + 1, match.end() if match else 0))


def _places(module: str, path: str, utilities: Sequence[str]) -> Iterable[str]:
    """Return where an imported module may lie, its suffix left off."""
    parts = module.lstrip(".").split(".")
    if module.startswith("."):
        levels = len(module) - len(module.lstrip("."))
        return ["/".join([path.rsplit("/", levels)[0], *filter(None, parts)])]
    if parts[0] == _COLLECTIONS:
        found = re.finditer(rf"/(?={_COLLECTIONS}/)", path)
        return [path[: match.end()] + "/".join(parts) for match in found]
    return ["/".join([root, *parts[2:]]) for root in utilities]


def _declared(source: bytes) -> frozenset[str]:
    """Return the names of parameters that a source declares no_log, and their aliases.

    Only those statements are parsed that may declare one: a large module takes 50 ms in whole.
    """
    if b"no_log" not in source:
        return frozenset()
    for pieces in _divisions(source):
        try:
            trees = [(ast.parse(piece), piece) for piece in pieces]
        except SyntaxError:  # a long text was cut into pieces, or the head of a function off
            continue
        return frozenset(name for tree, text in trees for name in _secret(tree, text))
    raise _Unclear


def _divisions(source: bytes) -> Iterator[list[bytes]]:
    """Yield what is to be parsed of a source, in ever larger pieces."""
    statements = _declaring(re.split(_PIECES, source))
    functions = [piece for piece in statements if piece.startswith((b"def ", b"class "))]
    inside = _declaring(part for piece in functions for part in re.split(_BODY, piece))
    yield [piece for piece in statements if piece not in functions] + [b"if True:\n" + part for part in inside]
    yield statements
    yield [source]


def _declaring(pieces: Iterable[bytes]) -> list[bytes]:
    return [piece for piece in pieces if re.search(_NO_LOG, piece)]


def _secret(tree: ast.AST, text: bytes) -> Iterator[str]:
    lines = [number for number, line in enumerate(text.split(b"\n"), 1) if b"no_log" in line]
    named: set[ast.AST] = set()
    for node in _around(lines, tree):  # from the outside in: who gives the name comes before the declaration
        if node not in named and _is_declaration(node) and _is_no_log(dict(_entries(node)).get("no_log")):
            raise _Unclear
        for name, value in _entries(node):
            found = dict(_entries(value))
            if _is_no_log(found.get("no_log")):
                named.add(value)
                yield name
                yield from _texts(found.get("aliases"))


def _around(lines: Sequence[int], node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and those below it that reach over one of the lines."""
    yield node
    for child in ast.iter_child_nodes(node):
        first = getattr(child, "lineno", None)
        if first is None or any(first <= line <= child.end_lineno for line in lines):  # type: ignore[attr-defined]
            yield from _around(lines, child)


def _entries(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield (name, value) of what a node gives names to: ``f(name=value)``, ``{"name": value}``, ``x["name"] = value``.

    A value that has a name of its own, ``name = value``, may become any parameter's.
    """
    if isinstance(node, ast.Call):
        yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value), value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                yield str(target.slice.value), node.value


def _is_declaration(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "dict"
    return isinstance(node, ast.Dict)


def _is_no_log(value: ast.AST | None) -> bool:
    return value is not None and not (isinstance(value, ast.Constant) and not value.value)


def _texts(value: ast.AST | None) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, (ast.List, ast.Tuple)):
        raise _Unclear
    for entry in value.elts:
        if not isinstance(entry, ast.Constant):
            raise _Unclear
        yield str(entry.value)
