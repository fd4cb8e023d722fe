"""The matrix as the requirements have it, and one row of it with the people behind the roles."""

from __future__ import annotations

from collections.abc import Iterable

from governance.authority.policy import Policy
from governance.authority.rows import Column, Row
from governance.directory import people
from governance.people import Person, Role
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Fields,
    Inline,
    Reply,
    Small,
    Table,
    Text,
)
from handlers.conversation.desk import Desk
from handlers.conversation.wording import listed, role_labels

_COLUMNS = ("Decision Type", "Auto-Execute", "Requires Approval", "Human Only")
_HEADINGS = {Column.AUTO: "By itself", Column.APPROVAL: "With approval", Column.PEOPLE_ONLY: "People only"}


def matrix_reply(policy: Policy) -> Reply:
    """The whole matrix: the requirements' ten rows, then ours."""
    ours = policy.render("extensions")
    theirs = policy.render("matrix")
    tables = [
        Card(
            "Decision Authority Matrix",
            (
                Table(_COLUMNS, tuple((r.decision, r.auto, r.approval, r.people_only) for r in theirs)),
                Small((f"Policy {policy.version}. A limit holds for each action and for 24 hours together.",)),
            ),
        ),
        Card(
            "Decisions that the matrix leaves open",
            (Table(_COLUMNS, tuple((r.decision, r.auto, r.approval, r.people_only) for r in ours)),),
        ),
        Card(
            "Who decides",
            (Table(("Decision Type", "Who"), tuple((r.decision, r.who) for r in (*theirs, *ours) if r.who)),),
        ),
    ]
    text = "; ".join(
        f"{r.decision}: by itself {r.auto}, with approval {r.approval}, people only {r.people_only}"
        for r in theirs
    )
    return Reply(text=f"The authority matrix, policy {policy.version}. {text}.", cards=tuple(tables))


def column_reply(policy: Policy, column: Column) -> Reply:
    """The rows in which one column ever rules."""
    rows = [row for row in policy.rows.values() if row.cells[column].rules]
    items = tuple((Bold(row.title), f" {row.cells[column].text.removeprefix('✅').strip()}") for row in rows)
    text = "; ".join(f"{row.title} {row.cells[column].text.removeprefix('✅').strip()}".strip() for row in rows)
    heading = _HEADINGS[column]
    return Reply(text=f"{heading}: {text}.", cards=(Card(heading, (Bullets(items),)),))


def own_requests_reply(policy: Policy) -> Reply:
    """Where somebody's own vote counts on what they asked for, and where it never does."""
    voted = [row for row in policy.rows.values() if row.votes]
    may = listed(row.title for row in voted if row.requester_may_vote)
    never = listed(row.title for row in voted if not row.requester_may_vote)
    text = f"Your own vote on what you asked for counts for {may}, if your role has a vote there."
    text = f"{text} It never counts for {never}."
    return Reply(text=text, cards=(Card("Approving one's own request", (Text((text,)),)),))


async def row_reply(desk: Desk, policy: Policy, row: Row, environment: str | None = None) -> Reply:
    """One decision type: what goes by itself, who approves, and the people who hold those roles now."""
    everybody = await people(desk.tx)
    decided = _who(row, everybody)
    elsewhere = policy.rows[row.elsewhere] if row.elsewhere else None
    pairs = [(_HEADINGS[column], _cell(row, column)) for column in Column if row.cells[column].rules]
    lines = [decided] if decided else []
    if elsewhere is not None:
        lines.append(f"In every other case: {_who(elsewhere, everybody)}")
    blocks: list[Block] = [Fields(tuple(pairs))]
    blocks += [Text((line,)) for line in lines]
    if row.votes:
        blocks.append(Small(_terms(row)))
    if row.note:
        blocks.append(Small((row.note,)))
    blocks.append(Buttons((Button("Propose a change", "change_row", row.name),)))
    asked = f" to {environment}" if environment else ""
    cells = "; ".join(f"{label.lower()} {text}" for label, text in pairs)
    text = f"{row.title}{asked}: {cells}. {' '.join(lines)}"
    return Reply(text=text, cards=(Card(f"{row.title}: who decides", tuple(blocks)),))


def _cell(row: Row, column: Column) -> str:
    cell = row.cells[column]
    conditions = " or ".join(str(clause) for clause in cell.clauses if str(clause))
    word = cell.text.removeprefix("✅").strip(" ()")
    if cell.rest:
        return word or "otherwise"
    return word or conditions or "always"


def _who(row: Row, everybody: Iterable[Person]) -> str:
    known = tuple(everybody)
    parts = []
    if row.votes:
        slots = [_holders(slot.roles, known) for slot in row.votes[0].slots]
        votes = listed(slots) if len(set(slots)) == len(slots) else f"{len(slots)} people: {slots[0]}"
        itself = "the requester may" if row.requester_may_vote else "never the requester"
        parts.append(f"Approved by {votes}; {itself}.")
        parts += [f"{len(more.slots)} different people if {more.when}." for more in row.votes[1:]]
    if row.in_person:
        parts.append(f"Done in person by {_holders(row.in_person, known)}.")
    return " ".join(parts)


def _holders(roles: Iterable[str], everybody: Iterable[Person]) -> str:
    wanted = frozenset(Role(role) for role in roles)
    names = sorted(person.name for person in everybody if person.holds(*wanted))
    return f"the {role_labels(wanted)} ({listed(names) or 'nobody at present'})"


def _terms(row: Row) -> tuple[Inline, ...]:
    days = "one working day" if row.working_days == 1 else f"{row.working_days} working days"
    then = f"; asked next: {listed(f'the {role.label}' for role in row.then)}" if row.then else ""
    several = "; several may be approved as one list" if row.as_list else ""
    return (f"Stands open for {days}{then}{several}. Silence never approves.",)
