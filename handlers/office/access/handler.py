"""`access`: roles given and taken, identities linked, by director and compliance officer together."""

from __future__ import annotations

import re

from governance.action import Action
from governance.actions.access import (
    CannotChangeAccess,
    GiveRole,
    TakeRole,
    check_role_change,
    give_role,
    identities_of,
    identity_holder,
    link_identity,
    take_role,
    unlink_identity,
)
from governance.directory import name_of, people
from governance.people import Person, Role
from governance.permissions import reads
from handlers.conversation.amending import of_effect
from handlers.conversation.cards import Button, Buttons, Card, Reply, Table, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.reasons import reason_or_words
from handlers.conversation.subjects import demand_to_act, demand_whole_name, people_named
from handlers.conversation.submitting import ask_for_approval
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed
from handlers.language.labels import read_role
from handlers.language.words import plain

_IDENTITY = re.compile(r"\b(?P<identity>(?:slack|teams|console):[\x21-\x7e]+)")
_UNLINK = re.compile(r"\bunlink\b|\bdisconnect\b")
_LINK = re.compile(r"\blink\b|\bconnect\b")
_TAKE = re.compile(
    r"\b(?:take|revoke|remove|strip|withdraw|rid)\b|\bno longer\b|\bnot .* any ?more\b|\bdeactivat\w*|\bleft\b"
)
_REPLACE = re.compile(r"\b(?:demote|downgrade)\b|\bchange\b.*\broles?\b.*\bto\b")
_ME = re.compile(r"\b(?:me|my|myself|i)\b")
_ADD = re.compile(r"\b(?:add|onboard|enrol\w*|new hire|joins?)\b")


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Propose a change of roles or identities; without one, list who holds what."""
    person = known(turn)
    said = plain(asked.text)
    if _IDENTITY.search(asked.text) or _UNLINK.search(said) or _LINK.search(said):
        demand_to_act(person, "access", desk)
        return await _identity(turn, asked.text, desk)
    role = read_role(asked.text)
    meant = await _meant(asked.text, person, desk)
    if role is None and not _TAKE.search(said):
        return await _everybody(desk)
    demand_to_act(person, "access", desk)
    if meant is None:
        new = (
            " People are added in the department's file, which is read at the next start; then they get their"
            " roles here."
            if _ADD.search(said)
            else ""
        )
        raise CannotAnswer(f"I know nobody of that name.{new} Say for example “make Sarah an architect”.")
    if role is None:
        return _which_role(meant)
    if _REPLACE.search(said):
        return _one_by_one(meant, read_role(asked.text.rpartition(" to ")[2]) or role)
    return await _change(turn, asked.text, desk, meant, role, take=_TAKE.search(said) is not None)


async def _meant(text: str, person: Person, desk: Desk) -> Person | None:
    named = await people_named(desk, text)
    if len(named) > 1:
        raise CannotAnswer("Say each person by themselves: every change is approved by itself.")
    if named:
        return named[0]
    if _ME.search(plain(text)):
        return person
    await demand_whole_name(desk, text)
    return None


async def _change(turn: Turn, text: str, desk: Desk, meant: Person, role: Role, *, take: bool) -> Reply:
    make = take_role if take else give_role
    action = make(meant.id, role, reason_or_words(text))
    try:
        await check_role_change(desk.tx, desk.gate.policy, action)
    except CannotChangeAccess as cannot:
        raise CannotAnswer(f"{cannot} Nothing was proposed.") from None
    return await ask_for_approval(turn, desk, action)


async def _identity(turn: Turn, text: str, desk: Desk) -> Reply:
    written = _IDENTITY.search(text)
    meant = await _meant(text.replace(written["identity"], " ") if written else text, known(turn), desk)
    if written is None or meant is None:
        raise CannotAnswer(
            "Write the identity as the platform proves it, and whose it is:"
            " “link slack:E012/T345/U678 to Sarah”. Whoever it is sees it by asking me “who am I?” there."
        )
    identity = written["identity"].rstrip(".,;!?")
    holder = await identity_holder(desk.tx, identity)
    if _UNLINK.search(plain(text)):
        if holder != meant.id:
            raise CannotAnswer(f"{identity} is not linked to {meant.name}; {await _linked(desk, meant)}.")
        return await ask_for_approval(turn, desk, unlink_identity(identity, meant.id, reason_or_words(text)))
    if holder is not None:
        raise CannotAnswer(
            f"{identity} is linked to {await name_of(desk.tx, holder)} already; unlink it first."
        )
    return await ask_for_approval(turn, desk, link_identity(identity, meant.id, reason_or_words(text)))


async def _linked(desk: Desk, person: Person) -> str:
    linked = await identities_of(desk.tx, person.id)
    return f"linked are {listed(linked)}" if linked else "no identity is linked to them"


def _which_role(person: Person) -> Reply:
    held = [role for role in Role if role in person.roles]
    if not held:
        raise CannotAnswer(f"{person.name} holds no role.")
    text = f"{person.name} is {_held(person)}. Which role shall go? Each takes its own approval."
    buttons = tuple(
        Button(f"Take {role.label}", "ask", f"access take the role {role.label} from {person.name}")
        for role in held
    )
    return Reply(text=text, cards=(Card(f"Roles of {person.name}", (Text((text,)), Buttons(buttons))),))


def _one_by_one(person: Person, role: Role) -> Reply:
    text = f"That is more than one change, and each is approved by itself. {person.name} is {_held(person)}."
    give = Button(f"Give {role.label}", "ask", f"access give {person.name} the role {role.label}")
    takes = tuple(
        Button(f"Take {held.label}", "ask", f"access take the role {held.label} from {person.name}")
        for held in Role
        if held in person.roles and held is not role
    )
    buttons = (*(() if role in person.roles else (give,)), *takes)
    return Reply(text=text, cards=(Card(f"Roles of {person.name}", (Text((text,)), Buttons(buttons))),))


async def _everybody(desk: Desk) -> Reply:
    everybody = [person for person in await people(desk.tx) if person.active]
    rows = tuple((person.name, _held(person), person.team or "") for person in everybody)
    text = "; ".join(f"{name}: {roles}" for name, roles, _ in rows)
    return Reply(
        text=f"{text}. To change it, say for example “make Sarah an architect”.",
        cards=(
            Card(
                "Who holds which role",
                (
                    Table(("Person", "Roles", "Team"), rows),
                    Text(("A change takes the engineering director and the compliance officer, two people.",)),
                ),
            ),
        ),
    )


def _held(person: Person) -> str:
    return listed(role.label for role in Role if role in person.roles) or "without a role"


async def reread(_turn: Turn, desk: Desk, action: Action, text: str) -> Action | None:
    """The same change of another role, or of somebody else's."""
    if not isinstance(action, GiveRole | TakeRole):
        return None
    named = await people_named(desk, text)
    role, person = read_role(text) or action.role, named[0].id if len(named) == 1 else action.person
    make = give_role if isinstance(action, GiveRole) else take_role
    return make(person, role, action.rationale)


HANDLER = Handler(
    name="access",
    purpose="Give and take roles, link identities",
    example="make Sarah an architect",
    group=Group.DECIDE,
    permission=reads(Role.ENGINEERING_DIRECTOR, Role.COMPLIANCE_OFFICER),
    answer=answer,
    risk=Risk.DANGEROUS,
    amend=of_effect(reread),
    corrects=frozenset({GiveRole.type, TakeRole.type}),
)
