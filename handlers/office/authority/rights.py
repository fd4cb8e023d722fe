"""Who may override, and what a role may ask for: the two tables beside the matrix."""

from __future__ import annotations

import re

from governance.directory import people
from governance.overrides.authority import WHO_MAY
from governance.people import Person, Role
from governance.permissions import Refused, may_ask
from handlers.catalogue import catalogue, request_of
from handlers.conversation.cards import Block, Bold, Bullets, Card, Reply, Table, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import listed, role_labels
from handlers.language.kinds import Thing
from handlers.language.matching import find_all

_NOT_A_THING = frozenset({"authority", "access", "help", "status", "plan", "approvals", "service", "scale"})
"""Names of the catalogue that are said in other senses too."""

_OVERRIDES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"\bresum\w*|\blet .* go on\b"), ("resume",)),
    (re.compile(r"\bhalt\w*|\bstop\b.*\bagents?\b"), ("halt", "resume")),
    (re.compile(r"\bunfreez\w*|\blift\w*"), ("lift a security freeze", "lift an SRE's freeze")),
    (
        re.compile(r"\bfreez\w*|\bfroze\w*"),
        ("freeze everything", "freeze deployments", "freeze service", "freeze plan", "freeze process"),
    ),
    (
        re.compile(r"\bemergenc\w*|\bdeployment rules?\b|\boverride a\b"),
        ("emergency deployment", "review an emergency"),
    ),
    (re.compile(r"\boverrul\w*|\boverturn\w*"), ("overrule",)),
    (
        re.compile(r"\bwindows?\b|\bmodes?\b"),
        ("window planning", "window audit", "window incident", "window demo"),
    ),
    (re.compile(r"\boverrid\w*"), tuple(WHO_MAY)),
)


async def override_reply(desk: Desk, said: str) -> Reply | None:
    """Who may use the overrides that were spoken of, or None if none was. `said` is plain text."""
    named = next((names for pattern, names in _OVERRIDES if pattern.search(said)), None)
    if named is None:
        return None
    everybody = await people(desk.tx)
    rows = tuple(
        (name[0].upper() + name[1:], role_labels(WHO_MAY[name]), _names(everybody, WHO_MAY[name]))
        for name in named
    )
    text = "; ".join(f"{what}: {roles} ({names})" for what, roles, names in rows)
    return Reply(
        text=f"{text}.", cards=(Card("Who may override", (Table(("What", "Roles", "People now"), rows),)),)
    )


def _names(everybody: tuple[Person, ...], roles: frozenset[Role]) -> str:
    return listed(sorted(person.name for person in everybody if person.holds(*roles))) or "nobody at present"


def role_reply(role: Role) -> Reply:
    """What somebody with this role alone may ask for."""
    one = Person(tenant="", id="", name="", roles=frozenset({role}))
    acts: list[str] = []
    reads: list[str] = []
    for entry in catalogue().values():
        allowed = may_ask(one, entry.permission)
        if not isinstance(allowed, Refused):
            (acts if allowed.acts else reads).append(entry.purpose)
    who = _article(role.label)
    blocks: list[Block] = [
        Text((Bold(f"Asked for by {_article(role.label)}:"),)),
        Bullets(tuple((purpose,) for purpose in acts)),
    ]
    if reads:
        blocks += [Text((Bold("Only to read:"),)), Bullets(tuple((purpose,) for purpose in reads))]
    text = f"{who[0].upper()}{who[1:]} may ask for: {'; '.join(acts)}."
    if reads:
        text += f" Only to read: {'; '.join(reads)}."
    text += f" That is {len(acts)} of the {len(catalogue())} things that people can ask for."
    return Reply(text=text, cards=(Card(f"What {_article(role.label)} may ask for", tuple(blocks)),))


def permission_reply(text: str) -> Reply | None:
    """Who may ask for a thing of the catalogue that a message calls by its name; None if it names none."""
    things = tuple(Thing(entry.name, entry.name.replace("_", " ")) for entry in catalogue().values())
    named = [thing.id for thing in find_all(text, things) if thing.id not in _NOT_A_THING]
    if not named:
        return None
    entry = request_of(named[0])
    permission = entry.permission
    if isinstance(permission.who, frozenset):
        who = f"the {role_labels(permission.who)}"
    else:
        but = f" but {role_labels(permission.never)}" if permission.never else ""
        who = f"{permission.who.value}{but}"
    reads = " Who may read everything may read it too." if permission.reads else ""
    text = f"“{entry.purpose}” may be asked for by {who}.{reads}"
    return Reply(text=text, cards=(Card(f"Who may: {entry.purpose}", (Text((text,)),)),))


def roles_reply() -> Reply:
    """The roles that there are."""
    labels = [role.label for role in Role]
    text = f"The roles are {listed(labels)}. Ask “what can {_article(labels[0])} do?” for what one of them may."
    return Reply(text=text)


def _article(label: str) -> str:
    if label == Role.CUSTOMER_SUCCESS.label:
        return "somebody in customer success"
    return f"an {label}" if label[0].lower() in "aeio" or label.startswith("SRE") else f"a {label}"
