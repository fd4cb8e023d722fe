"""What is open in a thread: as it is read and listed, which of it is meant, and parts of it on their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.plans.wishes import understood
from governance.effects import Origin, actor_of, effects_of
from governance.gate import Asking
from governance.record import intervened
from governance.tables import ApprovalRow, EffectRow
from handlers.conversation.cards import Bullets, Button, Buttons, Card, Inline, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed, names_of_people, quoted
from handlers.language.decisions import Decision, OpenProposal
from handlers.language.follow_up import FollowUp
from handlers.language.words import plain


@dataclass(frozen=True, slots=True)
class Part:
    """Something that can be decided by itself: a proposal, or an item of one, with its price where it has
    one."""

    subject: str
    title: str
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Open:
    """A proposal, with the actions that it asks for."""

    row: ApprovalRow
    effects: tuple[EffectRow, ...]
    summaries: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The decision type in words."""
        return self.row.decision_type.replace("_", " ")

    @property
    def price(self) -> Decimal | None:
        """What all of it costs; None where it costs nothing that anybody established."""
        return sum((effect.cost for effect in self.effects), Decimal(0)) or None

    @property
    def described(self) -> OpenProposal:
        """As a reply is read: its actions are its items."""
        prices = tuple(effect.cost or None for effect in self.effects)
        return OpenProposal(self.kind, self.row.title, self.summaries, prices=prices)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its items, each to be decided by itself."""
        return tuple(
            Part(f"{self.row.id}:{number}", summary, effect.cost or None)
            for number, (effect, summary) in enumerate(zip(self.effects, self.summaries, strict=True), 1)
        )


async def opened(desk: Desk, row: ApprovalRow) -> Open:
    """A proposal with its actions."""
    effects = tuple(await effects_of(desk.tx, row.id))
    names = await names_of_people(desk.tx)
    summaries = tuple(desk.gate.registry.decode(effect.body).described(names) for effect in effects)
    return Open(row, effects, summaries)


def which_reply(
    desk: Desk, parts: Sequence[Open | Part], decision: Decision, likely: Sequence[int] = ()
) -> Reply:
    """Nothing was counted: each that may be meant is named, with its price, and has its own buttons. Of the
    `likely` ones it is asked once whether they are meant; a “yes” then answers."""
    options = [
        part if isinstance(part, Part) else Part(part.row.id, part.row.title, part.price) for part in parts
    ]
    verb = "deny" if decision is Decision.DENY else "approve"
    meant = [options[number - 1] for number in likely]
    text = "I counted no vote. Which one do you mean?"
    buttons: list[Button] = []
    if meant and verb == "approve":
        names = listed(quoted(one.title) for one in meant)
        count = "both" if len(meant) == 2 else f"all {len(meant)}" if len(meant) > 2 else "it"
        text = f"I counted no vote yet. Do you mean {names}?"
        subject = " ".join(one.subject for one in meant)
        buttons.append(Button(f"Yes, approve {count}", "approve_these", subject, "primary"))
        desk.memory.about(asked=subject)
    items: tuple[tuple[Inline, ...], ...] = tuple((_line(option),) for option in options)
    desk.memory.about(listed=" ".join(one.subject for one in options if ":" not in one.subject))
    buttons += [
        Button(f"{verb.capitalize()} {number}", *_press(verb, option))
        for number, option in enumerate(options, 1)
    ]
    spelt = f"{text} {'; '.join(f'{number}. {_line(option)}' for number, option in enumerate(options, 1))}."
    blocks = (Text((text,)), Bullets(items, numbered=True), Buttons(tuple(buttons)))
    return Reply(text=spelt, cards=(Card("Which one?", blocks, "waiting"),))


def _press(verb: str, option: Part) -> tuple[str, str]:
    if ":" not in option.subject:
        return verb, option.subject
    return ("approve_these" if verb == "approve" else "deny_these"), option.subject


def _line(option: Part) -> str:
    return f"{option.title} (${option.price:,.2f})" if option.price else option.title


_THOSE = re.compile(
    r"(?:yes|yep|yeah|yup|ok|okay|right|exactly|correct|sure|do it|approve)(?:,? (?:please|those|these"
    r"|them|all|both|it"
    r"|those two|these two|the two|all of them|all three|approve (?:them|both|all|those)|that'?s right|do it))*"
)


def asked_back(text: str, asked: str, open_now: Sequence[Open]) -> FollowUp | None:
    """The approval that a plain “yes, those two” gives to what was just asked about; None if it says more."""
    if not _THOSE.fullmatch(plain(text).strip(" .!")):
        return None
    subjects = asked.split()
    if any(":" in subject for subject in subjects):
        numbers = tuple(int(subject.partition(":")[2]) for subject in subjects)
        approval = subjects[0].partition(":")[0]
        return (
            FollowUp(Decision.APPROVE, items=numbers)
            if [one.row.id for one in open_now] == [approval]
            else None
        )
    numbers = tuple(number for number, one in enumerate(open_now, 1) if one.row.id in subjects)
    return FollowUp(Decision.APPROVE, items=numbers) if len(numbers) == len(subjects) else None


def still_open_text(left: Sequence[Open]) -> str:
    """What was not decided, by name."""
    names = listed(quoted(one.row.title) for one in left)
    return f"Still open: {names}."


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The proposal of the chosen items alone, and what became of the others in a sentence."""

    approval: str | None
    text: str


