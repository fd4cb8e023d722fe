"""The sample's repositories: their tests pass, their histories come out the same, and services have them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from integrations.code_host import CommitQuery, TreeQuery, bare_repository
from integrations.code_host.vendors.local.client import LocalCodeHost
from integrations.code_host.vendors.local.repositories import make_repository, read_sample
from integrations.pages import Part, everything
from storage.database import Database

ACME = Path(__file__).parents[2] / "examples" / "acme"
SAMPLE = ACME / "repositories"
HISTORIES = read_sample(SAMPLE)
PYTHON = [name for name in HISTORIES if (SAMPLE / name / "pyproject.toml").exists()]

pytestmark = pytest.mark.processes


def test_there_are_services_pages_and_a_shared_library() -> None:
    assert len(PYTHON) >= 5
    assert {
        "orders",
        "payment-service-v2",
        "checkout",
        "auth-service",
        "customer-dashboard",
        "service-kit",
    } <= set(HISTORIES)
    assert {folder.name for folder in SAMPLE.iterdir() if folder.is_dir()} == set(HISTORIES)


def test_those_that_are_services_are_the_catalogues() -> None:
    known = {folder.name for folder in (ACME / "services").iterdir()}
    assert set(HISTORIES) - known == {"service-kit"}


def test_whoever_committed_is_of_the_department() -> None:
    people = yaml.safe_load((ACME / "department.yaml").read_bytes())["people"]
    known = {(one["name"], one["email"]) for one in people}
    assert {(step.author, step.email) for one in HISTORIES.values() for step in one.commits} <= known


@pytest.mark.parametrize("name", PYTHON)
def test_its_tests_pass_in_a_plain_pytest(name: str, tmp_path: Path) -> None:
    tree = tmp_path / name
    shutil.copytree(SAMPLE / name, tree)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_pages_tests_pass() -> None:
    command = ["node", "--test", "tests/"]
    where = SAMPLE / "customer-dashboard"
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


async def test_the_same_commits_come_out_each_time(tmp_path: Path) -> None:
    name = "orders"
    tips = []
    for number in range(2):
        git = await make_repository(tmp_path / f"{number}.git", SAMPLE / name, HISTORIES[name])
        tips.append(await bare_repository.tip(git, "main"))
    assert tips[0] == tips[1] is not None


async def test_they_are_there_at_first_use_with_all_of_their_files(
    database: Database, tenant: str, tmp_path: Path
) -> None:
    host = LocalCodeHost(database, tenant, tmp_path / "code", SAMPLE)
    found = await everything(host.repositories, Part())
    assert [one.id for one in found] == sorted(HISTORIES)
    assert {one.language for one in found} == {"Python", "JavaScript"}
    for one in found:
        branch = await host.branch(one.id, "main")
        history = await everything(host.commits, CommitQuery(one.id, branch.sha))
        assert len(history) == len(HISTORIES[one.id].commits)
        paths = {entry.path for entry in await everything(host.tree, TreeQuery(one.id, branch.sha, deep=True))}
        assert {"AGENTS.md", "README.md"} <= paths
        assert branch.protection is not None
        assert branch.protection.required_reviews == HISTORIES[one.id].required_reviews
    again = LocalCodeHost(database, tenant, tmp_path / "code", SAMPLE)
    assert [one.id for one in await everything(again.repositories, Part())] == sorted(HISTORIES)
