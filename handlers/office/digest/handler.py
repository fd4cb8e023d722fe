"""`digest`: my summaries: which, where, when, off; and what is in them now."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from governance.people import Person
from governance.permissions import KNOWN, may_read_digest
from governance.places import Audience
from handlers.conversation.acts import note_act
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.subjects import people_named
from handlers.conversation.tables import ActRow
from handlers.conversation.times import period_said
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import moment_text
from handlers.language.correction import Change, Correction
from handlers.language.local_time import Leaning
from handlers.office.digest.channels import demand_may_set, end_in_channel, set_in_channel
from handlers.office.digest.compose import digest_reply, kinds_to_show
from handlers.office.digests.changes import CannotUndo, change_all, change_by_id, undo
from handlers.office.digests.parse import Wish, read_wish
from handlers.office.digests.personal import end_own, known_on, pause_own, set_own, set_quiet
from handlers.office.digests.quiet_hours import quiet_hours_of
from handlers.office.digests.render import CHANGE, CHANNEL_OFF, SHOW, UNDO, settings_reply, with_undo
from handlers.office.digests.schedule import previous_due
from handlers.office.digests.settings import channels, person_key, recipient_for, why_not
from handlers.office.digests.settings_form import read_form

_CHANGE = "digest_change"
_BARE_HOUR = re.compile(r"(?<!at )(?<![\d:])\b(\d{1,2})\b(?![\d:]|\s*(?:am|pm))", re.IGNORECASE)
_IN_MAIL = re.compile(r"\b(?:by|via|in|an?) e-?mails?\b|\be-?mails?\b|\bmail\b", re.IGNORECASE)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Show what there is now, or what is set; set it, end it, pause it."""
    before = desk.memory.topic.get(_CHANGE)
    reply = await _answer(turn, asked, desk)
    if (change := desk.memory.topic.get(_CHANGE)) != before:
        note_act(turn, desk, reference=change)
    return reply


async def _answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    person = known(turn)
    wish = read_wish(asked.text)
    if wish.act not in ("show", "settings", "cannot"):
        desk.demand_order("change your summaries as you said")
    others = [one for one in await people_named(desk, asked.text) if one.id != person.id]
    if others:
        return await _anothers(desk, person, others[0], wish, asked.text)
    if wish.channel is not None and not (wish.channel == "here" and turn.place.audience is Audience.DIRECT):
        return await set_in_channel(turn, desk, person, wish)
    match wish.act:
        case "show":
            return await _shown(desk, person, wish, _since(desk, person, asked.text))
        case "set":
            return await set_own(desk, person, wish, asked.text)
        case "off":
            return await end_own(desk, person, wish, asked.text)
        case "pause":
            return await pause_own(desk, person, wish, asked.text)
        case "quiet" | "no_quiet" | "pierce" | "no_pierce":
            return await set_quiet(desk, person, wish)
        case "cannot":
            return _cannot(wish, asked.text)
        case "settings":
            return await settings_reply(desk, person)


async def _anothers(desk: Desk, person: Person, other: Person, wish: Wish, text: str) -> Reply:
    """Somebody else's is read by them and whoever may, and set by nobody else."""
    if wish.act not in ("show", "settings"):
        raise CannotAnswer(
            f"People set their own summaries. {other.name} can say to me what you just said; a channel of the"
            " department can have one too: “post the daily summary to #product at 9”."
        )
    if not may_read_digest(person, other.id, desk.modes):
        raise CannotAnswer(
            f"What {other.name} gets is read by {other.name} and the compliance officer alone. For where things"
            " stand, ask “what runs now?”."
        )
    return await _shown(desk, other, wish, _since(desk, person, text))


async def _shown(desk: Desk, person: Person, wish: Wish, since: datetime | None) -> Reply:
    """A person's digest as it would come now, since the last one was due unless a time is said."""
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    kinds = kinds_to_show(wish, recipient.settings)
    for kind in kinds:
        if (why := why_not(kind, person)) is not None:
            raise CannotAnswer(why)
    begins = {kind: since or previous_due(recipient.schedule(kind), desk.now) for kind in kinds}
    reply = await digest_reply(desk, person, begins)
    if reply is not None:
        return reply
    when = moment_text(min(begins.values()), person)
    text = f"Nothing moved since {when}, nothing is blocked, and nothing waits for a decision."
    return Reply(text=text, cards=(Card("Nothing new", (Text((text,)),)),), personal=True)


def _since(desk: Desk, person: Person, text: str) -> datetime | None:
    period = period_said(desk, person, text, Leaning.PAST)
    return period.start if period is not None and period.start < desk.now else None


