"""What modules declare to be secret, read from source as people write it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from deploytrace.capture.declared import Declarations, Declared, Sources
from ground.ansible import Ansible


def declared(*files: Path, utilities: Path | None = None) -> Declared:
    sources = Sources(list(map(str, files)), [str(utilities)] if utilities else [])
    return Declarations(lambda action, collections: sources).of(SimpleNamespace(action="any", collections=None))


PIN = "spec = dict(pin=parameter(no_log=True))"
FUNCTION = "def main():\n    spec = dict(\n        pin=dict(no_log=True),\n    )\n"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("spec = dict(pin=dict(type='str', no_log=True))", {"pin"}),
        ("spec = dict(pin=dict(no_log=True, aliases=['code', 'digits']))", {"pin", "code", "digits"}),
        ("spec = {'pin': {'type': 'str', 'no_log': True}, 'host': {'type': 'str'}}", {"pin"}),
        ("spec = {}\nspec['pin'] = dict(no_log=True)", {"pin"}),
        ("spec.update(pin=dict(\n    type='str',\n    no_log=True,\n))", {"pin"}),
        ("spec = dict(door=dict(type='dict', options=dict(colour=dict(no_log=True))))", {"colour"}),
        ("spec = dict(pin=dict(no_log=HIDDEN))", {"pin"}),
        ("spec = dict(pin=parameter(no_log=True))", {"pin"}),
        ("spec = dict(pin=dict(no_log  # it opens the door\n  \\\n = True))", {"pin"}),
        ("def run(task):\n  if task.no_log == True: return\n  task.no_log = (dict(a=1) or task.no_log)\n", set()),
        ("spec = dict(pin=dict(no_log=False), key=dict(no_log=None))", set()),
        ("def spec(no_log=True):\n    return dict(pin=dict(no_log=no_log))", {"pin"}),
        (f"{FUNCTION}    return {{}}", {"pin"}),
        (f"{FUNCTION}    spec['key'] = \\\n    parameter(no_log=True)", {"pin", "key"}),
        (f"{FUNCTION}    more(\n    key=\n    parameter(no_log=True),\n    host=1)", {"pin", "key"}),
        (f"class Door:\n    if NEW:\n        {PIN}\n    else:\n        {PIN}", {"pin"}),
        ("DOCUMENTATION = '''\noptions:\n  no_log: true, said dict(no_log=True)\n'''", set()),
        ("module = AnsibleModule(argument_spec=dict(pin=dict(type='str')), no_log=True)", set()),
    ],
)
def test_how_it_is_declared(tmp_path: Path, source: str, names: set[str]) -> None:
    file = tmp_path / "module.py"
    file.write_text(f"#!/usr/bin/python\n{source}\n")
    assert declared(file).names == names
    assert not declared(file).everything


@pytest.mark.parametrize(
    "source",
    [
        "SECRET = dict(no_log=True)\nspec = dict(pin=SECRET)",
        "spec = dict(pin=dict(no_log=True, aliases=ALIASES))",
        "spec = dict(pin=dict(no_log=True)",
    ],
)
def test_what_is_not_understood_hides_everything(tmp_path: Path, source: str) -> None:
    file = tmp_path / "module.py"
    file.write_text(source)
    assert declared(file).everything
    assert "any name" in declared(file)


def test_what_is_no_python_hides_everything(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\necho no_log\n")
    (tmp_path / "win_thing.ps1").write_text("#!powershell\n")
    (tmp_path / "win_thing.py").write_text("DOCUMENTATION = 'the module is written in PowerShell'\n")
    for name in ("script", "win_thing.ps1", "win_thing.py", "missing.py"):
        assert declared(tmp_path / name).everything
    assert declared().everything


def test_declarations_are_shared(tmp_path: Path) -> None:
    """From Ansible's module_utils, from a collection's own by its full name and relative to the module."""
    collection = tmp_path / "ansible_collections" / "my" / "own" / "plugins"
    utilities = tmp_path / "utilities"
    for path, source in (
        (utilities / "one.py", "def spec(): return dict(first=dict(no_log=True))"),
        (utilities / "sub" / "__init__.py", "# what is important: nothing\nfrom .größe import *"),
        (utilities / "sub" / "größe.py", "SPEC = dict(second=dict(no_log=True))"),
        (collection / "module_utils" / "three.py", "SPEC = dict(third=dict(no_log=True))"),
        (collection / "module_utils" / "four.py", "from . import three\nSPEC = dict(fourth=dict(no_log=True))"),
        (
            collection / "modules" / "module.py",
            (
                "from ansible.module_utils.one import spec\n"
                "from ansible.module_utils import (\n    sub,\n    other,\n)\n"
                "from ansible_collections.my.own.plugins.module_utils.three import SPEC\n"
                "def main():\n    from ..module_utils import four\n"
            ),
        ),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    names = {"first", "second", "third", "fourth"}
    assert declared(collection / "modules" / "module.py", utilities=utilities).names == names


OWN_FILES = """
from pathlib import Path
import ansible
from ansible.plugins import loader
from deploytrace.capture.declared import own_files
loader.init_plugin_loader()
for path in sorted(Path(ansible.__path__[0], "modules").glob("[a-z]*.py")):
    action = f"ansible.builtin.{path.stem}"
    kinds = loader.module_loader, loader.action_loader
    found = [kind.find_plugin(action, ignore_deprecated=True) for kind in kinds]
    assert own_files(ansible.__path__[0], action) == list(filter(None, found)), found
    print(action)
assert not own_files(ansible.__path__[0], "ansible.builtin.none") + own_files(ansible.__path__[0], "copy")
"""


def test_ansibles_own_files_are_those_that_its_loader_finds(each_ansible: Ansible) -> None:
    done = each_ansible.start_program("python", "-c", OWN_FILES).finish()
    assert done.returncode == 0, done.output
    assert "ansible.builtin.copy" in done.stdout


IN_PARTS = """
import sys
from pathlib import Path
from types import SimpleNamespace
import ansible
from deploytrace.capture.declared import Declarations, Sources

def declared(path):
    declarations = Declarations(lambda action, collections: Sources([str(path)], []))
    found = declarations.of(SimpleNamespace(action="any", collections=None))
    return sorted(found.names), found.everything

whole, count = Path(sys.argv[1]), 0
for path in Path(ansible.__path__[0]).rglob("*.py"):
    source = path.read_text(encoding="utf-8")
    if "no_log" in source:
        whole.write_text(f"{source}\\nTEXT = '''\\nno_log=(\\n'''\\n", encoding="utf-8")  # no such part can be parsed
        assert declared(path) == declared(whole), path
        count += len(declared(path)[0])
print(count)
"""


def test_it_makes_no_difference_that_only_parts_are_parsed(each_ansible: Ansible, tmp_path: Path) -> None:
    done = each_ansible.start_program("python", "-c", IN_PARTS, tmp_path / "whole.py").finish()
    assert done.returncode == 0, done.output
    assert int(done.stdout) > 5


def test_ansibles_own_modules_are_understood(ansible: Ansible) -> None:
    done = ansible.start_program("python", "-c", "import ansible; print(ansible.__path__[0])").finish()
    package = Path(done.stdout.strip())
    found = {
        path.stem: declared(path, utilities=package / "module_utils") for path in (package / "modules").glob("*.py")
    }
    assert [name for name, each in found.items() if each.everything] == []
    assert found["uri"].names >= {"url_password"}
    assert found["user"].names >= {"password", "ssh_key_passphrase"}
    assert found["copy"].names == {"content"}
    assert found["file"].names == frozenset()
