"""What the log calls people: by a random name, kept beside it, that can be taken away from them.

People's ids are as good as their names, and nothing can be erased from the log. So it holds a name that
says nothing; who has it stands in the department's rows. Agents and the system are called what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.entries import AnyEntry, ApprovalChain
from governance.people import Actor
from storage import direct
from storage.database import tenant_of

_NAMES = "SELECT id, log_name FROM people WHERE id = ANY(%(people)s)"

_known: dict[tuple[str, str], str] = {}
"""By tenant and id, once a process: every turn is recorded. Whoever is not in the department may come to be, so
that is asked anew each time. A name that was taken away may stay in other processes, where its person does
nothing more."""


async def log_names(tx: AsyncSession, people: Iterable[str]) -> Mapping[str, str]:
    """What the log calls each of these; whoever is nobody of the department, by their id."""
    tenant = tenant_of(tx)
    wanted = set(people)
    missing = {person for person in wanted if (tenant, person) not in _known}
    if missing:
        for person, name in await direct.rows(tx, _NAMES, {"people": list(missing)}):
            _known[tenant, person] = _known[tenant, name] = name
    return {person: _known.get((tenant, person), person) for person in wanted}


def unlearn(tx: AsyncSession, person: str) -> None:
    """Their name in the log is about to change."""
    _known.pop((tenant_of(tx), person), None)


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
