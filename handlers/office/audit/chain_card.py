"""Who approved something: the approval with its votes, and the entries that tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from governance.approvals.decision import Status
from governance.approvals.slots import Hat
from governance.approvals.store import approval_row, state_of
from governance.audit.search import Found, Query, find
from governance.effects import ruling_of
from governance.tables import ApprovalRow, EffectRow
from handlers.conversation.approval_card import how_it_ended
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Buttons,
    Card,
    Fields,
    Inline,
    Moment,
    Reply,
    Small,
    Text,
)
from handlers.conversation.cards import Button as Pressed
from handlers.conversation.desk import Desk
from handlers.conversation.wording import names_of_people, role_labels
from handlers.office.audit_log import NOT_FOR_ALL
from handlers.office.audit_log.entry_words import what_happened

_ENTRIES = 12


async def effect_chain(desk: Desk, row: EffectRow) -> Reply:
    """Who let this effect happen: its votes, or the rule under which nobody had to."""
    desk.memory.about(effect=row.id)
    action = desk.gate.registry.decode(row.body)
    if row.approval is not None:
        return await approval_chain_reply(desk, await approval_row(desk.tx, row.approval), (row,))
    names = await names_of_people(desk.tx)
    ruling = ruling_of(row)
    asked = names[row.requester] if row.requester else row.actor["id"]
    what = action.described(names)
    text = f"Nobody approved “{what}”, which {asked} asked for ({row.state}): {ruling.why}"
    blocks: list[Block] = [
        Text((Bold(what), f" was asked for by {asked} and is {row.state.replace('_', ' ')}.")),
        Text((ruling.why,)),
        Small((f"Ruled by {ruling.rule}, policy {ruling.policy_version}.",)),
    ]
    blocks += _entries(await find(desk.tx, Query(effect=row.id), limit=_ENTRIES))
    return Reply(text=text, cards=(Card("No approval was given", tuple(blocks)),), restricted=NOT_FOR_ALL)


async def approval_chain_reply(desk: Desk, row: ApprovalRow, effects: Sequence[EffectRow] = ()) -> Reply:
    """Who voted on an approval, in which role, when, and what became of it."""
    desk.memory.about(approval=row.id)
    names = await names_of_people(desk.tx)
    state = state_of(row)
    votes: list[tuple[Inline, ...]] = [
        (
            Bold(names[vote.ballot.voter]),
            f" ({_hats(vote.ballot.hats, vote.ballot.voter, names)}) approved ",
            Moment(vote.at),
        )
        for vote in state.votes
    ]
    ended = await how_it_ended(desk.tx, state, names)
    blocks: list[Block] = [
        Fields(
            (
                ("What", row.title),
                ("Asked for by", names[row.requester] if row.requester else row.actor["id"]),
                ("State", state.status.value),
            )
        ),
        Text((ended,)),
    ]
    if votes:
        blocks.append(Bullets(tuple(votes)))
    found = await find(desk.tx, Query(subject=row.id), limit=_ENTRIES)
    for effect in effects:
        found += await find(desk.tx, Query(effect=effect.id), limit=_ENTRIES)
    blocks += _entries(sorted(found, key=_as_numbered))
    title = "Who approved it" if state.status is Status.APPROVED else f"This is {state.status.value}"
    text = f"“{row.title}”: {ended}"
    return Reply(text=text, cards=(Card(title, tuple(blocks)),), restricted=NOT_FOR_ALL)


def _as_numbered(entry: Found) -> tuple[bool, int, str]:
    """The log's own order; what is not numbered yet comes after it. Ids tell milliseconds apart, no less."""
    return entry.number is None, entry.number or 0, entry.id


def _hats(hats: Sequence[Hat], voter: str, names: Mapping[str, str]) -> str:
    said = []
    for hat in hats:
        roles = role_labels(hat.roles, "and")
        said.append(roles if hat.principal == voter else f"for {names[hat.principal]}, {roles}")
    return "; ".join(part for part in said if part)


def _entries(found: Sequence[Found]) -> list[Block]:
    if not found:
        return []
    items = []
    for entry in found:
        number = f"entry {entry.number}" if entry.number is not None else "not numbered yet"
        at = datetime.fromisoformat(entry.content["at"])
        items.append((f"{number}: {what_happened(entry.content)}, ", Moment(at)))
    shown = [entry for entry in found if entry.number is not None][-1:]
    blocks: list[Block] = [Text(("In the log:",)), Bullets(tuple(items))]
    if shown:
        label = f"Entry {shown[0].number} with its proof"
        blocks.append(Buttons((Pressed(label, "show_entry", shown[0].id),)))
    return blocks
