"""`rollback`: the version before runs again; in a declared incident at once, else by its row of the matrix."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.submitting import ask_for_approval
from handlers.conversation.turn import Turn
from handlers.language.labels import read_version
from handlers.operations.targets import Runs, demand_release, demand_running, releases_of, service_of, stage_of
from integrations.deployments import ChangeQuery, Release, Stage, Target, gone_past
from integrations.deployments.actions import RollBack
from integrations.pages import every


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Roll back what is named, in production where no environment is said, to the version before where none
    is."""
    service = await service_of(desk, asked)
    runs = await demand_running(desk, Target(service, stage_of(asked.text) or Stage.PRODUCTION))
    release = await demand_release(desk, service, await _version(desk, runs, asked.text))
    if release.digest == runs.running.digest:
        raise CannotAnswer(f"{release.version} is what runs in {runs.target.stage}. Nothing was done.")
    passed = gone_past(await releases_of(desk, service), release.version, runs.running.version)
    if passed is not None:
        raise CannotAnswer(
            f"{release.version} lies behind {passed.version}, whose migration cannot be taken back, so it would"
            " not run any more. Nothing was done; name a version that came after it, or bring out a newer one."
        )
    return await ask_for_approval(turn, desk, _action(turn, release, runs))


async def _version(desk: Desk, runs: Runs, text: str) -> str:
    """The version that is said; else the one that ran there last and was another. Raises CannotAnswer."""
    said = read_version(text.replace(runs.target.service, " "))
    if said is not None and said != runs.running.version:
        return said
    query = ChangeQuery(runs.target.service, runs.target.stage)
    async for change in every(desk.ports.deployments.history, query):
        if change.before not in (None, runs.running.version):
            return str(change.before)
    now, stage = runs.running.version, runs.target.stage
    raise CannotAnswer(
        f"Nothing else than {now} ran in {stage}, so I do not know what to go back to. Name the version."
    )


def _action(turn: Turn, release: Release, runs: Runs) -> RollBack:
    now, stage = runs.running.version, runs.target.stage
    return RollBack(
        service=release.service,
        environment=stage,
        version=release.version,
        content=release.digest,
        before=now,
        rationale=f"{known(turn).name} asked to take {release.service} {now} back.",
        impact=f"{release.service} {release.version} runs in {stage} again in the place of {now}; what {now}"
        " brought is gone until it is deployed anew.",
        rollback_plan=f"Deploy {release.service} {now} again.",
        artifacts=(f"release:{release.service}:{release.version}:sha256:{release.digest}",),
    )


HANDLER = Handler(
    name="rollback",
    purpose="Take a version back",
    example="roll back payments",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR),
    answer=answer,
    risk=Risk.DANGEROUS,
)