async def narrowed(turn: Turn, desk: Desk, proposal: Open, read: FollowUp) -> Narrowed:
    """Take a list apart: what was chosen is a proposal of its own, in the old one's place; what was neither
    chosen nor denied stays open as another. Raises CannotAnswer where the rest cannot be proposed now."""
    numbers = range(1, len(proposal.effects) + 1)
    rest = tuple(number for number in numbers if number not in (*read.items, *read.denied))
    desk.demand_order(f"decide on parts of {quoted(proposal.row.title)}")
    said: list[str] = []
    chosen = await _proposed(turn, desk, proposal, read.items, supersedes=True) if read.items else None
    left = await _proposed(turn, desk, proposal, rest, supersedes=chosen is None) if rest else None
    if read.denied:
        denied = listed(quoted(proposal.summaries[number - 1]) for number in read.denied)
        why = f": {read.reason}" if read.reason else ""
        said.append(f"You denied {denied}{why}. Nothing of that is done.")
        await intervened(desk.tx, "denied", known(turn).id, proposal.row.id, f"{denied}{why}", desk.now)
    if left is not None:
        said.append(
            f"Still open: {listed(quoted(proposal.summaries[number - 1]) for number in rest)} ({left})."
        )
    if chosen is None and left is None:
        raise CannotAnswer(
            f"That would leave nothing of {quoted(proposal.row.title)}. Deny all of it: “deny all”."
        )
    return Narrowed(chosen, " ".join(said))


async def _proposed(turn: Turn, desk: Desk, proposal: Open, items: Sequence[int], *, supersedes: bool) -> str:
    """A proposal of these items alone, as whoever asked for all of them would have asked for it."""
    chosen = [proposal.effects[item - 1] for item in items]
    submitted = await desk.gate.submit_all(
        desk.tx,
        [desk.gate.registry.decode(effect.body) for effect in chosen],
        actor=actor_of(chosen[0]),
        origin=Origin(turn.id, proposal.row.place),
        asking=Asking(
            title=f"{proposal.row.title} (items {', '.join(map(str, items))})",
            notifications=tuple(proposal.row.notifications),
            supersedes=proposal.row.id if supersedes else None,
        ),
    )
    made = next((one.approval for one in submitted if one.approval), None)
    if made is None:
        raise CannotAnswer(f"These cannot be approved now: {submitted[0].ruling.why}")
    return made


def unsure_reply(proposal: Open) -> Reply:
    row = proposal.row
    text = f"I did not count this as a decision on {quoted(row.title)}. If you mean it, press the button."
    buttons = Buttons(
        (Button("Approve", "approve", row.id, "primary"), Button("Deny", "deny", row.id, "danger"))
    )
    return Reply(text=text, cards=(Card("Is that a decision?", (Text((text,)), buttons), "waiting"),))


def not_changed_reply(proposal: Open) -> Reply:
    title = quoted(proposal.row.title)
    text = (
        f"I cannot change {title} from these words, so it stays open as it is. Press Modify on its card"
        f" where there"
        " is one, or deny it and ask for what you want instead."
    )
    return Reply(text=text)


def wish_text(wish: str) -> str:
    event = understood(wish)
    return f"You will hear of {event}." if event else f"I cannot tell you of “{wish}” yet."
