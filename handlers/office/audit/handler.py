"""`audit`: who did what, by whose leave; entries with their proofs; whether the log holds."""

from __future__ import annotations

import re
from collections.abc import Awaitable

from sqlalchemy import select

from governance.audit.search import EntryUnreadable, Query, entry, entry_numbered, find
from governance.audit.verification_notice import ask_for_verification
from governance.authority.policy import Policy
from governance.people import Person, Role
from governance.permissions import reads
from governance.places import Audience
from governance.policies import active_policy
from governance.tables import EffectRow
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.origin import known, place_json
from handlers.conversation.turn import Clicked, Turn
from handlers.language.words import plain
from handlers.office.audit.chain_card import approval_chain_reply, effect_chain
from handlers.office.audit.entry_card import entry_reply
from handlers.office.audit.searching import search_reply
from handlers.office.audit_log import NOT_FOR_ALL
from handlers.office.audit_log.finding import from_topic, from_words, newest_denied, speaks_of_it

_VERIFY = re.compile(r"\b(verif\w*|intact|integrity|tamper\w*|prove that the log)\b")
_EXPORT = re.compile(r"\b(?:export|download)\b")
_DENIED = re.compile(r"\bden(?:y|ied)\b|\breject\w*|\bturned down\b")
_NUMBER = re.compile(r"\b(?:entry|number|no\.?|leaf) #?(?P<number>\d{1,15})\b|#(?P<hash>\d{1,15})\b")
_ENTRY_OF_IT = re.compile(
    r"\blog entr(?:y|ies)\b|\bentr(?:y|ies) (?:for|of|about) (?:that|this|it)\b|\bproof\b"
)
_WHO_LET = re.compile(
    r"\b(?:who|which person|did anyone|anyone|by whom|was (?:that|this|the)|when was|what was)\b.*"
    r"\b(?:approv\w*|sign(?:ed)? off|voted|vote|accepted|authoris\w*|authoriz\w*|rationale|denied|reject\w*)\b"
    r"|\bapproval chain\b|\bwho (?:has )?approved\b",
)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Verify, show one entry, say who approved something, or search."""
    return await _as_far_as_readable(_answer(turn, asked, desk))


async def _as_far_as_readable(reading: Awaitable[Reply]) -> Reply:
    try:
        return await reading
    except EntryUnreadable as unreadable:
        raise CannotAnswer(str(unreadable)) from None


async def _answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    person = known(turn)
    said = plain(asked.text)
    if _VERIFY.search(said):
        return await _verify(turn, desk)
    if _EXPORT.search(said):
        return _export()
    if named := _NUMBER.search(said):
        return await _numbered(desk, int(named["number"] or named["hash"]))
    if _WHO_LET.search(said):
        return await _who_let(asked.text, person, desk)
    if _ENTRY_OF_IT.search(said) and (speaks_of_it(said) or not re.search(r"\bthe log\b", said)):
        return await _entry_of_it(desk)
    return await search_reply(desk, asked.text, person)


async def _verify(turn: Turn, desk: Desk) -> Reply:
    person = known(turn)
    here = turn.place.audience in (Audience.DIRECT, Audience.RESTRICTED)
    await ask_for_verification(
        desk.tx,
        place=place_json(turn.place) if here else None,
        people=() if here else (person.id,),
        turn=turn.id,
    )
    where = "here" if here else "to you directly"
    return Reply(
        text="I am working the whole log out anew, from every entry up to the signed root, and comparing. "
        f"The result comes {where}."
    )


async def _numbered(desk: Desk, number: int) -> Reply:
    found = await entry_numbered(desk.tx, number, opened=True)
    if found is None:
        raise CannotAnswer(f"The log has no entry {number}. “Show the last audit entries” lists the newest.")
    return await entry_reply(desk, found)


def _export() -> Reply:
    return Reply(
        text="An export is a file that anyone can verify with one script and no network. Whoever runs me makes"
        " it: `python -m bot audit export`. Here I show entries: “show the last audit entries”.",
        restricted=NOT_FOR_ALL,
    )


async def _who_let(text: str, person: Person, desk: Desk) -> Reply:
    policy = await active_policy(desk.tx, desk.gate.policy)
    about = await from_topic(desk) if speaks_of_it(text) else None
    if about is None and _DENIED.search(plain(text)):
        mine = person.id if re.search(r"\bmy\b", plain(text)) else None
        about = await newest_denied(desk, mine)
        if about is None:
            return Reply(text="No such request was denied.", restricted=NOT_FOR_ALL)
    if about is None and isinstance(policy, Policy):
        about = await from_words(desk, text, policy)
    if about is None:
        raise CannotAnswer(
            "Nothing of that kind is in the record yet, and nothing was decided in this thread. Name it as its"
            " card does (“who approved the dashboard plan?”), or ask in its thread."
        )
    if isinstance(about, EffectRow):
        return await effect_chain(desk, about)
    effects = (await desk.tx.execute(select(EffectRow).where(EffectRow.approval == about.id))).scalars().all()
    return await approval_chain_reply(desk, about, effects)


async def _entry_of_it(desk: Desk) -> Reply:
    about = await from_topic(desk)
    if about is None:
        raise CannotAnswer("Nothing was decided in this thread yet. Name an entry: “show me entry 12”.")
    query = Query(effect=about.id) if isinstance(about, EffectRow) else Query(subject=about.id)
    found = await find(desk.tx, query, limit=1, opened=True)
    if not found:
        raise CannotAnswer("That has left no entry of its own; ask who approved it.")
    return await entry_reply(desk, found[0])


async def show_entry(turn: Turn, desk: Desk) -> Reply:
    """A button that shows one entry."""
    return await _as_far_as_readable(_entry(desk, _subject(turn)))


async def _entry(desk: Desk, entry_id: str) -> Reply:
    found = await entry(desk.tx, entry_id, opened=True)
    if found is None:
        raise CannotAnswer("That entry is not in the log.")
    return await entry_reply(desk, found)


async def show_effect(turn: Turn, desk: Desk) -> Reply:
    """A button that shows who let an effect happen."""
    row = (await desk.tx.execute(select(EffectRow).where(EffectRow.id == _subject(turn)))).scalar()
    if row is None:
        raise CannotAnswer("That is not in the record.")
    return await _as_far_as_readable(effect_chain(desk, row))


def _subject(turn: Turn) -> str:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what.subject


HANDLER = Handler(
    name="audit",
    purpose="What was done and by whom, with proof",
    example="Who approved the last production deployment?",
    group=Group.DECIDE,
    permission=reads(Role.COMPLIANCE_OFFICER, Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR, Role.SRE_LEAD),
    answer=answer,
    presses={"show_entry": show_entry, "show_effect": show_effect},
)
