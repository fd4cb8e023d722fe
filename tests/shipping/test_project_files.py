"""What a repository is expected to have: a licence, a changelog, forms, workflows; all of it read, and true."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.source import ROOT
from tests.shipping.scripts import script

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
APACHE_2_0 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""SHA-256 of the text as the Apache Software Foundation publishes it."""

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def read(path: Path | str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


def test_the_licence_is_the_one_that_the_project_names() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    (file,) = PROJECT["license-files"]
    assert hashlib.sha256((ROOT / file).read_bytes()).hexdigest() == APACHE_2_0


def test_the_changelog_has_a_section_for_what_comes_and_for_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]$", changelog, re.MULTILINE)
    kinds = set(re.findall(r"^### (.*)$", changelog, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    notes = script("release_notes").notes
    assert notes(f"v{PROJECT['version']}", PROJECT["version"], changelog)


@pytest.mark.parametrize(("tag", "version"), [("v1.0.0", "1.0.1"), ("1.0.0", "1.0.0"), ("v3.0.0", "3.0.0")])
def test_a_tag_that_is_not_what_is_shipped_makes_no_release(tag: str, version: str) -> None:
    with pytest.raises(SystemExit):
        script("release_notes").notes(tag, version, "## [1.0.0] - 2026-01-01\n\n- x\n\n## [1.0.1]\n")


def test_a_release_says_what_its_own_section_says() -> None:
    changelog = (
        "# C\n\n## [Unreleased]\n\n- c\n\n## [1.1.0] - 2026-02-01\n\n### Added\n\n- b\n\n## 1.0.0\n\n- a\n"
    )
    assert script("release_notes").notes("v1.1.0", "1.1.0", changelog) == "### Added\n\n- b"
    assert script("release_notes").notes("v1.0.0", "1.0.0", changelog) == "- a"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_what_exists(path: Path) -> None:
    workflow = read(path)
    assert True in workflow, "`on` is what YAML 1.1 reads as true"
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert set(job.get("needs", "").split()) <= set(workflow["jobs"])
    for step in steps(path):
        assert ("uses" in step) != ("run" in step)
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+", step.get("uses", "a/b@v1"))
        for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", "")):
            assert target in TARGETS
        for named in re.findall(r"(?:^|\s)(\.ci/\w+)", step.get("run", "")):
            assert os.access(ROOT / named, os.X_OK), named


def test_the_checks_run_on_the_oldest_and_the_newest_python() -> None:
    matrix = read(".github/workflows/checks.yml")["jobs"]["check"]["strategy"]["matrix"]["python"]
    oldest, beyond = re.findall(r"3\.(\d+)", PROJECT["requires-python"])
    assert matrix == [f"3.{oldest}", f"3.{int(beyond) - 1}"]
    ran = {path.stem: [step.get("run", "") for step in steps(path)] for path in WORKFLOWS}
    assert ".ci/run" in ran["checks"]
    assert ".ci/run" in ran["release"]
    assert ".ci/image_steps" in ran["image"]


def test_releases_come_from_tags_alone() -> None:
    assert read(".github/workflows/release.yml")[True] == {"push": {"tags": ["v*"]}}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_something_and_by_ids_of_its_own(path: Path) -> None:
    form = read(path)
    assert {"name", "description", "body"} <= set(form)
    asked = [field for field in form["body"] if field["type"] != "markdown"]
    assert all(field["type"] in ("textarea", "input", "dropdown", "checkboxes") for field in asked)
    assert all(field["attributes"]["label"] for field in asked)
    assert len({field["id"] for field in asked}) == len(asked) >= 3


def test_dependabot_looks_at_all_that_is_pinned() -> None:
    dependabot = read(".github/dependabot.yml")
    assert dependabot["version"] == 2
    pinned = {"uv": "uv.lock", "docker": "Dockerfile", "docker-compose": "compose.yaml"}
    found = {each["package-ecosystem"] for each in dependabot["updates"]}
    assert found == {*pinned, "github-actions"}
    assert all((ROOT / file).exists() for file in pinned.values())


def test_hooks_are_the_checks_of_make_check() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (local,) = read(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    for hook in local["hooks"]:
        program = hook["entry"].split()[0]
        assert f"$(BIN)/{program.removeprefix('.venv/bin/')}" in makefile
    assert [hook["id"] for hook in local["hooks"]] == ["ruff", "ruff-format", "mypy"]


def test_editors_are_told_the_linters_line_length() -> None:
    editors = ConfigParser()
    editors.read_string("[top]\n" + (ROOT / ".editorconfig").read_text(encoding="utf-8"))
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    assert editors["*.py"]["max_line_length"] == str(ruff["line-length"])
