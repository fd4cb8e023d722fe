"""How the gate performs and asks about mail: its action specs."""

from __future__ import annotations

from governance.action import Grant, Outcome, OutcomeState, Subject
from governance.registry import ActionSpec, EffectFailed, OutcomeUncertain, free
from integrations import CannotTell
from integrations.calendar.invitation import written
from integrations.calendar.performing import AMONG_COLLEAGUES, establish_colleagues
from integrations.mail import (
    Addressee,
    Attached,
    Letter,
    Mail,
    MailError,
    MailUnsure,
    Message,
    Sent,
)
from integrations.mail.actions import SendInvitation


def specs() -> tuple[ActionSpec, ...]:
    """Every effect of mail, for the gate's registry. Their port is called `mail`."""
    return (
        ActionSpec(
            SendInvitation,
            _subject,
            effect=_send,
            port="mail",
            ask=_ask,
            establish=establish_colleagues,
            establishes=(AMONG_COLLEAGUES,),
            costs=free,
        ),
    )


def _subject(action: SendInvitation) -> Subject:
    return Subject(process="meetings", decides=f"{action.meeting} mail {action.method} {action.sequence}")


async def _ask(grant: str, port: Mail) -> Outcome | None:
    try:
        sent = await port.what_happened(grant)
    except CannotTell as silent:
        return Outcome(OutcomeState.UNKNOWN, str(silent))
    return None if sent is None else _done(sent)


async def _send(action: SendInvitation, grant: Grant, port: Mail) -> Outcome:
    try:
        return _done(await port.send_mail(grant, message_of(action, grant)))
    except MailError as refused:
        raise EffectFailed(f"{refused}.") from refused
    except MailUnsure as unsure:
        raise OutcomeUncertain(f"{unsure}.") from unsure


def _done(sent: Sent) -> Outcome:
    if sent.refused:
        missed = "; ".join(f"{address}: {why}" for address, why in sent.refused)
        return Outcome(OutcomeState.DONE, f"It was mailed, but not to {missed}.", sent.id)
    return Outcome(OutcomeState.DONE, "It was mailed.", sent.id)


def message_of(action: SendInvitation, grant: Grant) -> Message:
    """The mail: what it says, the invitation for calendars, and the pre-read as a file."""
    names = ", ".join(one.name for one in action.people)
    pairs = [("When", action.when), ("Who", names), ("Asked for by", action.organiser.name)]
    if action.pre_read is not None and action.method == "REQUEST":
        pairs.append(("Read before", f"{action.pre_read.name} (attached)"))
    paragraphs = tuple(filter(None, (action.says, action.about)))
    letter = Letter(
        action.subject,
        tuple(pairs),
        paragraphs,
        f"Sent by Countersign, because {action.organiser.name} asked for this meeting. To change it, tell"
        " Countersign in chat; answers to this mail reach them.",
    )
    calendar = written(action.draft, grant.minted_at, sequence=action.sequence, method=action.method)
    attached = [Attached("invite.ics", "application/ics", calendar, action.method)]
    if action.pre_read is not None and action.method == "REQUEST":
        name = "".join(one if one.isalnum() or one in "-_. " else "-" for one in action.pre_read.name)
        attached.append(
            Attached(f"{name.strip() or 'pre-read'}.md", "text/markdown", action.pre_read.text.encode())
        )
    organiser = Addressee(action.organiser.name, action.organiser.address)
    to = tuple(Addressee(one.name, one.address) for one in action.people)
    return Message(to, action.subject, letter, action.thread, organiser, tuple(attached))
