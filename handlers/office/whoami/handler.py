"""`whoami`: which person and roles somebody is here, and who decides for them."""

from __future__ import annotations

from functools import partial

from governance.directory import ALL_NAMES, deputies_at
from governance.permissions import ANYONE
from governance.visibility import Scope
from handlers.conversation.cards import Card, Code, Fields, Reply, Small
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, Group, Handler
from handlers.conversation.turn import Turn
from integrations.customers import AccountQuery
from integrations.pages import everything
from storage import direct


async def answer(turn: Turn, _asked: Asked, desk: Desk) -> Reply:
    """The person behind the identity that the platform proved."""
    if turn.person is None:
        return _stranger(turn)
    person = turn.person
    names, standing_in = await direct.both(desk.tx, ALL_NAMES, deputies_at(desk.now))
    for_me = sorted(names[deputy] for deputy, principals in standing_in.items() if person.id in principals)
    mine = sorted(names[principal] for principal in standing_in.get(person.id, ()))
    roles = ", ".join(sorted(role.label for role in person.roles))
    given = "none yet; the engineering director and the compliance officer give them together"
    pairs = [
        ("Name", person.name),
        ("Roles", roles or given),
        ("Team", desk.department.team(person.team).name if person.team else "none"),
        ("Time zone", person.time_zone),
        ("Decides for you now", ", ".join(for_me) or "nobody"),
        ("You decide for", ", ".join(mine) or "nobody else"),
    ]
    if person.accounts:
        own = Scope(everything=False, accounts=person.accounts)
        accounts = await everything(partial(desk.ports.customers.accounts, own), AccountQuery())
        pairs.append(("Your accounts", ", ".join(sorted(account.name for account in accounts))))
    return Reply(
        text=f"You are {person.name} ({roles})." if roles else f"You are {person.name}. Your roles: {given}.",
        cards=(
            Card(
                f"You are {person.name}",
                (
                    Fields(tuple(pairs)),
                    Small(("You are signed in as ", Code(turn.identity), ".")),
                ),
            ),
        ),
    )


def _stranger(turn: Turn) -> Reply:
    text = (
        f"I do not know you: nobody in this department is linked to {turn.identity}. "
        "The engineering director and the compliance officer can link you together; ask one of them."
    )
    return Reply(text=text, cards=(Card("I do not know you yet", (Small((text,)),), tone="warning"),))


HANDLER = Handler(
    name="whoami",
    purpose="Who you are here, your roles, and who decides for you",
    example="who am I?",
    group=Group.US,
    permission=ANYONE,
    answer=answer,
)
