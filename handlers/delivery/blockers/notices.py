"""What people get when somebody acts on a recommendation: a question to who can end it, or API documents."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from agents.delivery_causes.api_documents import NotAnApi, api_documents
from governance.people import Person
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Card, File, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import names_of_people
from handlers.notices import NoticeKind
from integrations.code_host.refusals import CodeHostError


async def _asked(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    names = await names_of_people(desk.tx)
    text = f"{names[ids['by']]} asks you to {ids['asked']}. It holds others up: {ids['what']}."
    card = Card(f"{names[ids['by']]} asks you", (Text((text,)),), "waiting")
    return Reply(text, (card,), key=ids["key"])


async def _shared(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The documents as a file, made from exactly the commit that was approved of."""
    names = await names_of_people(desk.tx)
    service, source = ids["service"], f"{ids['path']} at {ids['commit'][:12]} of {ids['repository']}"
    try:
        found = await desk.ports.code_host.file(ids["repository"], ids["commit"], ids["path"])
        text = await asyncio.to_thread(api_documents, found.text or "", service, source)
    except (CodeHostError, NotAnApi) as failed:
        said = f"The API documents of {service} could not be made from {source}: {failed}"
        card = Card(f"No API documents of {service}", (Text((said,)),), "warning")
        return Reply(said, (card,), key=ids["key"])
    id, name = f"fi_{ids['key']}", f"{service}-api.md"
    if not await desk.files.has(desk.tx, id):
        await desk.files.put(desk.tx, name, "text/markdown", text.encode(), EVERYTHING, id=id)
    said = f"{names[ids['by']]} shares the API documents of {service} with you, made from {source}."
    card = Card(f"API documents of {service}", (Text((said,)), File(id, name, f"Made from {source}.")), "good")
    return Reply(said, (card,), key=ids["key"])


NOTICES = (
    NoticeKind("owner_asked", _asked, urgent="blocker"),
    NoticeKind("api_documents_shared", _shared),
)
