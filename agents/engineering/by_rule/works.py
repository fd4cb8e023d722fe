"""Doing a work by rule: the same files and the same work give the same change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agents.engineering.by_rule.api_docs import write_api_docs
from agents.engineering.by_rule.asked import (
    BumpPackage,
    FixLint,
    RenameName,
    RuleWork,
    ScaffoldService,
    UpdateChangelog,
    WriteApiDocs,
    Written,
)
from agents.engineering.by_rule.changelog import update_changelog
from agents.engineering.by_rule.lint import fix_lint
from agents.engineering.by_rule.rename import rename
from agents.engineering.by_rule.scaffold import scaffold
from agents.engineering.workspace import NotPossible, Workspace
from integrations.code_host.refusals import CodeHostError
from integrations.environments import EnvironmentsError
from integrations.ports import Ports


@dataclass(frozen=True, slots=True)
class Place:
    """Where a work is done: the files of a repository at one commit, which are changed."""

    files: Workspace
    repository: str
    sha: str
    ports: Ports


async def do(work: RuleWork, place: Place) -> Written:
    """Do it. Raises NotPossible, with what a person has to do instead; storage.look.Away."""
    match work:
        case FixLint():
            return await fix_lint(place.files, place.ports.sandbox)
        case BumpPackage():
            return await _bump(work, place)
        case WriteApiDocs():
            return await asyncio.to_thread(write_api_docs, place.files)
        case UpdateChangelog():
            try:
                return await update_changelog(place.files, place.ports.code_host, place.repository, place.sha)
            except CodeHostError as refused:
                raise NotPossible(str(refused)) from refused
        case RenameName():
            return await asyncio.to_thread(rename, place.files, work)
        case ScaffoldService():
            return await asyncio.to_thread(scaffold, place.files, work, place.repository)


async def _bump(work: BumpPackage, place: Place) -> Written:
    try:
        made = await place.ports.environments.relock(place.files.root, work.package, work.version)
    except EnvironmentsError as refused:
        raise NotPossible(str(refused)) from refused
    for name, text in made.files.items():
        place.files.write(name, text)
    return Written(f"{work.package} is {work.version}, and was {made.was}: {', '.join(made.files)}.")


def said(work: RuleWork, repository: str) -> str:
    """A work as a story's title, which reads back to the same work."""
    match work:
        case FixLint():
            return f"Fix the lint in {repository}"
        case BumpPackage():
            return f"Bump {work.package} to {work.version} in {repository}"
        case WriteApiDocs():
            return f"Write the API docs of {repository}"
        case UpdateChangelog():
            return f"Update the changelog of {repository}"
        case RenameName():
            return f"Rename `{work.old}` to `{work.new}` in {repository}"
        case ScaffoldService():
            return f"Scaffold a service called {work.name} in {repository}"
