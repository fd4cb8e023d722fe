"""Effects inside the department: asking somebody to act, and sharing a service's API documents.

Both change our own rows alone: they write a notice, which becomes a card for the people that it names.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.directory import name_of
from governance.registry import ActionSpec, free
from integrations.code_host.actions import RepositoryId, Sha
from integrations.tracker.lines import Id, Line
from storage.notices import notify


class AskOwner(Action):
    """Tell `person` what waits for them: `what` holds work up, and what they are `asked` to do."""

    type = "delivery.ask_owner"
    decision_type = "internal_message"

    person: Id
    what: Line
    asked: Line
    by: Id

    def summary(self) -> str:
        return self.described({self.person: self.person})

    def described(self, names: Mapping[str, str]) -> str:
        return f"Ask {names[self.person]} to {self.asked}"


class ShareApiDocuments(Action):
    """Write a service's API documents from its OpenAPI document, exactly as it stands at `commit`, and send
    them to `people`."""

    type = "delivery.share_api_documents"
    decision_type = "internal_message"

    service: Id
    repository: RepositoryId
    commit: Sha
    path: Line
    people: tuple[Id, ...] = Field(min_length=1, max_length=20)
    teams: tuple[Line, ...] = Field(max_length=20)
    by: Id

    def summary(self) -> str:
        to = f" with {', '.join(self.teams)}" if self.teams else ""
        return f"Generate the API documents of {self.service} from {self.path}, and share them{to}"


def specs() -> tuple[ActionSpec, ...]:
    """How the gate performs these."""
    return (
        ActionSpec(AskOwner, _of_asking, change=_ask, costs=free),
        ActionSpec(ShareApiDocuments, _of_sharing, change=_share, costs=free),
    )


def _of_asking(action: AskOwner) -> Subject:
    return Subject("messages", decides=f"{action.person}: {action.asked}")


def _of_sharing(action: ShareApiDocuments) -> Subject:
    return Subject("messages", service=action.service, decides=action.summary())


async def _ask(action: AskOwner, grant: Grant, tx: AsyncSession) -> Outcome:
    ids = {"key": grant.effect, "what": action.what, "asked": action.asked, "by": action.by}
    await notify(tx, "owner_asked", ids, people=(action.person,))
    name = await name_of(tx, action.person)
    return Outcome(OutcomeState.DONE, f"{name} is asked to {action.asked}.", action.person)


async def _share(action: ShareApiDocuments, grant: Grant, tx: AsyncSession) -> Outcome:
    ids = {
        "key": grant.effect,
        "service": action.service,
        "repository": action.repository,
        "commit": action.commit,
        "path": action.path,
        "by": action.by,
    }
    await notify(tx, "api_documents_shared", ids, people=action.people, slow=True)
    to = f" with {', '.join(action.teams)}" if action.teams else ""
    return Outcome(OutcomeState.DONE, f"API documents of {action.service} are generated and shared{to}.", None)
