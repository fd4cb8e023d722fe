"""The changelog, as https://keepachangelog.com has it: what came into a branch since the last release.

The last release is the newest version that the changelog names, and the commit that brought it there. Each
entry is a merge, or a commit that came by itself, by its title: what people wrote, which a rule only sorts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agents.engineering.by_rule.asked import Meant, UpdateChangelog, Written, read
from agents.engineering.workspace import NotPossible, Workspace
from integrations.code_host import CodeHost, CommitQuery
from integrations.code_host.contents import Commit
from integrations.code_host.refusals import NoSuchPath

NAMES = ("CHANGELOG.md", "CHANGES.md", "HISTORY.md")
SECTIONS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_MOST_COMMITS = 1_000
_MOST_ENTRIES = 200
_LONGEST = 160
_HEAD = (
    "# Changelog\n\nAll notable changes are written here, as [Keep a Changelog](https://keepachangelog.com/en/1.1.0/)"
    " has it.\n"
)
_VERSION = re.compile(r"^##\s+\[?v?(?P<version>\d+\.\d+[^\]\s]*)", re.MULTILINE)
_UNRELEASED = re.compile(r"^##\s+\[?unreleased\]?.*$", re.IGNORECASE | re.MULTILINE)
_MERGED = re.compile(r"^Merge pull request #(?P<number>\d+) from \S+$")
_NUMBERED = re.compile(r"^(?P<title>.+?) \(#(?P<number>\d+)\)$")
_WORDS = {
    "Added": r"add|introduce|create|allow|support|offer|new",
    "Fixed": r"fix|mend|correct|repair|resolve|prevent|avoid",
    "Removed": r"remove|drop|delete|take away|retire",
    "Deprecated": r"deprecate|mark as old",
    "Security": r"secure|patch cve|cve|harden|sanitise|sanitize|escape",
}
_SPECIAL = re.compile(r"([\\`*_\[\]<>])")


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: the section that it belongs to, and its line."""

    section: str
    line: str


async def update_changelog(files: Workspace, host: CodeHost, repository: str, sha: str) -> Written:
    """Write what came since the last release. Raises NotPossible, CodeHostError."""
    name = changelog_in(files) or NAMES[0]
    before = files.text(name) if (files.root / name).is_file() else ""
    released = await _released(host, repository, sha, name, before)
    commits = await _since(host, repository, sha, released)
    entries = [entry for one in commits if (entry := entry_of(one.message)) is not None]
    since = f"since {newest_version(before)}" if released else "since the beginning"
    after = with_entries(before, entries[:_MOST_ENTRIES])
    if after == before:
        raise NotPossible(f"{name} has everything that came {since}.")
    files.write(name, after)
    left = (f"{len(entries) - _MOST_ENTRIES} older changes",) if len(entries) > _MOST_ENTRIES else ()
    return Written(f"{name} says what came {since}, sorted by the first word of each title.", left)


def changelog_in(files: Workspace) -> str | None:
    """The name of the changelog that is there."""
    return next((name for name in NAMES if (files.root / name).is_file()), None)


def newest_version(text: str) -> str | None:
    """The newest version that a changelog names."""
    found = _VERSION.search(text)
    return found["version"] if found else None


def entry_of(message: str) -> Entry | None:
    """A commit's entry, by its message; None of one that only brought the changelog up to date."""
    first, _, rest = message.partition("\n")
    number = None
    if found := _MERGED.match(first.strip()):
        number, first = found["number"], next((line for line in rest.splitlines() if line.strip()), first)
    elif found := _NUMBERED.match(first.strip()):
        number, first = found["number"], found["title"]
    title = " ".join(first.split())[:_LONGEST]
    bare = re.sub(r"^(?:[A-Z][A-Z0-9]*-\d+: |\w+(?:\(\w+\))?!?: )", "", title)
    meant = read(bare)
    if not title or (isinstance(meant, Meant) and isinstance(meant.work, UpdateChangelog)):
        return None
    section = next(
        (name for name, words in _WORDS.items() if re.match(rf"(?:{words})s?\b", bare, re.IGNORECASE)),
        "Changed",
    )
    conventional = {"feat": "Added", "fix": "Fixed"}.get(title.partition(":")[0].partition("(")[0].lower())
    said = _SPECIAL.sub(r"\\\1", title)
    return Entry(conventional or section, f"- {said}" + (f" (#{number})" if number else ""))


def with_entries(text: str, entries: Iterable[Entry]) -> str:
    """The changelog with these entries under what is not released yet; those that stand there stay as they
    are."""
    text = text or _HEAD
    found = _UNRELEASED.search(text)
    following = _VERSION.search(text, found.end() if found else 0)
    if found is None:
        at = following.start() if following else len(text)
        bracketed = following is None or text[following.start() :].lstrip("# ").startswith("[")
        heading, body = f"## {'[Unreleased]' if bracketed else 'Unreleased'}", ""
        head, tail = text[:at].rstrip("\n") + "\n\n", text[at:]
    else:
        at = following.start() if following else len(text)
        heading, body, head, tail = found[0].rstrip(), text[found.end() : at], text[: found.start()], text[at:]
    sections = _sections(body)
    known = {line for lines in sections.values() for line in lines}
    new = [entry for entry in dict.fromkeys(entries) if entry.line not in known]
    if not new:
        return text
    for entry in new:
        sections.setdefault(entry.section, []).append(entry.line)
    order = [
        *(name for name in sections if name not in SECTIONS),
        *(name for name in SECTIONS if name in sections),
    ]
    said = "\n\n".join(
        (f"### {name}\n\n" if name else "") + "\n".join(sections[name]) for name in order if sections[name]
    )
    return f"{head}{heading}\n\n{said}\n" + (f"\n{tail}" if tail else "")


def _sections(body: str) -> dict[str, list[str]]:
    """The lines under each heading of the third level; those before the first under an empty name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in body.splitlines():
        if line.startswith("### "):
            name = line.removeprefix("### ").strip()
            found.setdefault(name, [])
        elif line.strip():
            found.setdefault(name, []).append(line.rstrip())
    return found


async def _released(host: CodeHost, repository: str, sha: str, name: str, now: str) -> str | None:
    """The commit that brought the newest version into the changelog; None where it names none."""
    version = newest_version(now)
    if version is None:
        return None
    brought = None
    for commit in await _commits(host, CommitQuery(repository, sha, name)):
        try:
            text = (await host.file(repository, commit.sha, name)).text or ""
        except NoSuchPath:
            break
        if newest_version(text) != version:
            break
        brought = commit.sha
    return brought


async def _since(host: CodeHost, repository: str, sha: str, released: str | None) -> Sequence[Commit]:
    """What came into the branch after a commit, newest first, each merge as one."""
    commits = {one.sha: one for one in await _commits(host, CommitQuery(repository, sha))}
    older = (
        set()
        if released is None
        else {one.sha for one in await _commits(host, CommitQuery(repository, released))}
    )
    found = []
    at: str | None = sha
    while at is not None and at in commits and at not in older:
        commit = commits[at]
        if older.isdisjoint(commit.parents[1:]):
            found.append(commit)
        at = commit.parents[0] if commit.parents else None
    return found


async def _commits(host: CodeHost, query: CommitQuery) -> list[Commit]:
    found: list[Commit] = []
    while len(found) < _MOST_COMMITS:
        page = await host.commits(query)
        found += page.items
        if page.after is None:
            break
        query = replace(query, after=page.after)
    return found
