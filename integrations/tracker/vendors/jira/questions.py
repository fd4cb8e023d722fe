"""What the port asks, as JQL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from governance.visibility import Scope
from integrations.finding import words_of
from integrations.tracker import EpicQuery, Stage, StoryQuery, StoryStatus, UnacceptableText
from integrations.tracker.rules import FINAL
from integrations.tracker.vendors.jira import jql, labels
from integrations.tracker.vendors.jira.settings import JiraSettings
from integrations.tracker.vendors.jira.world import World

OLDEST_FIRST, NEWEST_FIRST = "created ASC, key ASC", "created DESC, key DESC"
_IN_SPRINT = "sprint in (openSprints(), futureSprints())"
_IN_NO_SPRINT = "(sprint is EMPTY OR sprint not in (openSprints(), futureSprints()))"
"""`not in` alone leaves out what was never in any sprint."""
MOST_IDS = 2_000
_MOST_WORDS = 12
_BEGINNING = 3
"""Letters of a word by which it is looked for: slips behind them are forgiven."""


@dataclass(frozen=True, slots=True)
class Questions:
    """Writes queries for one Jira. None is a query that nothing answers, so that nobody asks it. Issues that
    are named must be there: Jira refuses a query that names any other."""

    world: World
    settings: JiraSettings

    def stories(self, scope: Scope | None, query: StoryQuery, now: datetime) -> str | None:
        """The stories that answer a query, as far as the scope reaches; None for whoever's."""
        clauses = [
            self._within(self.world.stories),
            "" if scope is None else reached(scope),
            self._ids(query.ids),
            self._epic(query.epic),
            self._named(labels.TEAM, query.team),
            self._named(labels.PRODUCT, query.product),
            self._customer(query.customer),
            None if query.status == frozenset() else self.standing(query.status),
        ]
        if query.priority is not None:
            ids = self.world.priorities_of(query.priority)
            clauses.append(jql.is_in("priority", ids) if ids else None)
        if query.finished_since is not None:
            done = self.standing(frozenset({StoryStatus.DONE}))
            since = jql.since("statusCategoryChangedDate", query.finished_since, now)
            clauses.append(done and jql.both(done, since))
        return _all(clauses)

    def epics(self, scope: Scope, query: EpicQuery) -> str | None:
        """The epics that answer a query; of its statuses only whether they are over, which their own tell."""
        clauses = [self._within(self.world.epics), reached(scope), self._ids(query.ids)]
        if query.document is not None:
            clauses.append(_label(labels.DOCUMENT, query.document))
        if query.status is not None and not query.status:
            clauses.append(None)
        return _all(clauses)

    def children(self, epics: Collection[str], *standing: StoryStatus) -> str | None:
        """The stories of these epics that stand so."""
        clauses = [self._within(self.world.stories), jql.is_in("parent", epics)]
        return _all([*clauses, self.standing(frozenset(standing))])

    def in_epics(self, scope: Scope) -> str | None:
        """Open stories that have an epic."""
        still_open = self.standing(frozenset(StoryStatus) - FINAL)
        return _all([self._within(self.world.stories), reached(scope), still_open, "parent is not EMPTY"])

    def moved_since(self, scope: Scope, since: datetime | None, now: datetime) -> str | None:
        """Stories of which something changed since."""
        moved = "" if since is None else jql.since("updated", since, now)
        return _all([self._within(self.world.stories), reached(scope), moved])

    def defects(self, scope: Scope) -> str | None:
        """Stories whose labels say where a defect came from."""
        stages = jql.is_in("labels", [labels.STAGE.label(stage) for stage in Stage])
        return _all([self._within(self.world.stories), reached(scope), stages])

    def made_by_us(self, project: str, types: Collection[str], since: datetime, now: datetime) -> str:
        """What we made in a project since a moment."""
        return jql.both(
            jql.is_in("project", [project]),
            jql.is_in("issuetype", types),
            "creator = currentUser()",
            jql.since("created", since, now),
        )

    def standing(self, statuses: Collection[StoryStatus] | None) -> str | None:
        """Issues that stand so: what waits in a sprint that is not over is scheduled."""
        if statuses is None or frozenset(statuses) == frozenset(StoryStatus):
            return ""
        clauses = []
        plain = frozenset(statuses) - {StoryStatus.BACKLOG, StoryStatus.SCHEDULED}
        waiting = self.world.statuses_of(StoryStatus.BACKLOG)
        if {StoryStatus.BACKLOG, StoryStatus.SCHEDULED} <= frozenset(statuses) or not self.world.sprint:
            plain |= frozenset(statuses) & {StoryStatus.BACKLOG, StoryStatus.SCHEDULED}
        elif StoryStatus.BACKLOG in statuses and waiting:
            clauses.append(jql.both(jql.is_in("status", waiting), _IN_NO_SPRINT))
        elif StoryStatus.SCHEDULED in statuses:
            plain |= {StoryStatus.SCHEDULED}
            if waiting:
                clauses.append(jql.both(jql.is_in("status", waiting), _IN_SPRINT))
        ids = self.world.statuses_of(*plain)
        if ids:
            clauses.append(jql.is_in("status", ids))
        return jql.either(*clauses) if clauses else None

    def about(self, text: str) -> str | None:
        """Issues whose titles have words that begin as those of a text, or None where it has none."""
        words = [one for one in words_of(text) if len(one) <= 100][: 10 * _MOST_WORDS]
        longest = sorted(words, key=len, reverse=True)[:_MOST_WORDS]
        beginnings = dict.fromkeys(one[:_BEGINNING] if len(one) > _BEGINNING else one for one in longest)
        clauses = [f"summary ~ {jql.quoted(f'{one}*')}" for one in beginnings]
        return jql.either(*clauses) if clauses else None

    def _within(self, types: Collection[str]) -> str | None:
        projects = list(self.world.projects)
        if not projects or not types:
            return None
        return jql.both(jql.is_in("project", projects), jql.is_in("issuetype", types))

    def _ids(self, ids: Collection[str] | None) -> str | None:
        if ids is None:
            return ""
        return jql.is_in("key", sorted(ids)) if ids else None

    def _epic(self, epic: str | None) -> str | None:
        if epic is None:
            return ""
        return jql.is_in("parent", [epic])

    def is_ours(self, key: str) -> bool:
        """Whether an issue of our projects could have this key."""
        return jql.is_key(key) and key.rpartition("-")[0] in self.world.projects

    def _named(self, noun: labels.Noun, name: str | None) -> str | None:
        if name is None:
            return ""
        known = self.settings.teams if noun == labels.TEAM else self.settings.products
        return jql.named(noun, known, name)

    def _customer(self, customer: str | None) -> str | None:
        return "" if customer is None else _label(labels.CUSTOMER, customer)


def reached(scope: Scope) -> str | None:
    """The issues that a scope reaches. One without customers is nobody's."""
    if scope.everything:
        return ""
    marks = _customers(scope)
    return jql.is_in("labels", marks) if marks else None


def not_reached(scope: Scope) -> str | None:
    """The issues that it does not reach."""
    return None if scope.everything else jql.without_labels(_customers(scope))


def _customers(scope: Scope) -> list[str]:
    marks = (_marked(labels.CUSTOMER, account) for account in sorted(scope.accounts))
    return [one for one in marks if one]


def _marked(noun: labels.Noun, value: str) -> str | None:
    try:
        return noun.label(value)
    except UnacceptableText:
        return None


def _label(noun: labels.Noun, value: str) -> str | None:
    mark = _marked(noun, value)
    return jql.is_in("labels", [mark]) if mark else None


def _all(clauses: Collection[str | None]) -> str | None:
    there = [one for one in clauses if one is not None]
    return jql.both(*there) if len(there) == len(clauses) else None
