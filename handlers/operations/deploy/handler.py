"""`deploy`: put a release of a service somewhere: staging at once, production by its row of the matrix."""

from __future__ import annotations

import re
from typing import Literal

from governance.blackouts import zone_of
from governance.people import Role
from governance.permissions import acts
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.subjects import service_meant
from handlers.conversation.submitting import ask_for_approval
from handlers.conversation.turn import Turn
from handlers.language.labels import read_version
from handlers.operations.deploy import canary, put_off
from handlers.operations.release_calendar import asks_calendar, calendar_reply, coming_note
from handlers.operations.targets import (
    demand_no_canary,
    demand_release,
    release_text,
    releases_of,
    service_of,
    stage_of,
)
from integrations.deployments import (
    DeploymentError,
    Release,
    Running,
    Stage,
    Status,
    Strategy,
    Target,
)
from integrations.deployments.actions import Deploy
from integrations.deployments.going_back import gone_past


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Deploy what is named; ask where, if that is not said. A canary under way is promoted or aborted."""
    if asks_calendar(asked.text, desk.now, zone_of(desk.department)):
        return await calendar_reply(turn, asked.text, desk)
    if (end := end_of_a_canary(asked.text)) is not None:
        return await canary.by_words(turn, desk, await service_meant(desk, asked.words("what")), end)
    service = await service_of(desk, asked)
    release = await _release(desk, service, asked.text)
    stage = stage_of(asked.text)
    if stage is None:
        return _where(release)
    status = await desk.ports.deployments.status(Target(service, stage))
    await _demand_possible(desk, release, status)
    strategy = await _strategy(asked.text, desk, release, status)
    beside = status.stable if strategy is Strategy.CANARY else None
    free = put_off.free_at(desk, release, stage, canary=beside is not None)
    if free is not None and not put_off.says_then(asked.text):
        return put_off.reply(turn, desk, release, free, asked.text)
    if beside is not None:
        return await canary.begin(turn, desk, release, status.target, beside, free)
    action = _action(turn, desk, release, status)
    if free is not None:
        return await put_off.schedule(turn, desk, action, free)
    return await ask_for_approval(turn, desk, action)


_ENDS = re.compile(r"\b(?:(?P<promote>promote|finish)|abort|stop|cancel|end|kill)\b.{0,40}\bcanar(?:y|ies)\b")
_TO_ALL = re.compile(r"\bcanar(?:y|ies)\b.{0,60}\bto (?:everyone|everybody|all(?: users| traffic)?\b|100 ?%)")
_AT_ONCE = re.compile(
    r"\b(?:all at once|at once|in one go|without (?:a )?canary|no canary|straight away|directly)\b"
)
_CANARY = re.compile(r"\bcanar(?:y|ies)\b|\bgradual(?:ly)?\b|\bstep by step\b|\bprogressive(?:ly)?\b")


def end_of_a_canary(text: str) -> Literal["promote", "abort"] | None:
    """How one that is under way is to end; None for what brings a version, which names it."""
    said = text.lower()
    if (ends := _ENDS.search(said)) is not None:
        return "promote" if ends["promote"] else "abort"
    return "promote" if _TO_ALL.search(said) and read_version(text) is None else None


async def _strategy(text: str, desk: Desk, release: Release, status: Status) -> Strategy:
    """As it is said; else a canary in production as the department has it, where the platform can do that and
    there is something that it can stand beside. Raises CannotAnswer for a canary that cannot be."""
    if _AT_ONCE.search(text.lower()) or status.stable is None:
        return Strategy.ALL_AT_ONCE
    why_not = await _no_canary(desk, release, status.stable)
    if _CANARY.search(text.lower()):
        if why_not is not None:
            raise CannotAnswer(f"{why_not} Nothing was done; say “all at once” to deploy it without one.")
        return Strategy.CANARY
    is_usual = status.target.stage is Stage.PRODUCTION and desk.department.releases.production == "canary"
    return Strategy.CANARY if is_usual and why_not is None else Strategy.ALL_AT_ONCE


async def _no_canary(desk: Desk, release: Release, running: Running) -> str | None:
    """Why a release can be no canary beside what runs; None where it can."""
    if Strategy.CANARY not in desk.ports.deployments.strategies:
        return "This platform gives a version all traffic or none, so it can do no canaries."
    if running.replicas == 0:
        return f"No replica of {running.version} runs, so there is nothing that a canary could stand beside."
    passed = await _migration_between(desk, release.service, running.version, release.version)
    if passed is not None:
        return (
            f"The migration of {passed.version} cannot be taken back, so {running.version} would not run beside"
            " it, and a canary could not go back."
        )
    return None


async def _migration_between(desk: Desk, service: str, version: str, target: str) -> Release | None:
    """The release for which there is no going from `target` back to `version`; None where there is. Raises
    CannotAnswer where that is not known."""
    try:
        return gone_past(await releases_of(desk, service), version, target)
    except DeploymentError as unknown:
        raise CannotAnswer(f"{unknown} Nothing was done.") from unknown


async def _release(desk: Desk, service: str, text: str) -> Release:
    """The release whose version is said; the newest where none is. Raises CannotAnswer."""
    version = read_version(text.replace(service, " "))
    if version is not None:
        return await demand_release(desk, service, version)
    found = await releases_of(desk, service)
    if not found:
        raise CannotAnswer(f"There is no release of {service} to deploy.")
    return found[0]


async def _demand_possible(desk: Desk, release: Release, status: Status) -> None:
    """Whatever performing it would refuse is said before anybody is asked. Raises CannotAnswer."""
    running, where = status.stable, status.target
    if running is None:
        return
    demand_no_canary(status)
    if running.digest == release.digest:
        raise CannotAnswer(
            f"{release.service} {release.version} runs in {where.stage} already"
            f" ({running.ready} of {running.replicas} replicas ready). Nothing was done."
        )
    passed = await _migration_between(desk, release.service, release.version, running.version)
    if passed is not None:
        raise CannotAnswer(
            f"{release.version} is older than {passed.version}, whose migration cannot be taken back, so it"
            " would not run. Nothing was done; bring out a newer version."
        )


def _action(turn: Turn, desk: Desk, release: Release, status: Status) -> Deploy:
    running, stage = status.stable, status.target.stage
    note = coming_note(desk, release.service) if stage is Stage.PRODUCTION else ""
    what = f"{release.service} {release.version}"
    comes = release_text(release)
    back = (
        f"Roll {release.service} back to {running.version}." if running else f"Scale {release.service} to none."
    )
    if release.irreversible:
        back = "None: its migration cannot be taken back."
    elif release.irreversible is None:
        back += " That needs somebody to say that its migration can be taken back."
    instead = f" in the place of {running.version}" if running else ", where nothing of it runs yet"
    return Deploy(
        service=release.service,
        environment=stage,
        version=release.version,
        content=release.digest,
        replicas=running.replicas if running else 1,
        before=running.version if running else None,
        before_content=running.digest if running else None,
        advisory=release.advisory,
        rationale=f"{known(turn).name} asked to deploy {what} to {stage}.",
        impact=f"{what} ({comes or 'nothing is known of where it comes from'}) runs in {stage}{instead}; it"
        f" takes over once every replica is ready.{note}",
        rollback_plan=back,
        artifacts=(f"release:{release.service}:{release.version}:sha256:{release.digest}",),
    )


def _where(release: Release) -> Reply:
    what = f"{release.service} {release.version}"
    text = f"Where shall {what} go?"
    asks = f"deploy deploy {what} to"
    buttons = (
        Button("Staging", "ask", f"{asks} {Stage.STAGING}", "primary"),
        Button("Production", "ask", f"{asks} {Stage.PRODUCTION}", "danger"),
    )
    return Reply(
        text=f"{text} To staging or to production?", cards=(Card(text, (Text((text,)), Buttons(buttons))),)
    )


HANDLER = Handler(
    name="deploy",
    purpose="Put a version of a service somewhere",
    example="deploy orders 2.1 to staging",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR),
    answer=answer,
    presses={**canary.PRESSES, **put_off.PRESSES},
    risk=Risk.DANGEROUS,
)
