"""Searching the log in words: by person or agent, kind of thing and period."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from governance.audit.entries import EntryKind
from governance.audit.search import PAGE, Found, Query, count, count_words, find
from governance.people import Person
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Button, Buttons, Card, Reply, Small, Table
from handlers.conversation.desk import Desk
from handlers.conversation.times import period_said
from handlers.conversation.wording import moment_text, names_of_people
from handlers.language import resolver
from handlers.language.kinds import Thing
from handlers.language.local_time import Leaning
from handlers.language.words import plain
from handlers.office.audit.entry_card import who_acted
from handlers.office.audit_log import NOT_FOR_ALL
from handlers.office.audit_log.entry_words import what_happened
from handlers.office.audit_log.finding import service_on_record

_BEFORE = re.compile(r"\bbefore entry (?P<entry>[0-9a-f]{10,64})\b")
_WHO = re.compile(r"^(?:who|which person|by whom|when|did any|has any)")
_AGENT = re.compile(r"\b(?P<agent>[\w ]+?) agents?\b")

_TALK = (EntryKind.TURN, EntryKind.READ)
_OF_TALK = re.compile(r"(?<!customer )\bmessages?\b|\b(?:say|said|typed|wrote|pressed)\b")

_THINGS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"\bhalt\w*|\bstopped the agents"), ("halt_agents",)),
    (re.compile(r"\bresum\w*"), ("resume_agents",)),
    (re.compile(r"\b(?:un(?:freeze|froz\w+)|lift\w*)\b"), ("lift_freeze",)),
    (re.compile(r"\bfreez\w*|\bfroze\w*"), ("lay_freeze", "lift_freeze")),
    (re.compile(r"\bemergenc\w*"), ("emergency",)),
    (
        re.compile(r"\boverrid\w*|\boverrod\w*|\boverrides?\b"),
        ("halt_agents", "resume_agents", "freeze", "emergency", "overrule"),
    ),
    (re.compile(r"\boverrul\w*"), ("overrule",)),
    (re.compile(r"\broles?\b|\bmade \w+ an? \w+"), ("give_role", "take_role")),
    (re.compile(r"\bidentit\w*|\blinked\b"), ("link_identity",)),
    (re.compile(r"\bpolic\w*|\bmatrix\b|\brules?\b"), ("change_policy",)),
    (re.compile(r"\bdelegat\w*"), ("delegat",)),
    (re.compile(r"\bpriorit\w*"), ("priorit",)),
    (re.compile(r"\bincidents?\b"), ("incident",)),
    (re.compile(r"\bwindows?\b|\bmodes?\b"), ("window",)),
    (re.compile(r"\bstor(?:y|ies)\b"), ("story",)),
    (re.compile(r"\bplans?\b"), ("plan.",)),
    (re.compile(r"\bdeploy\w*|\breleas\w*"), ("deploy",)),
    (re.compile(r"\broll(?:ed)? ?back\w*"), ("rollback",)),
    (re.compile(r"\bscal\w*"), ("scale",)),
    (re.compile(r"\bcustomer (?:communication|message|notification)s?|\be?mails?\b"), ("customer", "mail")),
    (re.compile(r"\bapprov\w*|\bvot\w*|\bsigned\b"), ("approval.",)),
)
_REFUSED = re.compile(r"\brefus\w*|\bden(?:y|ied)\b|\breject\w*|\bturned down\b")


async def search_reply(desk: Desk, text: str, person: Person) -> Reply:
    """A page of entries, newest first, each with its number; older ones, and messages, by a button."""
    query, said = await _query(desk, text, person)
    page = await find(desk.tx, query, limit=PAGE)
    fit = await count(desk.tx, query)
    talk = replace(query, kinds=_TALK, but_not=())
    hidden = await count(desk.tx, talk) if query.but_not else 0
    blocks: list[Block] = []
    heading = f"The log has no entry {said or 'at all'}"
    text_of_it = heading
    if page:
        names = await names_of_people(desk.tx)
        rows = tuple(_row(entry, names, person) for entry in page)
        blocks.append(Table(("No.", "When", "Who", "What", "About"), rows, "rllll"))
        heading = _heading(fit, len(page), said, older=query.before is not None)
        text_of_it = f"{heading}, newest first: {rows[0][2]}, {rows[0][3]}, {rows[0][1]}"
    if buttons := _buttons(_BEFORE.sub("", text).strip(), page, fit, hidden):
        blocks.append(Buttons(buttons))
    if hidden:
        are = "message or reading is" if hidden == 1 else "messages and readings are"
        blocks.append(Small((f"{count_words(hidden)} {are} left out.",)))
    if page:
        blocks.append(Small(("“Show me entry N” shows one with its eight parts and its proof.",)))
    cards = (Card(heading, tuple(blocks)),) if blocks else ()
    return Reply(text=f"{text_of_it}.", cards=cards, restricted=NOT_FOR_ALL)


def _heading(fit: int, shown: int, said: str, *, older: bool) -> str:
    entries = f"{'older ' if older else ''}{'entry' if fit == 1 else 'entries'}"
    newest = f", of which these are the newest {shown}" if fit > shown else ""
    return " ".join(filter(None, (count_words(fit), entries, said))) + newest


def _buttons(asked: str, page: Sequence[Found], fit: int, hidden: int) -> tuple[Button, ...]:
    buttons = []
    if page:
        buttons.append(Button(f"Entry {page[0].number}", "show_entry", page[0].id))
    if fit > len(page):
        buttons.append(Button("Older entries", "ask", f"audit {asked} before entry {page[-1].id}"))
    if hidden:
        buttons.append(Button("Messages too", "ask", f"audit {asked} with messages"))
    return tuple(buttons)


async def _query(desk: Desk, text: str, person: Person) -> tuple[Query, str]:
    """What to look for, and the same in words."""
    said: list[str] = []
    words = plain(text)
    query = Query(but_not=() if _OF_TALK.search(words) else _TALK)
    if _REFUSED.search(words):
        query = replace(query, kinds=(EntryKind.REFUSAL,), but_not=())
        said.append("of refusals")
    types = next((types for pattern, types in _THINGS if pattern.search(words)), ())
    if query.kinds:
        types = ()
    if types:
        query = replace(query, type_parts=types)
        said.append(f"about {' or '.join(part.strip('.').replace('_', ' ') for part in types)}")
    # "Who gave Tom the role" asks for somebody else than Tom.
    actor = None if _WHO.search(words) else await _actor(desk, text)
    if actor is not None:
        query = replace(query, actor=actor.id)
        said.append(f"by {actor.name}")
    service = await service_on_record(desk, text)
    if service is not None and not types:
        query = replace(query, subject=service)
        said.append(f"about {service}")
    period = period_said(desk, person, text, Leaning.PAST)
    if period is not None:
        query = replace(query, since=period.start, until=period.end)
        said.append(f"in {period.name}" if not period.name.startswith("since") else period.name)
    if before := _BEFORE.search(words):
        query = replace(query, before=before["entry"])
    return query, " ".join(said)


async def _actor(desk: Desk, text: str) -> Thing | None:
    agent = _AGENT.search(plain(text))
    if agent is not None:
        role = await resolver.resolve(desk, agent["agent"], ("agent",), EVERYTHING)
        if isinstance(role, resolver.Found):
            return Thing(role.id, f"the {role.name} agent")
    found = await resolver.resolve(desk, text, ("person", "former_person"), EVERYTHING)
    return found.thing if isinstance(found, resolver.Found) else None


def _row(entry: Found, names: Mapping[str, str], person: Person) -> tuple[str, ...]:
    content = entry.content
    return (
        str(entry.number) if entry.number is not None else "soon",
        moment_text(datetime.fromisoformat(content["at"]), person),
        who_acted(content, names),
        what_happened(content),
        content["subject"] or content["effect"] or content["turn"] or "",
    )
