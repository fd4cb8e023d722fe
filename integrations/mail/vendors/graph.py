"""Mail from a mailbox in Microsoft 365: https://learn.microsoft.com/graph/outlook-send-mime-message.

A message becomes a draft first, found again by its Message-ID, and is then sent: what is a draft was not sent,
and what is none any more was."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from governance.action import Grant
from integrations import CannotTell
from integrations.graph import WHO, Graph, GraphSettings, NoToken
from integrations.integration import Checked, Integration, Surroundings
from integrations.mail import Addressee, MailError, MailUnsure, Message, Sent
from integrations.mail.composing import composed, message_id
from integrations.web_service import Refused, Unsure
from storage.look import Away


class _Draft(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(min_length=1, max_length=1000)]
    internet_message_id: Annotated[str, Field(alias="internetMessageId", max_length=1000)]
    is_draft: Annotated[bool, Field(alias="isDraft")]


class _Drafts(BaseModel):
    model_config = ConfigDict(extra="ignore")

    value: Annotated[list[_Draft], Field(max_length=100)]


class GraphMail:
    """A `Mail`."""

    title = WHO

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._sender = Addressee("Countersign", graph.mailbox)

    async def send_mail(self, grant: Grant, message: Message) -> Sent:
        mail = composed(message, self._sender, grant.id, grant.minted_at)
        sent = Sent(message_id(grant.id, self._sender))
        try:
            draft = await self._found(grant.id)
            if draft is not None and not draft.is_draft:
                return sent
            draft = draft or await self._drafted(mail.as_bytes(), sent.id)
        except (Refused, NoToken, Away, Unsure) as refused:
            raise MailError(f"{_plain(refused)}; nothing was sent") from refused
        except ValidationError as wrong:
            raise MailError(f"{WHO} answered with something that is no message; nothing was sent") from wrong
        try:
            await self._graph.service.call("POST", f"messages/{quote(draft.id)}/send")
        except (Refused, NoToken) as refused:
            raise MailError(f"{_plain(refused)}; nothing was sent") from refused
        except (Away, Unsure) as lost:
            raise MailUnsure(f"{lost}: whether it was sent is not known") from lost
        return sent

    async def what_happened(self, grant: str) -> Sent | None:
        try:
            draft = await self._found(grant)
        except (Refused, NoToken, Away, ValidationError) as silent:
            raise CannotTell(f"{WHO} cannot be asked for it: {_plain(silent)}") from silent
        return None if draft is None or draft.is_draft else Sent(message_id(grant, self._sender))

    async def close(self) -> None:
        """Let go of its connections."""
        await self._graph.close()

    async def _found(self, grant: str) -> _Draft | None:
        wanted = f"internetMessageId eq '<{message_id(grant, self._sender)}>'"
        query: dict[str, str | int] = {"$filter": wanted, "$select": "id,internetMessageId,isDraft", "$top": 10}
        found = _Drafts.model_validate(await self._graph.service.call("GET", "messages", query=query)).value
        # Two drafts of one message are left where an answer was lost; one that went out is what counts.
        return next((one for one in found if not one.is_draft), next(iter(found), None))

    async def _drafted(self, content: bytes, id: str) -> _Draft:
        text = base64.b64encode(content).decode()
        draft = _Draft.model_validate(await self._graph.service.call("POST", "messages", text=text))
        if draft.internet_message_id != f"<{id}>":
            # Exchange may give a draft an id of its own; by another one it could not be found again.
            changed = {"internetMessageId": f"<{id}>"}
            path = f"messages/{quote(draft.id)}"
            draft = _Draft.model_validate(await self._graph.service.call("PATCH", path, body=changed))
        return draft


def _plain(refused: Exception) -> str:
    if isinstance(refused, Refused) and refused.status in (401, 403):
        return f"{WHO} does not let this application send from GRAPH_MAILBOX"
    return "it answered with something else" if isinstance(refused, ValidationError) else str(refused)


def _open(around: Surroundings) -> GraphMail:
    if not isinstance(around.settings, GraphSettings):
        raise TypeError("mail by Microsoft 365 is opened with its settings")
    return GraphMail(Graph(around.settings))


async def _check(around: Surroundings) -> Iterable[Checked]:
    mail = _open(around)
    try:
        await mail.what_happened("doctor")
    except CannotTell as silent:
        return (Checked("mail", "wrong", f"{silent}"),)
    finally:
        await mail.close()
    return (Checked("mail", "well", f"{WHO} lets mail be sent from its mailbox"),)


INTEGRATION = Integration(
    "mail", "graph", WHO, _open, settings=GraphSettings, check=_check, close=lambda mail: mail.close()
)
