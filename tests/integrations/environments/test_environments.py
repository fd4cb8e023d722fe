"""Environments, made of packages of a real index and used by commands in the sandbox."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import uv

from integrations.environments import (
    Environments,
    EnvironmentsError,
    LockfileUnusable,
    PackagesMissing,
    ToolMissing,
)
from integrations.environments.vendors.local import node
from integrations.environments.vendors.local.client import LocalEnvironments
from integrations.integration import Surroundings, find_vendors
from integrations.sandbox import Command, Environment, Ran
from integrations.sandbox.vendors.local.client import LocalSandbox
from storage.database import Database
from tests.integrations.environments.conftest import Index, environments_of

pytestmark = [pytest.mark.sandbox, pytest.mark.processes]

TRAP = "import os; open({trap!r}, 'a').write('ran')"
"""As one line of a `.pth`, or of a build script: it shows where code of a package ran."""


async def _run(sandbox: LocalSandbox, tree: Path, environment: Environment, *argv: str) -> Ran:
    return await sandbox.run(Command(argv, tree, environment))


async def test_a_tree_without_packages_has_a_test_runner(
    environments: LocalEnvironments, sandbox: LocalSandbox, tree: Path, index: Index
) -> None:
    """And asks no index."""
    (tree / "test_it.py").write_text("def test_good(): pass\ndef test_bad(): assert 1 == 2\n")
    environment = await environments.of(tree)
    suite = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", "results.xml")
    ran = await _run(sandbox, tree, environment, "python", "-m", "coverage", "run", *suite)
    assert ran.exit_code == 1, ran.output
    assert 'tests="2"' in (tree / "results.xml").read_text()
    ran = await _run(sandbox, tree, environment, "sh", "-c", "coverage json -qo-; echo; pytest --version")
    assert ran.output.startswith('{"meta"')
    assert "pytest 9" in ran.output
    assert not (tree / "__pycache__").exists()
    assert index.asked == []


async def test_packages_of_a_requirements_file(
    environments: LocalEnvironments, sandbox: LocalSandbox, tree: Path, index: Index, place: Path
) -> None:
    trap = place / "trap"
    good = index.wheel("good", "1.0", {"good.py": "x = 7\n", "trap.pth": TRAP.format(trap=str(trap))})
    other = "elsewhere==1.0 ; sys_platform == 'win32' --hash=sha256:" + "0" * 64
    in_two_lines = good.replace(" --hash", " \\\n    --hash")
    (tree / "requirements.txt").write_text(f"# tests\n{in_two_lines}\n{other}\n")
    environment = await environments.of(tree)
    ran = await _run(sandbox, tree, environment, "python", "-c", "import good, pytest; print(good.x)")
    assert (ran.exit_code, ran.output.splitlines()[-1]) == (0, "7"), ran.output
    assert not trap.exists(), "code of a package was run outside the sandbox"
    write = "import good; open(good.__file__, 'w')"
    assert (await _run(sandbox, tree, environment, "python", "-c", write)).exit_code == 1
    assert [path for path in index.asked if "elsewhere" in path] == []


async def test_packages_of_a_uv_lock_of_all_groups(
    environments: LocalEnvironments, sandbox: LocalSandbox, tree: Path, index: Index, place: Path
) -> None:
    index.wheel("good", "1.0", {"good.py": "x = 7\n"})
    index.wheel("pluggy", "1.6.0", {"ours.py": "x = 8\n"})  # also one of the test tools'
    (tree / "pyproject.toml").write_text(
        '[project]\nname = "service"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["good"]\n'
        '[dependency-groups]\ndev = ["pluggy"]\n'
        '[build-system]\nrequires = ["nothing"]\nbuild-backend = "none"\n'
        '[tool.uv]\nindex-url = "http://127.0.0.1:1/"\n'
    )
    lock = [uv.find_uv_bin(), "lock", "--no-cache", "--no-config", "--index-url", f"{index.address}/simple/"]
    await asyncio.to_thread(subprocess.run, [*lock, "--directory", str(tree)], check=True, capture_output=True)
    environment = await environments.of(tree)
    ran = await _run(sandbox, tree, environment, "python", "-c", "import good, ours; print(good.x, ours.x)")
    assert ran.output == "7 8\n"


async def test_a_package_without_a_wheel_is_missing_and_not_built(
    environments: LocalEnvironments, tree: Path, index: Index, place: Path
) -> None:
    trap = place / "trap"
    lines = [
        index.wheel("good", "1.0", {"good.py": ""}),
        index.source("raw", "1.0", TRAP.format(trap=str(trap))),
        f"gone==2.0 --hash=sha256:{'0' * 64}",
    ]
    (tree / "requirements.txt").write_text("\n".join(lines))
    with pytest.raises(PackagesMissing) as missing:
        await environments.of(tree)
    assert sorted(missing.value.names) == ["gone", "raw"]
    assert str(missing.value).startswith("These packages are missing: ")
    assert not trap.exists()
    assert [one.name for one in (place / "environments" / "kept").iterdir() if one.is_dir()] == []


async def test_a_file_of_another_hash_is_not_installed(
    environments: LocalEnvironments, tree: Path, index: Index
) -> None:
    """The index says the right hash, and gives another file."""
    (tree / "requirements.txt").write_text(index.wheel("good", "1.0", {"good.py": "x = 7\n"}))
    real = index.answers["/simple/good/"]
    index.wheel("good", "1.0", {"good.py": "x = 'evil'\n"})
    index.answers["/simple/good/"] = real
    with pytest.raises(EnvironmentsError, match=r"(?i)hash"):
        await environments.of(tree)


async def test_without_an_index_all_that_are_wanted_are_missing(tree: Path, place: Path) -> None:
    hashed = "--hash=sha256:" + "0" * 64
    other = f"elsewhere==1.0 ; sys_platform == 'win32' {hashed}"
    (tree / "requirements.txt").write_text(f"good==1.0 {hashed}\nBetter_One==1.0 {hashed}\n{other}\n")
    with pytest.raises(PackagesMissing) as missing:
        await environments_of("http://127.0.0.1:1", place).of(tree)
    assert missing.value.names == ("good", "better-one")


async def test_an_environment_is_made_once_however_many_ask(
    tree: Path, index: Index, place: Path, sandbox: LocalSandbox
) -> None:
    """In two processes' places, several at a time, one of which goes away."""
    (tree / "requirements.txt").write_text(index.wheel("good", "1.0", {"good.py": "x = 7\n"}))
    ours, theirs = (environments_of(index.address, place) for _ in range(2))
    asking = [asyncio.create_task(port.of(tree)) for port in (ours, theirs, ours, theirs)]
    while not index.asked:  # noqa: ASYNC110 — another process asks
        await asyncio.sleep(0.005)
    asking[0].cancel()
    ended = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(ended[0], asyncio.CancelledError)
    assert ended[1] == ended[2] == ended[3]
    assert index.asked.count("/files/good-1.0-py3-none-any.whl") <= 2  # once by the one that went away
    asked = len(index.asked)
    assert await ours.of(tree) == ended[1]
    assert len(index.asked) == asked


