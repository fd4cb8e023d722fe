"""The card of a halt: who acknowledged, how fast, what could no longer be stopped."""

from __future__ import annotations

import re
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
from handlers.conversation.turn import Said, Turn
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
        says = _answering(turn, "all agents are halted", halted=True)
        text = f"{says}, since {since}, by {names[last.made_by]} ({last.reason})."
        halted = Halt(last.made_by, last.reason, last.made)
        may = turn.person is not None and not isinstance(may_resume(roles, turn.person.id, halted), Refused)
        button = Button("Let the agents go on", "resume_agents", last.id)
        return _running("All agents are halted", text, button if may else None, "bad")
    says = _answering(turn, "the agents run", halted=False)
    text = f"{says}. {_last_halt(last, turn, names)}"
    may = not isinstance(may_halt(roles), Refused)
    button = Button("Stop all agents", "halt_agents", "", "danger")
    return _running("The agents run", text, button if may else None, "good")


_OF_A_STOP = re.compile(
    r"\b(?:halt|stop|paus|kill|angehalten|gestoppt|arr[êe]t|parad|deten)\w*|\b(?:off|down|dead|still|frozen)\b",
    re.IGNORECASE,
)
_OF_WORK = re.compile(
    r"\b(?:run|work|resum|continu|act(?:ing|ive)|l[aä]uf|weiter|tourn|march|funcion|trabaj|travail)\w*"
    r"|\b(?:go(?:es|ing)? on|good to go|back|up|alive)\b",
    re.IGNORECASE,
)
_ASKS_WHETHER = re.compile(
    r"^\W*(?:so |and |ok |wait )*(?:are|is|do|does|did|have|has|can|were|was|all|sind|laufen|est|sont|están)\b",
    re.IGNORECASE,
)


def _answering(turn: Turn, says: str, *, halted: bool) -> str:
    """`says` as the answer to what was asked: whether they stand still, whether they work, or neither."""
    asked = turn.what.text if isinstance(turn.what, Said) else ""
    of_a_stop = _OF_A_STOP.search(asked) is not None
    if not _ASKS_WHETHER.search(asked) or of_a_stop == (_OF_WORK.search(asked) is not None):
        return says[0].upper() + says[1:]
    return f"{'Yes' if of_a_stop is halted else 'No'}, {says}"


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
