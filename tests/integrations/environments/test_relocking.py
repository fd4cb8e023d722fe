"""Lockfiles with one package at another version, by the real uv and npm, of packages of a real index."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import uv

from integrations.environments import LockfileUnusable
from integrations.environments.vendors.local.client import LocalEnvironments
from integrations.environments.vendors.local.tools import interpreter
from tests.integrations.environments.conftest import Index

pytestmark = [pytest.mark.sandbox, pytest.mark.processes]

PROJECT = """[project]
name = "till"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["wanted{demand}", "other"]
"""


def locked(tree: Path, index: Index, demand: str) -> None:
    """A project whose lockfile has the first version of both of its packages."""
    (tree / "pyproject.toml").write_text(PROJECT.format(demand=demand))
    index.wheel("wanted", "1.0", {"wanted.py": "AT = 1\n"})
    index.wheel("other", "1.0", {"other.py": ""})
    argv = [uv.find_uv_bin(), "lock", "--no-config", "--no-cache", "--quiet", "--python", str(interpreter())]
    subprocess.run([*argv, "--default-index", f"{index.address}/simple/"], cwd=tree, check=True)
    index.wheel("wanted", "1.1", {"wanted.py": "AT = 2\n"})
    index.wheel("other", "1.1", {"other.py": ""})


async def test_one_package_moves_and_no_other(
    environments: LocalEnvironments, tree: Path, index: Index
) -> None:
    locked(tree, index, ">=1.0")
    before = (tree / "uv.lock").read_text()
    found = await environments.relock(tree, "Wanted", "1.1")
    assert found.was == "1.0"
    assert set(found.files) == {"uv.lock"}
    assert 'name = "wanted"\nversion = "1.1"' in found.files["uv.lock"]
    assert 'name = "other"\nversion = "1.0"' in found.files["uv.lock"]
    assert (tree / "uv.lock").read_text() == before
    (tree / "uv.lock").write_text(found.files["uv.lock"])
    assert await environments.of(tree), "what it wrote can be installed"


async def test_an_exact_demand_moves_too(environments: LocalEnvironments, tree: Path, index: Index) -> None:
    locked(tree, index, "==1.0")
    found = await environments.relock(tree, "wanted", "1.1")
    assert '"wanted==1.1"' in found.files["pyproject.toml"]


@pytest.mark.parametrize(
    ("demand", "package", "version", "says"),
    [
        ("<1.1", "wanted", "1.1", "a person decides"),
        (">=1.0", "wanted", "7.0", "cannot be 7.0"),
        (">=1.0", "missing", "1.0", "No lockfile"),
        (">=1.0", "wanted", "1.0", "at this version already"),
    ],
)
async def test_what_cannot_be(
    environments: LocalEnvironments,
    tree: Path,
    index: Index,
    demand: str,
    package: str,
    version: str,
    says: str,
) -> None:
    locked(tree, index, demand)
    with pytest.raises(LockfileUnusable, match=says):
        await environments.relock(tree, package, version)


@pytest.mark.parametrize(
    "more",
    [
        '[[tool.uv.index]]\nname = "own"\nurl = "http://127.0.0.1:9/simple"\n',
        '[tool.uv.sources]\nwanted = { url = "http://127.0.0.1:9/w.whl" }\n',
        '[dependency-groups]\ndev = ["thing @ http://127.0.0.1:9/thing.whl"]\n',
    ],
)
async def test_a_project_does_not_choose_where_packages_come_from(
    environments: LocalEnvironments, tree: Path, index: Index, more: str
) -> None:
    locked(tree, index, ">=1.0")
    with (tree / "pyproject.toml").open("a") as file:
        file.write(more)
    asked = len(index.asked)
    with pytest.raises(LockfileUnusable, match="elsewhere than the index"):
        await environments.relock(tree, "wanted", "1.1")
    assert len(index.asked) == asked


@pytest.mark.parametrize("demand", ["git+{}/own.git", "{}/own.tgz", "file:../own"])
async def test_a_project_in_node_does_not_choose_it_either(
    environments: LocalEnvironments, tree: Path, index: Index, demand: str
) -> None:
    wanted = index.node_package("wanted", "1.0.0", {"index.js": ""})
    index.node_package("wanted", "1.1.0", {"index.js": ""})
    demands = {"wanted": "^1.0.0", "own": demand.format(index.address)}
    lock = {"lockfileVersion": 3, "packages": {"": {"dependencies": demands}, "node_modules/wanted": wanted}}
    (tree / "package.json").write_text(json.dumps({"name": "page", "dependencies": demands}))
    (tree / "package-lock.json").write_text(json.dumps(lock))
    for making in (environments.relock(tree, "wanted", "1.1.0"), environments.of(tree)):
        with pytest.raises(LockfileUnusable, match="takes own from elsewhere than the registry"):
            await making
    assert index.asked == []


async def test_a_node_package_moves(environments: LocalEnvironments, tree: Path, index: Index) -> None:
    wanted = index.node_package("wanted", "1.0.0", {"index.js": ""})
    index.node_package("wanted", "1.1.0", {"index.js": ""})
    package = {"name": "page", "version": "1.0.0", "dependencies": {"wanted": "^1.0.0"}}
    packages = {"": {"name": "page", "version": "1.0.0", "dependencies": {"wanted": "^1.0.0"}}}
    lock = {"name": "page", "version": "1.0.0", "lockfileVersion": 3, "requires": True}
    (tree / "package.json").write_text(json.dumps(package))
    (tree / "package-lock.json").write_text(
        json.dumps({**lock, "packages": {**packages, "node_modules/wanted": wanted}})
    )
    found = await environments.relock(tree, "wanted", "1.1.0")
    moved = json.loads(found.files["package-lock.json"])["packages"]["node_modules/wanted"]
    assert (found.was, moved["version"]) == ("1.0.0", "1.1.0")
    assert moved["resolved"].startswith("https://registry.npmjs.org/wanted/")
    with pytest.raises(LockfileUnusable, match="does not name deeper"):
        await environments.relock(tree, "deeper", "1.0.0")
