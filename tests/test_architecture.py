"""The rules between the parts, held by reading the source; each test says why its rule is there.

Who may import whom is the table `MAY_IMPORT`. A folder that is not in it fails the test until somebody has decided.
"""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
CALLBACKS = "callback_plugins"

# What everybody may import: words without behaviour. They import nothing of ours but each other.
BASIS = {
    "errors", "events", "features", "identity", "kinds", "setting_types", "settings", "settings_log", "settings_mail",
    "timestamps",
}  # fmt: skip

# One way only, from Ansible's side to the second process: what stands left may import what stands right, and itself.
MAY_IMPORT: Mapping[str, set[str]] = {
    CALLBACKS: {"capture"},
    "capture": {"journal.writer", "journal.format"},
    "journal": set(),
    "run": {"journal"},
    "analysis": {"run"},
    "store": {"run", "journal"},
    "reports": {"run", "analysis", "store"},
    # The metrics tell what waits in the directory, the page is made of the whole run.
    "sinks": {"run", "analysis", "reports", "store", "journal.directory", "journal.reader"},
    "sidecar": {"sinks", "run", "journal", "store"},
    "exports": {"run"},
    "exporter": {"sinks", "reports", "store", "journal.directory"},
    "commands": {"sidecar", "exporter", "exports", "sinks", "reports", "analysis", "store", "run", "journal"},
    "__main__": {"commands"},
    "settings_docs": set(),
}

# Everything that is neither ours nor Python's own, and where alone it may be imported.
THIRD_PARTY: Mapping[str, set[str]] = {
    "ansible": {CALLBACKS},
    "opentelemetry": {"sinks"},
    "google": {"sinks"},  # protobuf, which OTLP is made of
    "grpc": {"sinks"},
    "requests": {"sinks"},
    "rich": {"reports", "commands"},
    "prometheus_client": {"reports", "exporter"},  # one file writes what Prometheus reads, one serves it
    "sqlalchemy": {"store"},
    "bcrypt": {"exporter"},
    "alembic": {"store"},  # migrations
}

# What must not be loaded into Ansible's process on our account. Forks inherit what it holds, its end waits for it, and
# each import is paid for at every start.
NOT_IN_ANSIBLE = (
    "opentelemetry", "google", "grpc", "requests", "rich", "http", "ssl", "asyncio", "smtplib", "sqlite3", "sqlalchemy",
)  # fmt: skip

MAX_LINES_OF_A_FILE = 400
MAX_LINES_OF_A_FUNCTION = 60
MAX_MEDIAN_LINES = 120
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "misc"}


def _read() -> dict[str, tuple[Path, ast.Module]]:
    """All product modules by dotted name, ``deploytrace`` left out: ``run.model``, ``callback_plugins.telemetry``."""
    modules = {}
    for path in sorted((SOURCE / "deploytrace").rglob("*.py")):
        parts = path.relative_to(SOURCE / "deploytrace").with_suffix("").parts
        modules[".".join(part for part in parts if part != "__init__")] = path
    for path in sorted((ROOT / CALLBACKS).glob("*.py")):
        modules[f"{CALLBACKS}.{path.stem}"] = path
    return {name: (path, ast.parse(path.read_text(encoding="utf-8"))) for name, path in modules.items()}


MODULES = _read()


