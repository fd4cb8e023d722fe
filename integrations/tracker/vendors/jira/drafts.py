"""New stories and epics, as Jira takes them: one request makes all of one, its property with the grant's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.tracker import EpicDraft, Priority, StoryDraft, TrackerError, UnacceptableText
from integrations.tracker.vendors.jira import adf, jql, labels
from integrations.tracker.vendors.jira.issues import PROPERTY, shown
from integrations.tracker.vendors.jira.settings import JiraSettings, Place
from integrations.tracker.vendors.jira.world import Project, World

_LONGEST_TITLE = 255


class NoPlace(TrackerError):
    """Jira, as it is set up, has no place for this. The text says what to change."""


def story_project(settings: JiraSettings, draft: StoryDraft) -> str:
    """The project that a story goes into: its team's. Raises NoPlace."""
    return _known("team", settings.teams, draft.team).project


def epic_project(settings: JiraSettings, draft: EpicDraft) -> str:
    """The project that an epic goes into: its product's. Raises NoPlace."""
    return _known("product", settings.products, draft.product).project


def story_body(world: World, settings: JiraSettings, draft: StoryDraft, grant: str) -> dict[str, Any]:
    """The request that makes a story. Raises NoPlace, UnacceptableText."""
    project = project_named(world, story_project(settings, draft))
    kind = (project.bug if draft.origin is not None else None) or project.story
    if kind is None:
        raise NoPlace(f"{project.key} in Jira has no kind of issue for a story.")
    labels.demand_own(draft.labels)
    marks = [labels.written(one) for one in draft.labels]
    marks += team_labels(settings, project.key, draft.team) + _product_labels(
        settings, project.key, draft.product
    )
    marks += [labels.DISCIPLINE.label(draft.discipline)] if draft.discipline != "backend" else []
    marks += [labels.CUSTOMER.label(one) for one in draft.customers]
    if (origin := draft.origin) is not None:
        marks += [labels.STAGE.label(origin.stage), labels.FOUND.label(origin.found)]
        marks += [labels.ORIGIN.label(origin.story)] if origin.story is not None else []
    fields = {
        "project": {"key": project.key},
        "issuetype": {"id": kind},
        "summary": title(draft.title),
        "description": description(draft.description, draft.acceptance),
        "labels": list(dict.fromkeys(marks)),
        "priority": priority(world, draft.priority),
    }
    kept: dict[str, Any] = {"made": grant, "grants": [grant]}
    if draft.estimate_hours is not None:
        kept |= estimate(project, settings, draft.estimate_hours, fields)
    if draft.epic is not None:
        fields["parent"] = {"key": draft.epic}
    body: dict[str, Any] = {"fields": fields, "properties": [{"key": PROPERTY, "value": kept}]}
    if draft.depends_on:
        if world.blocks is None:
            raise NoPlace("Jira has no kind of link for “is blocked by”; an administrator can make one.")
        link = {"name": world.blocks}
        waits = [
            {"add": {"type": link, "inwardIssue": {"key": one}}} for one in dict.fromkeys(draft.depends_on)
        ]
        body["update"] = {"issuelinks": waits}
    return body


def epic_body(world: World, settings: JiraSettings, draft: EpicDraft, grant: str) -> dict[str, Any]:
    """The request that makes an epic. Raises NoPlace, UnacceptableText."""
    project = project_named(world, epic_project(settings, draft))
    if project.epic is None:
        raise NoPlace(f"{project.key} in Jira has no kind of issue for an epic.")
    marks = _product_labels(settings, project.key, draft.product)
    marks += [labels.DOCUMENT.label(draft.document)] if draft.document is not None else []
    marks += [labels.CUSTOMER.label(one) for one in draft.customers]
    fields = {
        "project": {"key": project.key},
        "issuetype": {"id": project.epic},
        "summary": title(draft.title),
        "labels": list(dict.fromkeys(marks)),
        "priority": priority(world, draft.priority),
    }
    return {"fields": fields, "properties": [{"key": PROPERTY, "value": {"made": grant, "grants": [grant]}}]}


def estimate(project: Project, settings: JiraSettings, hours: float, fields: dict[str, Any]) -> dict[str, Any]:
    """Write an estimate into `fields`: as story points, or else as the original estimate. What is returned is
    kept beside the issue, where the project has neither."""
    if project.points is not None:
        fields[project.points] = hours / settings.jira_hours_per_point
    elif project.has_time:
        fields["timetracking"] = {"originalEstimate": f"{round(hours * 60)}m"}
    else:
        return {"estimate_hours": hours}
    return {}


def priority(world: World, wanted: Priority) -> dict[str, str]:
    """A priority as Jira calls it. Raises NoPlace."""
    ids = world.priorities_of(wanted)
    if not ids:
        raise NoPlace(f"No priority in Jira is {wanted}: name one in JIRA_PRIORITIES.")
    return {"id": ids[0]}


def team_labels(settings: JiraSettings, project: str, team: str) -> list[str]:
    """What says that an issue of this project is of this team. Raises NoPlace."""
    _known("team", settings.teams, team)
    return [] if jql.who(labels.TEAM, settings.teams, project, ()) == team else [labels.TEAM.label(team)]


def _product_labels(settings: JiraSettings, project: str, product: str) -> list[str]:
    _known("product", settings.products, product)
    is_home = jql.who(labels.PRODUCT, settings.products, project, ()) == product
    return [] if is_home else [labels.PRODUCT.label(product)]


def project_named(world: World, key: str) -> Project:
    """A project. Raises NoPlace."""
    if key not in world.projects:
        raise NoPlace(f"Jira has no project {key}, or does not show it to us: see JIRA_PROJECTS.")
    return world.projects[key]


def title(text: str) -> str:
    """Raises UnacceptableText for a title that Jira would not keep as it is."""
    try:
        length = len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise UnacceptableText("The title holds half a character, which Jira cannot keep.") from None
    if length > _LONGEST_TITLE:
        raise UnacceptableText(f"A title in Jira has up to {_LONGEST_TITLE} characters, and this has {length}.")
    if text != text.strip() or shown(text) != text:
        raise UnacceptableText("A title in Jira is one line, without spaces around it or control characters.")
    return text


def description(text: str, acceptance: Sequence[str]) -> Mapping[str, Any]:
    """Raises UnacceptableText for a description that Jira would not keep as it is."""
    length = len(text) + sum(map(len, acceptance))
    if length > adf.MOST_CHARACTERS:
        raise UnacceptableText(
            f"A description in Jira has up to {adf.MOST_CHARACTERS} characters, and this has {length}."
        )
    written = adf.document(text, acceptance)
    if any(not one for one in acceptance) or adf.read(written) != (text, tuple(acceptance)):
        raise UnacceptableText("Jira cannot keep this description exactly as it is.")
    if any(adf.is_unfit(one) for one in (text, *acceptance)):
        raise UnacceptableText("The description holds control characters, which Jira cannot keep.")
    return written


def _known(kind: str, there: Mapping[str, Place], name: str) -> Place:
    if name not in there:
        raise NoPlace(f"Jira has no {kind} {name}: say where its issues are in JIRA_{kind.upper()}S.")
    return there[name]