async def test_node_packages_beside_the_tree(
    environments: LocalEnvironments, sandbox: LocalSandbox, tree: Path, index: Index, place: Path
) -> None:
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    trap = place / "trap"
    files = {"index.js": "module.exports = 7", "cli.js": "#!/usr/bin/env node\nconsole.log('cli')"}
    scripts = {"postinstall": f"echo ran > {trap}"}
    locked = index.node_package("good", "1.0.0", files, scripts=scripts, bin={"good": "cli.js"})
    _node_tree(tree, good={**locked, "hasInstallScript": True, "bin": {"good": "cli.js"}})
    environment = await environments.of(tree)
    use = "node -p 'require(\"good\")'; good; python -m pytest -h"
    ran = await _run(sandbox, tree, environment, "sh", "-c", use)
    assert ran.output.startswith("7\ncli\nusage: ")
    assert not trap.exists(), "a script of a package was run outside the sandbox"
    assert not (tree / "node_modules").exists()
    assert any(path.endswith("good-1.0.0.tgz") for path in index.asked)


async def test_node_packages_that_are_missing(
    environments: LocalEnvironments, tree: Path, index: Index, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    good = index.node_package("good", "1.0.0", {"index.js": ""})
    gone = {**good, "resolved": "https://registry.npmjs.org/gone/-/gone-1.0.0.tgz"}
    _node_tree(tree, good=good, gone=gone)
    with pytest.raises(PackagesMissing) as missing:
        await environments.of(tree)
    assert missing.value.names == ("gone",)
    with pytest.raises(PackagesMissing) as missing:
        await environments_of("http://127.0.0.1:1", place).of(tree)
    assert missing.value.names == ("gone", "good")
    _node_tree(tree, good={**good, "integrity": "sha512-" + "A" * 86 + "=="})
    with pytest.raises(EnvironmentsError, match=r"(?i)integrity"):
        await environments.of(tree)
    monkeypatch.setattr(node.shutil, "which", lambda _name: None)
    with pytest.raises(ToolMissing, match="npm is not installed"):
        await environments.of(tree)


def _node_tree(tree: Path, **locked: dict[str, object]) -> None:
    wanted = dict.fromkeys(locked, "1.0.0")
    package = {"name": "web", "version": "1.0.0", "dependencies": wanted}
    (tree / "package.json").write_text(json.dumps(package))
    packages = {"": package, **{f"node_modules/{name}": said for name, said in locked.items()}}
    lock = {"name": "web", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
    (tree / "package-lock.json").write_text(json.dumps(lock))


async def test_a_lockfile_that_cannot_be_used_is_said(environments: LocalEnvironments, tree: Path) -> None:
    (tree / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\ndependencies = ["good"]\n')
    with pytest.raises(LockfileUnusable, match=r"there is no uv\.lock"):
        await environments.of(tree)
    (tree / "uv.lock").write_text("version = 99\n")
    with pytest.raises(LockfileUnusable, match=r"uv\.lock cannot be read"):
        await environments.of(tree)
    (tree / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\nrequires-python = ">=4"\n')
    with pytest.raises(LockfileUnusable, match=r"wants Python >=4"):
        await environments.of(tree)


async def test_the_doctor_says_how_it_is(database: Database, tmp_path: Path) -> None:
    vendor = find_vendors().chosen({})["environments"]
    assert vendor.settings is not None
    around = Surroundings(database, "t", tmp_path, {}, tmp_path / "var", vendor.settings())
    port: Environments = vendor.open(around)
    assert isinstance(port, LocalEnvironments)
    (found,) = await vendor.check(around)
    assert found.state in ("well", "advice")
    assert "pytest 9" in found.says
    assert os.path.basename(found.says.split(",")[0]).startswith("python")
    (chore,) = vendor.chores(around)
    await chore.do()
