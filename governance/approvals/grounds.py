"""What the conditions of votes are looked at by: facts of the actions, and those of the moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Subject
from governance.approvals.counting import Facts
from governance.authority.condition_words import Speech
from governance.authority.conditions import Condition, Term, comparisons
from governance.authority.vocabulary import Given, Reading, read_for_votes
from governance.department_rows import read_department
from governance.directory import names_of_all
from governance.effects import actor_of, effects_of
from governance.establishing import establish_own
from governance.gate import Gate
from governance.overrides.rows import read_standing
from governance.registry import Registry, free
from governance.standing import FreezeKind, Standing, WindowMode
from governance.tables import ApprovalRow, EffectRow

OF_THE_MOMENT = frozenset({"approved_by", "denied_by", "frozen", "time", "weekday", "window_open"})
"""Facts that are known of every action: votes, the clock, freezes and windows."""

_PRODUCTION = (FreezeKind.EVERYTHING, FreezeKind.DEPLOYMENTS)


def establishes(registry: Registry, effects: Iterable[EffectRow]) -> frozenset[str]:
    """The facts that code establishes for all of these effects. A condition on another one never holds."""
    specs = [registry.spec(effect.action_type) for effect in effects]
    own = [frozenset(spec.establishes) | ({"cost"} if spec.costs is not free else set()) for spec in specs]
    return OF_THE_MOMENT | (frozenset.intersection(*own) if own else frozenset())


async def of_the_approval(tx: AsyncSession, gate: Gate, row: ApprovalRow, terms: Iterable[Term]) -> Facts:
    """What `terms` are looked at by, for each action that the approval asks for; nothing without terms.

    What all of the actions cost together is the cost.
    """
    asked = tuple(terms)
    if not asked:
        return ()
    now = await of_the_moment(tx, asked, gate.clock())
    each: list[Mapping[str, Given]] = []
    for effect in await effects_of(tx, row.id):
        action = gate.registry.decode(effect.body)
        each.append(await establish_own(tx, gate.registry.spec(action.type), action, actor_of(effect)))
    costs = [facts["cost"] for facts in each]
    known = [cost for cost in costs if isinstance(cost, Decimal)]
    total: dict[str, Given] = {"cost": sum(known, Decimal(0))} if len(known) == len(costs) else {}
    return [{**read_for_votes({**facts, **total}), **now} for facts in each]


async def of_the_moment(tx: AsyncSession, terms: Iterable[Term], moment: datetime) -> Mapping[str, Reading]:
    """The clock, the freezes and the windows, as far as `terms` speak of them."""
    asked = {atom.key: atom for term in terms for atom in comparisons(term)}
    if not any(atom.fact in OF_THE_MOMENT for atom in asked.values()):
        return {}
    zone = ZoneInfo((await read_department(tx)).calendar_of(None).time_zone)
    standing = await read_standing(tx, moment)
    given: dict[str, Given] = {"time": moment, "weekday": f"{moment.astimezone(zone):%A}".lower()}
    given |= {key: _is_frozen(atom, standing) for key, atom in asked.items() if atom.fact == "frozen"}
    given |= {
        key: WindowMode(atom.of) in standing.modes(moment)
        for key, atom in asked.items()
        if atom.fact == "window_open"
    }
    return read_for_votes(given)


async def speech(tx: AsyncSession) -> Speech:
    """People's names and the department's time zone, for conditions in words."""
    zone = (await read_department(tx)).calendar_of(None).time_zone
    return Speech(await names_of_all(tx), zone)


def _is_frozen(atom: Condition, standing: Standing) -> bool:
    if atom.of == "everything":
        return any(freeze.kind is FreezeKind.EVERYTHING for freeze in standing.freezes)
    if atom.of in ("production", "deployments"):
        return any(freeze.kind in _PRODUCTION for freeze in standing.freezes)
    return standing.freeze_over(Subject("deployments", service=atom.of), "deployments") is not None