def _imports(name: str) -> Iterator[str]:
    """What a module imports, wherever in it: ours as in `MODULES`, anything else by its first part."""
    path, tree = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (_ours_or_first(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            up = package.split(".")[: len(package.split(".")) - node.level + 1] if package else []
            base = ".".join([part for part in up if part] + ([node.module] if node.module else []))
            yield from (_module_or_member(base, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            base = _ours_or_first(node.module)
            ours = node.module.split(".")[0] == "deploytrace"
            yield from (_module_or_member(base, alias.name) if ours else base for alias in node.names)


def _ours_or_first(dotted: str) -> str:
    first, _, rest = dotted.partition(".")
    return rest if first == "deploytrace" else first


def _module_or_member(base: str, name: str) -> str:
    inside = f"{base}.{name}".lstrip(".")
    return inside if inside in MODULES else base


def _folder(module: str) -> str:
    return module.split(".")[0]


def _assert_none(violations: list[str]) -> None:
    assert not violations, "\n" + "\n".join(violations)


def test_imports_run_one_way() -> None:
    """A part can be read, tested and replaced without those that stand on it; what runs in Ansible stays small."""
    violations = []
    for module in MODULES:
        folder = _folder(module)
        if folder in BASIS or not folder:
            allowed = BASIS
        else:
            assert folder in MAY_IMPORT, f"{folder}: who may import whom? Say it in MAY_IMPORT."
            allowed = BASIS | MAY_IMPORT[folder] | {folder}
        for target in _imports(module):
            if target in MODULES and target and not {target, _folder(target)} & allowed:
                violations.append(f"{module} imports {target}")
    _assert_none(violations)


def test_every_library_has_its_place() -> None:
    """Ansible's objects change from version to version: one folder knows them. OpenTelemetry's, likewise, the sinks."""
    violations = []
    for module in MODULES:
        for target in _imports(module):
            if target in MODULES or target in sys.stdlib_module_names:
                continue
            if _folder(module) not in THIRD_PARTY.get(target, set()):
                violations.append(f"{module} imports {target}")
    _assert_none(violations)


def test_no_circles() -> None:
    """In a circle nothing comes first: neither for the reader nor for Python."""
    graph = {module: {target for target in _imports(module) if target in MODULES} - {module} for module in MODULES}
    while leaves := {module for module, targets in graph.items() if not targets}:
        graph = {module: targets - leaves for module, targets in graph.items() if module not in leaves}
    _assert_none([f"{module} is in or before a circle with {', '.join(sorted(graph[module]))}" for module in graph])


def test_ansible_loads_nothing_heavy_for_us() -> None:
    """Read from the modules that are really there, since what is imported imports further."""
    program = (
        "import sys; before = set(sys.modules); import deploytrace.capture.recorder, deploytrace.capture.surroundings; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(SOURCE)!r}); {program}"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert "deploytrace" in loaded
    _assert_none([name for name in NOT_IN_ANSIBLE if name in loaded])


def test_a_sidecar_loads_nothing_heavy_for_a_new_store(tmp_path: Path) -> None:
    """Each run starts a sidecar: what it loads and does not need is paid for by the machine that deploys."""
    program = (
        "import sys; import deploytrace.store.recording; from deploytrace.store.database import open_store; "
        "open_store(sys.argv[1]).close(); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/store.db"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert "sqlalchemy.dialects.sqlite" in loaded
    _assert_none([name for name in ("alembic", "sqlalchemy.dialects.postgresql") if name in loaded])


def test_files_and_functions_are_short() -> None:
    """What fits on a few screens can be held in one's head."""
    violations = []
    lengths = []
    for path, tree in MODULES.values():
        lines = len(path.read_text(encoding="utf-8").splitlines()) - _generated_lines(tree)
        lengths += [lines] if path.name != "__init__.py" else []
        if lines > MAX_LINES_OF_A_FILE:
            violations.append(f"{path.relative_to(ROOT)} has {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > MAX_LINES_OF_A_FUNCTION:
                    violations.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines")
    if statistics.median(lengths) > MAX_MEDIAN_LINES:
        violations.append(f"the median module has {statistics.median(lengths)} lines")
    _assert_none(violations)


def _generated_lines(tree: ast.Module) -> int:
    """Return how long a callback's documentation block is: nobody writes or reads it there, it lists the settings."""
    blocks = [
        node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION"
    ]
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in blocks)


def test_every_module_says_what_it_is_for() -> None:
    """The first line is what a newcomer reads; a name such as ``utils`` would say nothing."""
    violations = []
    for path, tree in MODULES.values():
        if not ast.get_docstring(tree):
            violations.append(f"{path.relative_to(ROOT)} has no docstring")
        if {path.stem, path.parent.name} & FORBIDDEN_NAMES:
            violations.append(f"{path.relative_to(ROOT)} has a name that says nothing")
    _assert_none(violations)


def test_what_is_public_is_documented_and_listed() -> None:
    """``__all__`` tells what others may rely on; it names what exists, and each of it has a docstring."""
    violations = []
    for module, (path, tree) in MODULES.items():
        if path.name in ("__init__.py", "__main__.py") or _folder(module) == CALLBACKS:
            continue
        listed = _all_of(tree)
        if listed is None:
            violations.append(f"{module} has no __all__")
            continue
        defined = {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        for name in listed:
            if name in defined and not ast.get_docstring(defined[name]):
                violations.append(f"{module}.{name} has no docstring")
        unlisted = sorted({name for name in defined if not name.startswith("_")} - set(listed))
        violations += [f"{module}.{name} is not in __all__" for name in unlisted]
    _assert_none(violations)


def _all_of(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return None
