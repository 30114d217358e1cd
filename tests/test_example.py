"""The example deploy works, trace and log are whole on every version and strategy, and the demo leaves nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from deploytrace.run.model import HostDetail, Kind, Node, Outcome
from endtoend.in_jaeger import delivered_trace
from endtoend.journals import only_journal
from example_log import in_order, regardless_of_strategy, sections
from ground.ansible import TELEMETRY, Ansible, Running
from ground.cache import CACHE, ROOT
from ground.servers import Jaeger
from ground.sshd import hosts, running_hosts

LOG = Path(__file__).with_name("example.log")
DEPLOY = ROOT / "examples" / "deploy.yml"
WEB = ("web1", "web2", "web3")
DEPLOY_SECONDS = 600  # a limit for a machine that is busy with other things; idle, it takes a quarter of a minute


@pytest.mark.long
@pytest.mark.timeout(DEPLOY_SECONDS + 60)
@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned"])
def test_its_trace_and_its_log_are_whole(
    each_ansible: Ansible, strategy: str, jaeger: Jaeger, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    python = each_ansible.environment.hosts_python
    with running_hosts(tmp_path / "work", hosts.GROUPS, python=python) as inventory:
        result = each_ansible.run(
            DEPLOY,
            inventory=inventory,
            strategy=strategy,
            callbacks=(TELEMETRY, "deploytrace.callbacks.log_plays"),
            env_vars={"OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp_http},
            timeout=DEPLOY_SECONDS,
        )
    assert result.returncode == 0, result.output
    nodes, _ = delivered_trace(jaeger, only_journal(each_ansible.state_dir))
    check_against_the_recap(nodes, result.stdout)
    check_that_it_holds_everything(nodes)
    each_ansible.wait_for_sidecar()
    in_lockstep = strategy == "linear"
    check_the_log(each_ansible, inventory, in_lockstep=in_lockstep, accept=request.config.getoption("--accept"))


def check_the_log(ansible: Ansible, inventory: Path, *, in_lockstep: bool, accept: bool) -> None:
    """What it says is what the committed log says; in lockstep, in the same order too."""
    text = (ansible.state_dir / "logs" / "latest").read_text(encoding="utf-8")
    replaced = {inventory.parent: "WORK", ROOT: "CHECKOUT", ansible.environment.hosts_python: "PYTHON"}
    found = sections(text, replaced)
    if accept and in_lockstep:
        LOG.write_text(in_order(found), encoding="utf-8")
    committed = LOG.read_text(encoding="utf-8")
    if in_lockstep:
        assert in_order(found) == committed, f"{LOG} differs; if the change is meant: pytest --accept"
    assert regardless_of_strategy(found) == regardless_of_strategy(sections(committed, {}))
    recap, end = text.partition("\nPLAY RECAP *")[2].split("\nRUN: ok *")
    assert {line.split()[0] for line in recap.splitlines() if " : ok=" in line} == {"localhost", "lb1", *WEB}
    assert "storefront | Build the search index (x2) ---" in recap
    assert ">> TOTAL TIME: <<< " in recap
    assert "failed" not in end


def host_results(nodes: list[Node]) -> list[tuple[Node, HostDetail]]:
    """Every task on every host."""
    return [(node, node.detail) for node in nodes if isinstance(node.detail, HostDetail)]


def check_against_the_recap(nodes: list[Node], output: str) -> None:
    """As many host results of each outcome as Ansible counted itself."""
    recap = dict(re.findall(r"^(\w+) +: (ok=.*)$", output, re.MULTILINE))
    for host in ("localhost", "lb1", *WEB):
        counted = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", recap[host])}
        found = Counter(node.outcome.value for node, detail in host_results(nodes) if detail.host == host)
        for outcome in ("changed", "rescued", "ignored"):
            assert found[outcome] == counted[outcome], (host, found, counted)
        # Changed and ignored ones count as ok too, and so does each included file: two by "Go table by table".
        again = 1 if host in WEB else 0
        assert found.total() + again == counted["ok"] + counted["rescued"], (host, found, counted)


def check_that_it_holds_everything(nodes: list[Node]) -> None:
    """One of everything that examples/README.md promises, where it belongs."""
    by_id = {node.id: node for node in nodes}

    def way(node: Node) -> list[str]:
        """The names from the root down to the node."""
        return [*(way(by_id[node.parent]) if node.parent else []), node.name]

    def ways(kind: Kind) -> list[list[str]]:
        return [way(node) for node in nodes if node.kind is kind]

    of_outcome = Counter((node.outcome, node.name) for node, detail in host_results(nodes) if detail.host in WEB)
    assert of_outcome[Outcome.IGNORED, "Save the open baskets, if the old version can"] == len(WEB)
    assert of_outcome[Outcome.RESCUED, "Migrate all tables online"] == len(WEB)
    assert len(ways(Kind.BATCH)) == 2
    handlers = {"Fill the page cache", "Note the release in the deploy log"}
    assert {path[-1] for path in ways(Kind.HANDLER)} == handlers
    roles = {"artifact", "balancer", "runtime", "storefront", "release", "database", "service"}
    assert {path[-1] for path in ways(Kind.ROLE)} == roles
    nested = [path for path in ways(Kind.ROLE) if path[-1] in ("runtime", "release", "database", "service")]
    assert all(path[-2] == "storefront" for path in nested), nested
    assert "Online, else table by table" in {path[-1] for path in ways(Kind.BLOCK)}
    looped = {path[-3] for path in ways(Kind.ITEM)}
    assert looped == {"Create the directories", "Go table by table", "Open the pages that customers open"}
    assert {path[-3] for path in ways(Kind.ATTEMPT)} == {"Wait until the new version is healthy"}
    assert {node.name for node, detail in host_results(nodes) if detail.definition.delegate_to} == {
        "Remove the host from the pool",
        "Add the host to the pool",
    }


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as somebody else would clone it."""
    target = tmp_path_factory.mktemp("demo") / "checkout"
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in files.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def make_demo(ansible: Ansible, checkout: Path) -> Running:
    """Start `make demo` as a user with an empty home."""
    environ = ansible.environ(PIP_CACHE_DIR=str(CACHE / "pip"), DEPLOYTRACE_STATE_DIR=None)
    return Running(["make", "demo"], checkout, environ, ansible.directory / "demo")


