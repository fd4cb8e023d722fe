"""The card of somebody's digest settings; a platform's home shows its blocks too."""

from __future__ import annotations

from collections.abc import Sequence

from governance.people import Person
from governance.permissions import Refused, may_set_channel_digest
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Card, Inline, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import listed
from handlers.office.digests.form import settings_form
from handlers.office.digests.kinds import DigestKind, why_not
from handlers.office.digests.quiet import QuietHours, quiet_hours_of
from handlers.office.digests.settings import Recipient, channels, recipient_for
from handlers.office.digests.wording import capital, kind_text, named, next_text, quiet_text, setting_text

CHANGE, UNDO, SHOW, CHANNEL_OFF = "digest_settings", "undo_digest", "show_digest", "channel_digest_off"
"""The verbs of the buttons; their subjects are a person's id, a change's, a person's and a channel's key."""

_EXAMPLES = (
    "Say it, too: “send me the daily summary at 8:30 on weekdays”, “turn the weekly dashboard off”,"
    " “quiet hours 20:00 to 7:00”."
)


async def digest_blocks(desk: Desk, person: Person) -> tuple[Block, ...]:
    """A person's digest settings with the buttons that change them, for a card or a platform's home."""
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    hours = (await quiet_hours_of(desk.tx, [person])).get(person.id)
    kinds = [kind for kind in DigestKind if why_not(kind, person) is None]
    blocks: list[Block] = [
        Bullets(tuple(_line(kind, recipient, desk) for kind in kinds)),
        Text((Bold("Quiet hours"), f": {quiet_text(hours)}")),
    ]
    buttons = [
        Button("Change…", CHANGE, person.id, "primary", settings_form(recipient, hours, kinds)),
        Button("Show me my digest now", SHOW, person.id),
    ]
    if not isinstance(may_set_channel_digest(person), Refused):
        lines, off = _in_channels(await channels(desk.tx, desk.department), desk)
        blocks += lines
        buttons += off
    blocks += [Buttons(tuple(buttons)), Small((_EXAMPLES,))]
    return tuple(blocks)


async def settings_reply(desk: Desk, person: Person) -> Reply:
    """All that a person gets, and when."""
    recipient = await recipient_for(desk.tx, desk.department, person, desk.now)
    hours = (await quiet_hours_of(desk.tx, [person])).get(person.id)
    on = [
        f"{kind_text(kind, recipient)}, {setting_text(setting, recipient, desk.now)}"
        for kind, setting in recipient.settings.items()
        if setting.is_on
    ]
    text = f"You get: {'; '.join(on)}." if on else "You get no summaries."
    text += f" Quiet hours: {quiet_text(hours)}."
    return Reply(text=text, cards=(Card("Your summaries", await digest_blocks(desk, person)),))


def changed_reply(
    desk: Desk, recipient: Recipient, kinds: Sequence[DigestKind], change: str, rest: str = ""
) -> Reply:
    """What holds from now on, and the button that takes it back. `recipient` is as it stands now."""
    whose = "" if isinstance(recipient.to, Person) else f" in {named(recipient)}"
    said = [
        f"{kind_text(kind, recipient)}{whose}: {setting_text(recipient.settings[kind], recipient, desk.now)}"
        for kind in kinds
    ]
    coming = " ".join(filter(None, (next_text(kind, recipient, desk.now) for kind in kinds[:1])))
    text = " ".join(filter(None, (f"{capital('; '.join(said))}.", coming, rest)))
    return with_undo("Changed", text, change)


def quiet_reply(hours: QuietHours | None, change: str) -> Reply:
    """The quiet hours that hold from now on."""
    if hours is None:
        text = "You have no quiet hours any more; what was kept back comes now."
        return with_undo("No quiet hours", text, change)
    ask = "" if hours.blockers_pierce else " Say “let blockers through” if those should come as well."
    text = (
        f"Quiet hours every day: {quiet_text(hours)}. What else there is waits until they end, except where"
        f" you ask or a card that you have is brought up to date.{ask}"
    )
    return with_undo("Quiet hours", text, change)


def with_undo(title: str, text: str, change: str) -> Reply:
    """A change that was made, in words, with the button that takes it back."""
    blocks = (Text((text,)), Buttons((Button("Undo", UNDO, change),)))
    return Reply(text=text, cards=(Card(title, blocks, "good"),))


def _line(kind: DigestKind, recipient: Recipient, desk: Desk) -> tuple[Inline, ...]:
    setting = recipient.settings[kind]
    coming = next_text(kind, recipient, desk.now)
    said = f": {setting_text(setting, recipient, desk.now)}."
    return (Bold(capital(kind_text(kind, recipient))), f"{said} {coming}".rstrip())


def _in_channels(found: Sequence[Recipient], desk: Desk) -> tuple[list[Block], list[Button]]:
    """What goes to channels, for those who may set that, with a button that ends it."""
    lines: list[tuple[Inline, ...]] = []
    off: list[Button] = []
    for recipient in found:
        on = [kind for kind, setting in recipient.settings.items() if setting.is_on]
        if not on:
            continue
        said = listed(
            f"{kind.label}, {setting_text(recipient.settings[kind], recipient, desk.now)}" for kind in on
        )
        lines.append((Bold(named(recipient)), f": {said}"))
        off.append(Button(f"Nothing to {named(recipient)} any more", CHANNEL_OFF, recipient.key))
    return ([Text((Bold("In channels"),)), Bullets(tuple(lines))] if lines else []), off
