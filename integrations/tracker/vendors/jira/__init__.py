"""Jira Cloud. See docs/jira.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx

from integrations.integration import Checked, Chore, Integration, Surroundings
from integrations.tracker import StoryStatus, TrackerError
from integrations.tracker.vendors.jira.api import WHO, Api, Refused
from integrations.tracker.vendors.jira.credentials import ServiceAccount
from integrations.tracker.vendors.jira.looks import Looks
from integrations.tracker.vendors.jira.people import People
from integrations.tracker.vendors.jira.receipts import Receipts
from integrations.tracker.vendors.jira.settings import JiraSettings
from integrations.tracker.vendors.jira.sprints import Sprints
from integrations.tracker.vendors.jira.tracker import JiraTracker
from integrations.tracker.vendors.jira.webhooks import Reader
from integrations.tracker.vendors.jira.world import World
from storage.look import Away

_TIDIED_EVERY = 24 * 3600.0


def _now() -> datetime:
    return datetime.now(UTC)


def _open(around: Surroundings, clock: Callable[[], datetime] = _now) -> JiraTracker:
    settings = around.settings
    if not isinstance(settings, JiraSettings):
        raise TypeError("Jira is opened with its settings")
    api = _api(settings, clock)
    receipts = Receipts(around.database, around.tenant, clock)
    people = People(around.database, around.tenant, api)
    looks = Looks(api, settings, receipts, people, clock)
    sprints = Sprints(looks, around.database, around.tenant)
    return JiraTracker(looks, sprints, Reader(settings.jira_webhook_secrets, settings.projects))


def _api(settings: JiraSettings, clock: Callable[[], datetime]) -> Api:
    if settings.jira_client_id is not None and settings.jira_client_secret is not None:
        secret = settings.jira_client_secret.get_secret_value()
        base = f"{settings.jira_gateway_url}/ex/jira/{settings.jira_cloud_id}"
        account = ServiceAccount(settings.jira_auth_url, settings.jira_client_id, secret)
        return Api(base, account.auth, (secret,), clock=clock)
    assert settings.jira_api_token is not None
    token = settings.jira_api_token.get_secret_value()
    return Api(settings.jira_url, httpx.BasicAuth(settings.jira_email or "", token), (token,), clock=clock)


async def _close(port: Any) -> None:
    await port.close()


async def _tidy(around: Surroundings) -> None:
    port = _open(around)
    try:
        await port.looks.receipts.drop_old()
    finally:
        await port.close()


def _chores(around: Surroundings) -> Iterable[Chore]:
    return (Chore("jira_receipts", _TIDIED_EVERY, partial(_tidy, around)),)


async def _check(around: Surroundings) -> Iterable[Checked]:
    port = _open(around)
    try:
        world = await port.looks.world()
    except (Away, TrackerError, Refused) as wrong:
        return (Checked(WHO, "wrong", str(wrong)),)
    finally:
        await port.close()
    if world.missing:
        says = f"not there, or not shown to us: {', '.join(world.missing)}; see JIRA_PROJECTS"
        return (Checked(WHO, "wrong", says),)
    checked = [Checked(WHO, "well", f"it answers, and shows {', '.join(world.projects)}")]
    checked += [Checked(WHO, "advice", says) for says in _advice(world)]
    settings = around.settings
    if isinstance(settings, JiraSettings) and settings.jira_webhook_secrets is None:
        says = "tells nothing by itself: set JIRA_WEBHOOK_SECRETS to let it post to /tracker/jira"
        checked.append(Checked(WHO, "advice", says))
    return checked


def _advice(world: World) -> Iterable[str]:
    """What people will miss, and what to do about it."""
    for one in world.projects.values():
        if one.points is None:
            instead = "the original estimate is used" if one.has_time else "our estimates stand in a property"
            yield f"{one.key} has no story points: {instead}, and Jira’s points are not read"
        if one.story is None or one.epic is None:
            yield f"{one.key} has no kind of issue for {'stories' if one.story is None else 'epics'}"
        if world.sprint is not None and not one.boards:
            yield f"{one.key} has no scrum board, so no sprints"
    if world.sprint is None:
        yield "it has no sprints"
    there = set(world.statuses.values()) | ({StoryStatus.SCHEDULED} if world.sprint else set())
    for missing in (one for one in StoryStatus if one not in there):
        told = missing.value.replace("_", " ")
        yield f"no status in Jira is “{told}” here; JIRA_STATUSES can name one"
    if world.blocks is None:
        yield "it has no kind of link for “is blocked by”, so that dependencies are not read or written"


INTEGRATION = Integration(
    "tracker", "jira", WHO, _open, settings=JiraSettings, check=_check, close=_close, chores=_chores
)