def left_running(checkout: Path) -> list[str]:
    """The command lines of living processes that mention the checkout."""
    table = subprocess.run(["ps", "-A", "-ww", "-o", "command="], capture_output=True, text=True, check=True).stdout
    return [line for line in table.splitlines() if f"{checkout}/examples/.work" in line]


def get(url: str) -> str:
    """The body that a URL answers with."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - always http, a host of ours
        text: str = answer.read().decode()
        return text


class Customer:
    """Somebody who looks at the shop, through the balancer, all the time."""

    def __init__(self, inventory: Path) -> None:
        balancer = json.loads(inventory.read_text())["all"]["hosts"]["lb1"]
        self.address = f"http://{balancer['ansible_host']}:{balancer['service_port']}"
        self.seen: list[str] = []

    def looks_until(self, over: Callable[[], bool]) -> bool:
        """Say whether it is over; look again if it is not. Whatever goes wrong with the page is raised."""
        if ended := over():
            return ended
        time.sleep(0.1)
        if (page := get(self.address + "/")) not in self.seen[-1:]:
            self.seen.append(page)
        return False


@pytest.mark.long("checkout")
@pytest.mark.timeout(3 * DEPLOY_SECONDS)
def test_the_demo_rolls_out_unnoticed_shows_the_trace_and_stops_its_hosts(ansible: Ansible, checkout: Path) -> None:
    demo = make_demo(ansible, checkout)
    demo.wait_for_output("[4/5]", timeout=DEPLOY_SECONDS)
    customer = Customer(checkout / "examples" / ".work" / "inventory.json")
    demo.wait_until(lambda: customer.looks_until(lambda: "[5/5]" in demo.stdout), timeout=DEPLOY_SECONDS)
    result = demo.finish()
    assert result.returncode == 0, result.output
    pages = [f"<h1>acme outdoor: Welcome</h1><p>{version}, staging</p>\n" for version in ("1.0.0", "1.1.0")]
    assert (customer.seen[0], customer.seen[-1]) == tuple(pages)
    assert set(customer.seen) == set(pages)

    _, tree = result.stdout.split("[5/5]")
    for name in ("Roll out the storefront", "storefront", "database", "Migrate one table", "web3"):
        assert name in tree
    assert "Fill the page cache" in tree
    (trace_file,) = re.findall(r"upload in Jaeger's UI: (\S+)", tree)
    assert (checkout / trace_file).is_file()
    assert left_running(checkout) == []
    with pytest.raises(urllib.error.URLError):
        get(customer.address + "/")


@pytest.mark.long("checkout")
@pytest.mark.timeout(2 * DEPLOY_SECONDS)
def test_the_demo_stops_its_hosts_when_interrupted(ansible: Ansible, checkout: Path) -> None:
    demo = make_demo(ansible, checkout)
    demo.wait_for_output("[3/5]", timeout=DEPLOY_SECONDS)
    assert left_running(checkout) != []
    demo.interrupt()
    result = demo.finish()
    assert result.returncode != 0
    assert "Interrupted." in result.stdout
    ansible.wait_for_sidecar()
    assert left_running(checkout) == []
