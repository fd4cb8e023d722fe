"""What the documents name exists: links, commands, targets, settings, files. The README is one screen."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings
from integrations.integration import find_vendors
from tests.architecture.source import ROOMS, ROOT
from tests.docs.pages import PAGES, anchors, code, fences, links

SCREEN_LINES = 45

_VENDORS = [one for of_kind in find_vendors(shipped=()).found.values() for one in of_kind.values()]
SETTINGS = {name.upper() for name in Settings.model_fields} | {
    name.upper() for vendor in _VENDORS if vendor.settings for name in vendor.settings.model_fields
}
OTHER_VARIABLES = {
    "POSTGRES_APP_PASSWORD",
    "POSTGRES_OWNER_PASSWORD",
    "BENCH_DATA",
    "PYTHON",
    "KUBECONFIG",
    "KUBERNETES_TEST_IMAGES",
    "KUBERNETES_TEST_PODS",
}
"""compose.yaml's, the benchmarks' and the Makefile's."""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _all_code() -> str:
    return "\n".join(code(path) for path in PAGES)


@cache
def _commands() -> set[str]:
    said = subprocess.run(
        [sys.executable, "-m", "bot", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(re.findall(r"^    ([a-z][a-z-]+)(?:\s|$)", said.stdout, re.MULTILINE))


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_every_link_within_the_project_leads_somewhere(path: Path) -> None:
    for target in links(path):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.is_relative_to(ROOT), target
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_every_command_that_is_named_exists() -> None:
    named = set(re.findall(r"(?:python -m bot|countersign) ([a-z][a-z-]*)", _all_code()))
    assert named - _commands() == set()
    assert {"doctor", "ask", "decide", "halt", "audit", "migrate"} <= named


def test_every_module_that_is_run_exists() -> None:
    for name in re.findall(r"python -m ([\w.]+)", _all_code()):
        module = ROOT / name.replace(".", "/")
        assert name == "pytest" or module.with_suffix(".py").exists() or (module / "__main__.py").exists(), name


def test_every_target_that_is_named_exists() -> None:
    targets = set(
        re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = set(re.findall(r"(?:^|(?<=\n))make ([a-z][a-z-]*)", _all_code()))
    assert named - targets == set()
    assert {"run", "test", "check", "teams-package", "fake-slack"} <= named


def test_every_setting_that_is_named_exists() -> None:
    assigned = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", _all_code(), re.MULTILINE))
    spoken_of = set(re.findall(r"^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)$", _all_code(), re.MULTILINE))
    assert (assigned | spoken_of) - SETTINGS - OTHER_VARIABLES == set()
    assert {"ENV", "DEPARTMENT", "SLACK_BOT_TOKEN", "DATABASE_OWNER_URL"} <= assigned | spoken_of


def test_every_file_that_is_named_exists() -> None:
    made = re.compile(r"^(var|dist)/|^(department|prices)\.yaml$|^release\.yaml$|^releases/")
    ours = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.(?:md|py|ya?ml|toml)")
    for path in PAGES:
        for word in code(path).split("\n"):
            if ours.fullmatch(word) and not made.match(word):
                assert _is_there(word, path.parent), f"{_name(path)}: {word}"


def test_the_readme_is_one_screen_with_what_somebody_needs_first() -> None:
    readme = ROOT / "README.md"
    assert readme.read_text(encoding="utf-8").count("\n") <= SCREEN_LINES
    assert [fence.text for fence in fences(readme)] == ["make run\n", "make test\n"]
    assert "docs/console.png" in set(links(readme))


def test_every_page_can_be_reached_from_the_readme_and_from_the_sites_menu() -> None:
    linked = {(ROOT / target).resolve() for target in links(ROOT / "README.md") if "://" not in target}
    pages = set((ROOT / "docs").glob("*.md"))
    assert pages - linked == {ROOT / "docs/index.md"}
    menu = _leaves(yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), _Site)["nav"])
    assert {ROOT / "docs" / page for page in menu} == pages | set((ROOT / "docs/adr").glob("*.md"))
    assert len(menu) == len(set(menu))


def test_every_decision_is_listed_by_its_own_heading() -> None:
    listed = (ROOT / "docs/adr/index.md").read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs/adr").glob("0*.md")):
        heading = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        assert f"- [{heading}]({path.name})\n" in listed


class _Site(yaml.SafeLoader):
    """Reads what names a Python function as its name."""


_Site.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda _loader, suffix, _node: suffix)


def _is_there(file: str, beside: Path) -> bool:
    """Whether there is such a file: from the project, a room or the page, or (a bare name) in some room."""
    rooms = [ROOT / room for room in ROOMS]
    if any((folder / file).exists() for folder in (ROOT, beside, *rooms)):
        return True
    return "/" not in file and any(True for room in rooms for _ in room.rglob(file))


def _leaves(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    return [leaf for each in (nav.values() if isinstance(nav, dict) else nav) for leaf in _leaves(each)]
