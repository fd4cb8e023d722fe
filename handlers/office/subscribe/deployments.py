"""Deployments as what somebody watches: of a service or of all, in a stage or in each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.subjects import service_meant
from handlers.delivery.whereabouts.subjects import named_in
from handlers.office.subscribe.parse import WORDS_OF_DEPLOYMENTS, Ask
from handlers.office.subscribe.subscriptions import Kind, Watch
from handlers.operations.targets import stage_of
from integrations.deployments import Change, ChangeKind, ChangeQuery

_THE_ONE = re.compile(r"\b(?:it|this|that|the (?:deployment|release|rollback|canary))\b", re.IGNORECASE)


async def watched_deployments(desk: Desk, ask: Ask, text: str, can: str) -> Watch:
    """Of the service that is named, of the thread's, or of all; `can` is what else can be watched, in a
    sentence. Raises CannotAnswer, Unclear."""
    service = await service_meant(desk, text)
    if service is None and _THE_ONE.search(text):
        service = desk.memory.topic.get("service")
    if service is None and (unknown := named_in(text, WORDS_OF_DEPLOYMENTS)):
        raise CannotAnswer(f"I know no service called “{unknown}”. {can}")
    stage = stage_of(ask.environment) or ""
    name = f"deployments of {service}" if service else "deployments"
    return Watch(Kind.DEPLOYMENTS, f"{service or ''}/{stage}", name, ask.event, ask.each_time)


async def deployments_of(desk: Desk, subject: str) -> Sequence[Change]:
    """What was deployed or rolled back last, of a `service/stage` of which either may be missing; newest first.
    Raises DeploymentError."""
    service, _, stage = subject.partition("/")
    page = await desk.ports.deployments.history(ChangeQuery())  # one question for all subscriptions
    found = (change for change in page.items if change.replaces)
    return [one for one in found if service in ("", one.target.service) and stage in ("", one.target.stage)]


def change_text(change: Change) -> str:
    """What runs where since then, and what ran before."""
    where = f"{change.target.service} {change.version}"
    back = change.kind is ChangeKind.ROLLED_BACK
    said = f"{where} is back in {change.target.stage}" if back else f"{where} runs in {change.target.stage}"
    return f"{said}{f', after {change.before}' if change.before else ''}"
