"""Pages that rules write: the API's, the changelog, a new service's files."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.engineering.by_rule.api_docs import page_of, write_api_docs
from agents.engineering.by_rule.asked import ScaffoldService
from agents.engineering.by_rule.changelog import entry_of, update_changelog, with_entries
from agents.engineering.by_rule.scaffold import scaffold
from agents.engineering.workspace import NotPossible, Workspace
from integrations.code_host import CommitQuery
from integrations.code_host.contents import Commit, File, FileKind, Signature
from integrations.pages import Page

REPOSITORIES = Path(__file__).parents[4] / "examples" / "acme" / "repositories"


@pytest.mark.parametrize("name", ["orders", "checkout", "auth-service", "dashboard-api", "payment-service-v2"])
def test_a_sample_services_page_says_each_operation(name: str) -> None:
    text = (REPOSITORIES / name / "openapi.yaml").read_text()
    page = page_of(text, "openapi.yaml")
    assert page == page_of(text, "openapi.yaml")
    assert page.count("\n### `") == text.count("operationId:")


def test_what_others_wrote_in_it_is_text() -> None:
    info = {"title": "A | <b>x</b>", "version": 1, "description": "# Not a head"}
    answers = {"summary": "[click](http://x)", "responses": {"200": {"description": "a|b"}}}
    said = {"openapi": "3.0.0", "info": info, "paths": {"/a`b": {"get": answers}}}
    page = page_of(json.dumps(said), "openapi.json")
    assert "# A \\| \\<b\\>x\\</b\\> 1" in page
    assert "\\# Not a head" in page
    assert "\\[click\\](http://x)" in page
    assert "`GET /a’b`" in page
    assert "| 200 | a\\|b |" in page


def test_a_document_that_refers_to_itself_has_a_bound() -> None:
    text = "openapi: 3.0.0\ncomponents: {schemas: {A: &a {type: object, properties: {a: *a}}}}\n"
    assert page_of(text, "openapi.yaml").count("`a.a.a") < 6
    wide = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)
    )
    assert page_of(wide + "openapi: 3.0.0\ninfo: {title: *g}\n", "openapi.yaml")


@pytest.mark.parametrize("text", ["[", "openapi: 2.0\n", "- 1\n", "openapi: 3.0.0\n" + "[" * 5000])
def test_what_is_no_document_is_said(text: str) -> None:
    with pytest.raises(NotPossible):
        page_of(text, "openapi.yaml")


def test_no_document_and_several_are_said(tmp_path: Path) -> None:
    with pytest.raises(NotPossible, match="no OpenAPI document"):
        write_api_docs(Workspace(tmp_path))
    (tmp_path / "openapi.yaml").write_text("openapi: 3.0.0\n")
    (tmp_path / "openapi.json").write_text("{}")
    with pytest.raises(NotPossible, match="has 2 OpenAPI documents"):
        write_api_docs(Workspace(tmp_path))


@pytest.mark.parametrize(
    ("message", "section", "line"),
    [
        ("Add pages (#3)\n\nbody", "Added", "- Add pages (#3)"),
        ("Merge pull request #7 from a/b\n\nFix <b>totals</b>", "Fixed", r"- Fix \<b\>totals\</b\> (#7)"),
        ("CARD-12: Remove old names (#9)", "Removed", "- CARD-12: Remove old names (#9)"),
        ("feat(api): pages", "Added", "- feat(api): pages"),
        ("Keep orders in a book", "Changed", "- Keep orders in a book"),
    ],
)
def test_an_entry_is_a_title_sorted_by_its_first_word(message: str, section: str, line: str) -> None:
    entry = entry_of(message)
    assert entry is not None
    assert (entry.section, entry.line) == (section, line)


def test_entries_come_once_and_others_stay() -> None:
    text = (REPOSITORIES / "service-kit" / "CHANGELOG.md").read_text()
    entries = [one for one in (entry_of("Add pages (#3)"), entry_of("Mend periods")) if one]
    after = with_entries(text, entries)
    assert after.startswith(
        "# Changes\n\n## Unreleased\n\n### Added\n\n- Add pages (#3)\n\n### Fixed\n\n- Mend"
    )
    assert after.endswith(text.removeprefix("# Changes\n\n"))
    assert with_entries(after, entries) == after
    more = entry_of("Fix totals (#4)")
    assert more is not None
    assert "- Mend periods\n- Fix totals (#4)\n\n## 1.4.0" in with_entries(after, [more])


@dataclass
class History:
    """A code host with one branch: commits newest first, and what the changelog was at each."""

    commits_: list[Commit] = field(default_factory=list)
    changelogs: dict[str, str] = field(default_factory=dict)

    def add(self, sha: str, message: str, *parents: str, changelog: str | None = None) -> None:
        who = Signature("w", "w@example.com", datetime(2026, 11, 1, tzinfo=UTC))
        self.commits_.insert(0, Commit(sha, f"t{sha}", parents, who, who, message))
        if changelog is not None:
            self.changelogs[sha] = changelog

    async def commits(self, query: CommitQuery) -> Page[Commit]:
        reached, wanted = set(), [query.sha]
        known = {one.sha: one for one in self.commits_}
        while wanted:
            sha = wanted.pop()
            if sha not in reached:
                reached.add(sha)
                wanted += known[sha].parents
        found = [one for one in self.commits_ if one.sha in reached]
        if query.path:
            found = [one for one in found if one.sha in self.changelogs]
        return Page(tuple(found), None)

    async def file(self, repository: str, sha: str, path: str) -> File:
        return File(path, sha, FileKind.TEXT, "x", 1, self.changelogs[sha])


async def test_what_came_since_the_last_release_each_merge_as_one(tmp_path: Path) -> None:
    host, released = History(), "# Changelog\n\n## [1.0.0] - 2026-10-01\n\n- First\n"
    host.add("a", "Begin")
    host.add("b", "Release 1.0.0", "a", changelog=released)
    host.add("c", "work in progress", "b")
    host.add("d", "more work", "c")
    host.add("e", "Add refunds (#2)", "b", "d")
    host.add("f", "Fix totals", "e")
    host.add("g", "Update the changelog of orders (#4)", "f")
    (tmp_path / "CHANGELOG.md").write_text(released)
    files = Workspace(tmp_path)
    done = await update_changelog(files, host, "orders", "g")  # type: ignore[arg-type]
    assert "since 1.0.0" in done.summary
    text = files.text("CHANGELOG.md")
    assert (
        "## [Unreleased]\n\n### Added\n\n- Add refunds (#2)\n\n### Fixed\n\n- Fix totals\n\n## [1.0.0]" in text
    )
    assert "work in progress" not in text
    assert "Begin" not in text
    with pytest.raises(NotPossible, match=r"has everything that came since 1\.0\.0"):
        await update_changelog(files, host, "orders", "g")  # type: ignore[arg-type]


async def test_a_release_that_came_by_a_pull_request_is_no_change_of_its_own(tmp_path: Path) -> None:
    host, released = History(), "# Changelog\n\n## [1.0.0] - 2026-10-01\n\n- First\n"
    host.add("a", "Begin")
    host.add("b", "Release 1.0.0", "a", changelog=released)
    host.add("c", "Prepare 1.0.0 (#1)", "a", "b")
    host.add("d", "Fix totals", "c")
    (tmp_path / "CHANGELOG.md").write_text(released)
    files = Workspace(tmp_path)
    await update_changelog(files, host, "orders", "d")  # type: ignore[arg-type]
    assert "- Fix totals" in files.text("CHANGELOG.md")
    assert "Prepare" not in files.text("CHANGELOG.md")
    assert "Begin" not in files.text("CHANGELOG.md")


def test_a_scaffold_passes_its_own_tests_and_serves(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# refunds\n\nOurs.\n")
    done = scaffold(Workspace(tmp_path), ScaffoldService(name="refunds"), "northwind/refunds")
    assert "in northwind/refunds" in done.summary
    assert (tmp_path / "README.md").read_text() == "# refunds\n\nOurs.\n", "what was there stays"
    assert {"Dockerfile", "release.yaml", "openapi.yaml", "refunds", "tests"} <= {
        one.name for one in tmp_path.iterdir()
    }
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    ran = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "4 passed" in ran.stdout, ran.stdout
    assert page_of((tmp_path / "openapi.yaml").read_text(), "openapi.yaml")


def test_a_scaffold_beside_others_has_a_folder_of_its_own_and_the_repositorys_template(tmp_path: Path) -> None:
    template = tmp_path / "templates" / "service"
    (template / "{package}").mkdir(parents=True)
    (template / "{package}" / "main.py").write_text('NAME = "{service}"\n')
    files = Workspace(tmp_path)
    done = scaffold(files, ScaffoldService(name="gift-cards"), "shop")
    assert "the repository's own template" in done.summary
    assert files.text("gift-cards/gift_cards/main.py") == 'NAME = "gift-cards"\n'
    with pytest.raises(NotPossible, match="is in shop already"):
        scaffold(files, ScaffoldService(name="gift-cards"), "shop")
    with pytest.raises(NotPossible, match="no empty repository"):
        scaffold(files, ScaffoldService(name="shop"), "shop")
    with pytest.raises(NotPossible, match="a module queue of its own"):
        scaffold(files, ScaffoldService(name="queue"), "shop")