def _cannot(wish: Wish, text: str) -> Reply:
    if wish.cannot == "shape":
        return Reply(
            text="A summary is as long as what happened: five of each at most, the rest counted. I cannot make"
            " it shorter or longer; “digest settings” shows what you get, and when."
        )
    said = "I send summaries in chat: in the console, in Slack, in Teams. Mail is not there."
    if not wish.is_about_when:
        return Reply(text=f"{said} Nothing was changed.")
    again = " ".join(_IN_MAIL.sub(" ", text).split())
    button = Button("Send it in chat", "ask", f"digest send me {again}")
    text = f"{said} Nothing was changed; press to get it in chat."
    return Reply(text=text, cards=(Card("Not by mail", (Text((text,)), Buttons((button,)))),))


async def press_show(turn: Turn, desk: Desk) -> Reply:
    """The button that shows it now: to whoever presses it, their own."""
    return await _shown(desk, known(turn), Wish("show"), None)


async def press_settings(turn: Turn, desk: Desk) -> Reply:
    """The form, filled in by the person whose settings it shows."""
    person, pressed = known(turn), _clicked(turn)
    if pressed.subject != person.id:
        raise CannotAnswer("Those are somebody else's settings. Say “digest settings” for your own.")
    if not pressed.values:
        return await settings_reply(desk, person)
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    hours = (await quiet_hours_of(desk.tx, [person])).get(person.id)
    wanted = read_form(recipient, hours, pressed.values, await known_on(desk, person))
    for setting in wanted.settings:
        if setting.is_on and (why := why_not(setting.kind, person)) is not None:
            raise CannotAnswer(why)
    if not wanted.settings and wanted.hours == hours:
        return Reply(text="Everything is as it was; nothing was changed.")
    change = await change_all(desk.tx, recipient, wanted.settings, wanted.hours, person, desk.now)
    return with_undo("Saved", (await settings_reply(desk, person)).text, change)


async def press_undo(turn: Turn, desk: Desk) -> Reply:
    """The button that takes a change back, of one's own settings or a channel's."""
    person = known(turn)
    try:
        row = await change_by_id(desk.tx, _clicked(turn).subject)
        if row.recipient.startswith("channel:"):
            demand_may_set(person)
        elif row.recipient != person_key(person.id):
            raise CannotAnswer("That was somebody else's change. Say “digest settings” for your own.")
        await undo(desk.tx, row, person, desk.now)
    except CannotUndo as cannot:
        raise CannotAnswer(f"{cannot} “Digest settings” shows what holds.") from None
    if row.recipient.startswith("channel:"):
        return Reply(text="Undone: what is posted to the channel is what was posted before.")
    standing = await settings_reply(desk, person)
    return Reply(text=f"Undone. {standing.text}", cards=standing.cards)


async def press_channel_off(turn: Turn, desk: Desk) -> Reply:
    """The button that ends what is posted to a channel."""
    person, subject = known(turn), _clicked(turn).subject
    demand_may_set(person)
    for recipient in await channels(desk.tx, desk.department):
        if recipient.key == subject:
            return await end_in_channel(desk, person, recipient)
    raise CannotAnswer("Nothing is posted to that channel. “Digest settings” shows what is posted where.")


async def amend(turn: Turn, desk: Desk, act: ActRow, correction: Correction) -> Reply:
    """Another time, day or kind of summary than was said, or none of it."""
    person = known(turn)
    try:
        change = await change_by_id(desk.tx, act.reference or "")
        if correction.change is Change.TAKE_BACK:
            await undo(desk.tx, change, person, desk.now)
            act.taken_back = desk.now
            return Reply(text=f"Undone. {(await settings_reply(desk, person)).text}")
        wish = _corrected(read_wish(act.words), read_wish(_BARE_HOUR.sub(r"at \1", correction.text)))
        if correction.change is Change.REPLACE:
            await undo(desk.tx, change, person, desk.now)
            act.taken_back = desk.now
    except CannotUndo as cannot:
        raise CannotAnswer(f"{cannot} “Digest settings” shows what holds.") from None
    reply = await set_own(desk, person, wish, correction.text)
    note_act(turn, desk, reference=desk.memory.topic.get(_CHANGE), before=act.id)
    return reply


def _corrected(was: Wish, now: Wish) -> Wish:
    """The earlier wish with what was said since. Raises CannotAnswer where nothing of it was said."""
    if not (now.is_about_when or now.kinds):
        raise CannotAnswer("What shall be different: which summary, at what time, on which days?")
    return replace(
        was,
        act="set",
        kinds=now.kinds or was.kinds,
        at=now.at or was.at,
        days=was.days if now.days is None else now.days,
        zone=now.zone or was.zone,
        platforms=now.platforms or was.platforms,
    )


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


HANDLER = Handler(
    name="digest",
    purpose="Your summaries: which, where, when, off",
    example="send me a daily summary at 9",
    group=Group.SEE,
    permission=KNOWN,
    answer=answer,
    presses={CHANGE: press_settings, UNDO: press_undo, SHOW: press_show, CHANNEL_OFF: press_channel_off},
    risk=Risk.ACTS,
    amend=amend,
)
