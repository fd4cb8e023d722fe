"""The card of a halt: who acknowledged, how fast, what could no longer be stopped."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from governance.overrides.authority import WHO_MAY
from governance.overrides.halt_report import HaltReport
from governance.tables import EffectRow
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, names_of_people, role_labels


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
