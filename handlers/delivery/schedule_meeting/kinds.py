"""How people name meetings to come, and groups of people: roles, titles, leads, everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agents.meetings.meeting_run import NoSuchMeeting, coming_meetings, meeting_by_id
from governance.department import Department, PersonEntry
from governance.directory import people
from governance.people import Person, Role
from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.language.kinds import Kind, Thing
from integrations.written_ids import WrittenIds

_MOST = 100
_ALSO: dict[Role, tuple[str, ...]] = {
    Role.SRE_LEAD: ("SREs", "SRE team", "SRE"),
    Role.COMPLIANCE_OFFICER: ("security team", "compliance team", "compliance", "security and compliance"),
    Role.PRODUCT_OWNER: ("product team", "POs"),
    Role.CUSTOMER_SUCCESS: ("customer success team", "CS team"),
    Role.ENGINEER: ("developers", "devs", "engineering team"),
    Role.ENGINEERING_DIRECTOR: ("directors",),
}
_EVERYONE = Thing("everyone", "everyone", ("everybody", "the whole department", "all hands"))
_LEADS = Thing("leads", "team leads", ("tech leads", "tech lead", "leads", "all leads"))


async def _groups(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    return tuple(_things(desk.department))


def _things(department: Department) -> Iterator[Thing]:
    yield from (_EVERYONE, _LEADS)
    for team in department.teams:
        short = re.sub(r"^team\s+", "", team.name, flags=re.IGNORECASE)
        names = {
            name for each in (team.name, short, team.id) for name in (f"{each} leads", f"{each} team leads")
        }
        singular = {name.removesuffix("s") for name in names}
        yield Thing(f"leads:{team.id}", f"leads of {short}", tuple(sorted(names | singular)))
    for product in department.products:
        # Who builds a product goes by its name: "the payments team", "payment team leads".
        called = {product.id, product.name, *product.aliases}
        called |= {name.removesuffix("s") for name in called}
        lead, first = f"leads:{product.teams[0]}", product.teams[0]
        own = tuple(
            sorted(f"{name} {word}" for name in called for word in ("team leads", "leads", "team lead"))
        )
        yield Thing(lead, f"{product.name} team leads", own)
        yield Thing(f"team:{first}", f"{product.name} team", tuple(sorted(f"{name} team" for name in called)))
    for role in Role:
        yield Thing(f"role:{role.value}", role.label, (f"{role.label}s", *_ALSO.get(role, ())))
    for title in sorted({entry.title for entry in department.people if entry.active}):
        yield Thing(f"title:{title}", title, (f"{title}s",))


def members(group: str, department: Department, everybody: Sequence[Person]) -> tuple[str, ...]:
    """Who is in a group of this id, by theirs. Roles are those that people have now."""
    kind, _, what = group.partition(":")
    match kind:
        case "everyone":
            return tuple(one.id for one in everybody)
        case "leads":
            teams = (team for team in department.teams if not what or team.id == what)
            return tuple(dict.fromkeys(team.lead for team in teams))
        case "team":
            return team_members(what, department)
        case "role":
            return tuple(one.id for one in everybody if one.holds(Role(what)))
        case _:
            return tuple(entry.id for entry in department.people if entry.title == what)


def team_members(team: str, department: Department) -> tuple[str, ...]:
    """A team's people, its lead first."""
    lead = department.team(team).lead
    return tuple(dict.fromkeys((lead, *(entry.id for entry in department.people if entry.team == team))))


def entry_of(department: Department, person: str) -> PersonEntry | None:
    """What the department's file says of somebody."""
    return next((entry for entry in department.people if entry.id == person), None)


async def _meetings(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    """Meetings to come; two of one kind are told apart by what they are about."""
    return [
        Thing(row.id, row.title, tuple(_short(row.title)))
        for row in await coming_meetings(desk.tx, desk.now, _MOST)
    ]


def _short(title: str) -> Iterator[str]:
    kind, joint, about = title.partition(": ")
    yield kind
    if joint:
        yield f"{about} {kind}"
        yield about


async def _meeting(desk: Desk, _scope: Scope, id: str) -> Thing | None:
    try:
        row = await meeting_by_id(desk.tx, id)
    except NoSuchMeeting:
        return None
    return Thing(row.id, row.title)


async def names_in(desk: Desk) -> dict[str, Person]:
    """Everybody who is active, by id."""
    return {one.id: one for one in await people(desk.tx) if one.active}


_IDS = WrittenIds(re.compile(r"\bmt_[0-9a-f]{12}\b", re.IGNORECASE), "lower")

GROUP = Kind("group", _groups, missing="There is no group of people called “{}”.")
MEETING = Kind(
    "meeting",
    _meetings,
    missing="There is no meeting “{}” to come that was booked here.",
    ids=lambda _: _IDS,
    by_id=_meeting,
)
KINDS = (GROUP, MEETING)
