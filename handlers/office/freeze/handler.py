"""`freeze`: one process stands still, at once."""

from __future__ import annotations

import re

from sqlalchemy import select

from agents.plans.tables import PlanRow
from governance.action import Action
from governance.actions.freezing import LayFreeze, describe, lay_freeze
from governance.overrides.authority import may_freeze
from governance.people import Role
from governance.permissions import Refused, acts
from governance.standing import FreezeKind
from handlers.conversation.amending import of_effect
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Card, Inline, Moment, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.reasons import reason_or_words, split_reason
from handlers.conversation.subjects import meant_or_none, service_meant
from handlers.conversation.submitting import do_now
from handlers.conversation.times import moment_said, span_said
from handlers.conversation.turn import Turn
from handlers.conversation.wording import last_minute, listed, moment_text, names_of_people, until_text
from handlers.delivery.plans.resolve import ALIVE
from handlers.language.negation import left_out
from handlers.language.words import plain

_DEPLOYMENTS = re.compile(
    r"\bdeploy\w*|\breleas\w*|\brollouts?\b|\bproduction\b|\bprod\b|\bcode freeze\b|\bship\w*"
)
_EVERYTHING = re.compile(
    r"\beverything\b(?! (?:touching|about|around|in|of|that|which|related|with|on|for|from|to)\b)|\ball work\b"
)
_PLAN = re.compile(r"\bplan\b|\bfeature\b|\bepic\b")


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Freeze what is named; where nothing is, ask what."""
    meant = await _meant(split_reason(asked.words("what"))[0], desk)
    if meant is None:
        return _what()
    return await _freeze(turn, asked, desk, *meant)


async def look(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """What stands frozen, and the button that freezes what is named, for whoever may press it."""
    text, blocks = await _standing(turn, desk)
    meant = await _meant(split_reason(asked.words("what"))[0], desk)
    if meant is not None and turn.person and not isinstance(may_freeze(turn.person.roles, meant[0]), Refused):
        frozen = {(one.kind, one.scope) for one in desk.standing.freezes}
        if meant not in frozen:
            button = Button(f"Freeze {describe(*meant)}", "ask", f"freeze {asked.text}", "danger")
            blocks = (*blocks, Buttons((button,)))
            text = f"{text} I changed nothing; press the button to freeze {describe(*meant)}."
    return Reply(text=text, cards=(Card("What is frozen", blocks),))


async def _standing(turn: Turn, desk: Desk) -> tuple[str, tuple[Block, ...]]:
    names = await names_of_people(desk.tx)
    lines: list[str] = []
    for one in desk.standing.freezes:
        since = f"since {moment_text(one.since, turn.person)} by {names[one.by]} ({one.reason})"
        until = f"until {until_text(one.until, turn.person)}" if one.until else "until somebody lifts it"
        lines.append(f"{describe(one.kind, one.scope)}, {since}, {until}")
    if not lines:
        return "Nothing is frozen.", (Text(("Nothing is frozen.",)),)
    return f"Frozen: {'; '.join(lines)}.", (Bullets(tuple((line,) for line in lines)),)


async def _freeze(turn: Turn, asked: Asked, desk: Desk, kind: FreezeKind, scope: str) -> Reply:
    person = known(turn)
    what = describe(kind, scope)
    allowed = may_freeze(person.roles, kind)
    if isinstance(allowed, Refused):
        raise CannotAnswer(f"{allowed.why} Freezing {what} takes the {listed(allowed.who_may, 'or')}.")
    for standing in desk.standing.freezes:
        if (standing.kind, standing.scope) == (kind, scope):
            by = (await names_of_people(desk.tx))[standing.by]
            raise CannotAnswer(f"Frozen already: {what}, by {by} ({standing.reason}).")
    span = span_said(desk, person, asked.words("when"))
    until = span.end if span else None
    _, ended = await do_now(turn, desk, lay_freeze(kind, scope, reason_or_words(asked.text), until))
    desk.memory.about(freeze=ended.reference or "")
    ends = f" It stands until {until_text(until, person)}." if until else ""
    shown = last_minute(until, person.time_zone) if until else None
    end: tuple[Inline, ...] = (" It stands until ", Moment(shown), ".") if shown else ()
    said = (
        f"Frozen: {what}, for people and agents alike.{ends} A rollback to an approved version stays possible."
    )
    blocks = (
        Text((Bold(f"Frozen: {what}"), ", for people and agents alike.", *end)),
        Text(("Rolling back to a version that was approved before stays possible. What waits, waits.",)),
        Buttons((Button("Lift the freeze", "lift_freeze", ended.reference or ""),)),
    )
    return Reply(text=said, cards=(Card(f"Frozen: {what}", blocks, "bad"),))


async def _meant(text: str, desk: Desk) -> tuple[FreezeKind, str] | None:
    said = plain(text)
    if left_out(said) is not None:
        raise CannotAnswer(
            "I freeze one thing for one stretch of time, and cannot leave a part of it out. Name what shall"
            " stand still, and until when."
        )
    if _PLAN.search(said):
        return FreezeKind.PLAN, await _plan(text, desk)
    service = await service_meant(desk, text)
    if service is not None and not re.search(r"\ball (?:deploy|releas)", said):
        return FreezeKind.SERVICE, service
    if _DEPLOYMENTS.search(said):
        return FreezeKind.DEPLOYMENTS, ""
    return (FreezeKind.EVERYTHING, "") if _EVERYTHING.search(said) else None


async def _plan(text: str, desk: Desk) -> str:
    found = await meant_or_none(desk, text, "plan", "set_up_plan")
    if found is not None:
        return found.id
    if "plan" in desk.memory.topic:
        return desk.memory.topic["plan"]
    newest = select(PlanRow.title).where(PlanRow.state.in_(ALIVE)).order_by(PlanRow.created.desc()).limit(3)
    titles = listed((f"“{title}”" for title in (await desk.tx.execute(newest)).scalars()), "or")
    raise CannotAnswer(f"Which plan? {f'For example {titles}.' if titles else 'There is none yet.'}")


async def reread(turn: Turn, desk: Desk, action: Action, text: str) -> Action | None:
    """The freeze with another end, or of something else."""
    if not isinstance(action, LayFreeze):
        return None
    meant = await _meant(text, desk)
    span, moment = span_said(desk, known(turn), text), moment_said(desk, known(turn), text)
    if meant is None and span is None and moment is None:
        return None
    kind, scope = meant or (action.kind, action.scope)
    end = span.end if span else moment.at if moment else action.until
    return lay_freeze(kind, scope, action.rationale, end)


def _what() -> Reply:
    text = "What shall stand still? Name it: deployments, one service, one plan, or everything."
    buttons = (
        Button("Freeze deployments", "ask", "freeze freeze all deployments", "danger"),
        Button("Freeze everything", "ask", "freeze freeze everything", "danger"),
    )
    return Reply(text=text, cards=(Card("What shall stand still?", (Text((text,)), Buttons(buttons))),))


HANDLER = Handler(
    name="freeze",
    purpose="Stop one process: deployments, a service, a plan",
    example="Freeze all deployments",
    group=Group.STOP,
    permission=acts(Role.COMPLIANCE_OFFICER, Role.SRE_LEAD),
    arguments=("what", "when"),
    answer=answer,
    risk=Risk.DANGEROUS,
    look=look,
    amend=of_effect(reread),
    corrects=frozenset({LayFreeze.type}),
)
