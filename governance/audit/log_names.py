"""What the log calls people: by a random name, kept beside it, that can be taken away from them.

People's ids are as good as their names, and nothing can be erased from the log. So it holds a name that
says nothing; who has it stands in the department's rows. Agents and the system are called what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from time import monotonic

from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.entries import AnyEntry, ApprovalChain
from governance.people import Actor
from storage import direct
from storage.database import tenant_of

_NAMES = "SELECT id, log_name FROM people WHERE id = ANY(%(people)s)"

_BELIEVED_SECONDS = 30.0

_known: dict[tuple[str, str], tuple[str, float]] = {}
"""By tenant and id, with until when it is believed: every turn is recorded. Whoever is not in the department
may come to be, so that is asked anew each time; and a name that was taken away is used nowhere for long."""


async def log_names(tx: AsyncSession, people: Iterable[str]) -> Mapping[str, str]:
    """What the log calls each of these; whoever is nobody of the department, by their id."""
    tenant = tenant_of(tx)
    wanted = set(people)
    now = monotonic()
    found = {one: name for one in wanted if (name := _believed(tenant, one, now)) is not None}
    if missing := wanted - found.keys():
        for person, name in await direct.rows(tx, _NAMES, {"people": list(missing)}):
            found[person] = name
            for one in (person, name):
                _known[tenant, one] = name, now + _BELIEVED_SECONDS
    return {person: found.get(person, person) for person in wanted}


def unlearn(tx: AsyncSession, person: str) -> None:
    """Their name in the log is about to change, or may have been changed by somebody else."""
    _known.pop((tenant_of(tx), person), None)


def _believed(tenant: str, person: str, now: float) -> str | None:
    name, until = _known.get((tenant, person), ("", now))
    return name if until > now else None


async def under_log_names(tx: AsyncSession, entry: AnyEntry) -> AnyEntry:
    """The entry as it goes into the log: actor, requester and voters by the names that they have there.

    Done twice it changes nothing.
    """
    actor, chain = entry.actor, entry.approvals
    votes = chain.votes if isinstance(chain, ApprovalChain) else ()
    names = await log_names(tx, {*_people(actor), *(vote.person for vote in votes)})
    if all(person == name for person, name in names.items()):
        return entry
    called = replace(
        actor,
        id=names.get(actor.id, actor.id),
        on_behalf_of=actor.on_behalf_of and names[actor.on_behalf_of],
    )
    changed: dict[str, object] = {"actor": called}
    if isinstance(chain, ApprovalChain):
        renamed = tuple(vote.model_copy(update={"person": names[vote.person]}) for vote in votes)
        changed["approvals"] = chain.model_copy(update={"votes": renamed})
    return entry.model_copy(update=changed)


def _people(actor: Actor) -> Iterable[str]:
    if actor.kind == "person":
        yield actor.id
    if actor.on_behalf_of is not None:
        yield actor.on_behalf_of
