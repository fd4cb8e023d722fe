"""The card of a halt: who acknowledged, how fast, what could no longer be stopped."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from governance.overrides.authority import WHO_MAY, may_halt, may_resume
from governance.overrides.halted import HaltReport
from governance.people import Role
from governance.permissions import Refused
from governance.standing import Halt
from governance.tables import EffectRow, OverrideRow
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Card, Reply, Text, Tone
from handlers.conversation.desk import Desk
from handlers.conversation.turn import Turn
from handlers.conversation.wording import counted, moment_text, names_of_people, role_labels


async def halt_reply(desk: Desk, report: HaltReport) -> Reply:
    """What is known of a halt by now; posting it again with its key edits the first answer."""
    names = await names_of_people(desk.tx)
    acknowledged = _acknowledged(report)
    text = f"All agents are halted by {names[report.by]} ({report.reason}). {acknowledged}"
    blocks: list[Block] = [
        Text((Bold(names[report.by]), f" halted all agents: {report.reason}")),
        Text((acknowledged, *_silent(report))),
    ]
    sent = await _already_sent(desk, report, names)
    if sent:
        blocks.append(Text(("Already sent when the halt came, and not taken back by it:",)))
        blocks.append(Bullets(tuple((line,) for line in sent)))
        text += f" Already sent: {'; '.join(sent)}."
    who = role_labels(WHO_MAY["resume"])
    blocks.append(Text((f"To let them go on, a second person says “resume all agents” ({who}).",)))
    blocks.append(Buttons((Button("Let the agents go on", "resume_agents", report.override),)))
    return Reply(
        text=text, cards=(Card("All agents are halted", tuple(blocks), "bad"),), key=f"halt:{report.override}"
    )


async def agents_reply(turn: Turn, desk: Desk) -> Reply:
    """Whether the agents run, when they were last halted, and the button for whoever may press it."""
    newest = select(OverrideRow).where(OverrideRow.kind == "halt").order_by(OverrideRow.made.desc()).limit(1)
    last = (await desk.tx.execute(newest)).scalar()
    names = await names_of_people(desk.tx)
    roles = turn.person.roles if turn.person else frozenset[Role]()
    if last is not None and last.ended is None:
        since = moment_text(last.made, turn.person)
        text = f"Yes, all agents are halted, since {since}, by {names[last.made_by]} ({last.reason})."
        halted = Halt(last.made_by, last.reason, last.made)
        may = turn.person is not None and not isinstance(may_resume(roles, turn.person.id, halted), Refused)
        button = Button("Let the agents go on", "resume_agents", last.id)
        return _running("All agents are halted", text, button if may else None, "bad")
    text = f"No, the agents run. {_last_halt(last, turn, names)}"
    may = not isinstance(may_halt(roles), Refused)
    button = Button("Stop all agents", "halt_agents", "", "danger")
    return _running("The agents run", text, button if may else None, "good")


def _last_halt(last: OverrideRow | None, turn: Turn, names: Mapping[str, str]) -> str:
    if last is None or last.ended is None:
        return "They have never been halted."
    lifted = (
        f"; lifted {moment_text(last.ended, turn.person)} by {names[last.ended_by]}" if last.ended_by else ""
    )
    return (
        f"Last halt: {moment_text(last.made, turn.person)}, by {names[last.made_by]} ({last.reason}){lifted}."
    )


def _running(title: str, text: str, button: Button | None, tone: Tone) -> Reply:
    buttons = (Buttons((button,)),) if button else ()
    return Reply(text=text, cards=(Card(title, (Text((text,)), *buttons), tone),))


def _acknowledged(report: HaltReport) -> str:
    if not report.workers:
        return "No worker was at work, so there is nobody to wait for."
    counts = f"{len(report.acknowledged)} of {report.workers} workers"
    if not report.acknowledged:
        return f"{counts} have acknowledged so far; this message is edited as they do."
    cancelled = f"; {counted(report.cancelled, 'piece')} of work cancelled" if report.cancelled else ""
    return f"{counts} acknowledged in {report.seconds:.1f} s{cancelled}."


def _silent(report: HaltReport) -> tuple[str, ...]:
    if not report.silent or not report.acknowledged:
        return ()
    return (f" Not heard from: {', '.join(report.silent)}. Effects cannot pass the halt, whoever is silent.",)


async def _already_sent(desk: Desk, report: HaltReport, names: Mapping[str, str]) -> list[str]:
    query = select(EffectRow).where(EffectRow.id.in_(report.already_sent)).order_by(EffectRow.claimed)
    rows = (await desk.tx.execute(query)).scalars()
    return [desk.gate.registry.decode(row.body).described(names) for row in rows]
