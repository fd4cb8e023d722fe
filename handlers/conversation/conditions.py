"""Conditions that people write beside a vote: read with the department's names, or asked back with the
nearest."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence

from governance.approvals.grounds import establishes, speech
from governance.authority.condition_words import Speech, in_words
from governance.authority.conditions import Term, from_json, to_canonical_json
from governance.authority.vocabulary import ALL_FACTS
from governance.directory import people
from governance.effects import effects_of
from governance.tables import ApprovalRow
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.wording import listed, quoted
from handlers.language.condition_tokens import Known
from handlers.language.conditions import ConditionNotRead, read_condition
from handlers.language.kinds import Thing

_LABEL = 70
"""Characters of a button's label."""

_MOST_SERVICES = 50


async def conditions_in(desk: Desk, row: ApprovalRow, texts: Sequence[str]) -> tuple[Term, ...]:
    """The conditions that the words set for a vote on `row`. Raises ConditionNotRead."""
    if not texts:
        return ()
    checkable = establishes(desk.gate.registry, await effects_of(desk.tx, row.id))
    everybody = [person for person in await people(desk.tx) if person.active]
    services = await desk.ports.services.find(" ".join(texts), _MOST_SERVICES)
    known = Known(
        people=tuple(Thing(person.id, person.name) for person in everybody),
        services=tuple(Thing(service.id, service.name) for service in services),
    )
    zone = desk.department.calendar_of(None).time_zone
    # Sentence vectors, where it has to ask, take tens of milliseconds of CPU.
    read = await asyncio.to_thread(
        read_condition, ", and ".join(texts), establishes=checkable, known=known, now=desk.now, zone=zone
    )
    return (read,)


async def not_read_reply(desk: Desk, row: ApprovalRow, unread: ConditionNotRead) -> Reply:
    """No vote was counted: what was not understood or cannot be checked, and the nearest that can be."""
    said = await speech(desk.tx)
    checkable = establishes(desk.gate.registry, await effects_of(desk.tx, row.id))
    title = quoted(row.title)
    if unread.unestablished:
        facts = listed((ALL_FACTS[fact].meaning for fact in unread.unestablished), "or")
        why = f"Nothing here can tell for {title} ({facts}), so “{unread.words}” would never be met."
    elif unread.nearest:
        why = f"I am not sure that I read “{unread.words}” as you mean it."
    else:
        why = f"I cannot check the condition “{unread.words}” by myself."
    why = f"{why} I counted no vote on {title}."
    if not unread.nearest:
        text = f"{why} What I can check for it: {checkable_text(checkable)}."
        return Reply(text=text, cards=(Card("I cannot check that", (Text((text,)), _without(row)), "warning"),))
    meant = f"Approve if {in_words(unread.nearest[0], said)}?"
    left_out = (
        f" I can read nothing in “{'”, “'.join(unread.unread)}”, and leave it out." if unread.unread else ""
    )
    buttons = [Button("Yes, with that", "approve_if", subject_of(row.id, unread.nearest[0]), "primary")]
    buttons += [
        Button(_short(f"If {in_words(term, said)}"), "approve_if", subject_of(row.id, term))
        for term in unread.nearest[1:]
    ]
    buttons.append(Button("No", "leave_open", row.id))
    blocks = (Text((f"{why}{left_out}",)), Text((meant,)), Buttons(tuple(buttons)))
    return Reply(text=f"{why}{left_out} {meant}", cards=(Card("Did you mean this?", blocks, "warning"),))


async def denial_reply(desk: Desk, row: ApprovalRow, texts: Sequence[str], instead: Term | None) -> Reply:
    """A denial under a condition: a denial ends it at once, so it is asked about; `instead` is the approval
    that says the same."""
    words = " ".join(texts)
    text = (
        f"A denial ends {quoted(row.title)} at once and waits for nothing, so I did not count one “{words}”."
        " It stays open."
    )
    buttons = [Button("Deny it now", "deny", row.id, "danger"), Button("Leave it open", "leave_open", row.id)]
    if instead is not None:
        meant = in_words(instead, await speech(desk.tx))
        text = f"{text} Did you mean: approve if {meant}?"
        buttons.insert(0, Button("Yes, with that", "approve_if", subject_of(row.id, instead), "primary"))
    return Reply(text=text, cards=(Card("Deny it now?", (Text((text,)), Buttons(tuple(buttons))), "warning"),))


async def cancelling_reply(row: ApprovalRow, texts: Sequence[str]) -> Reply:
    """Taking back under a condition: it is taken back at once or not at all, so it is asked about."""
    text = (
        f"Taking {quoted(row.title)} back happens at once and waits for nothing, so I did not do it"
        f" “{' '.join(texts)}”. It stays open."
    )
    buttons = (
        Button("Take it back now", "take_back", row.id, "danger"),
        Button("Leave it open", "leave_open", row.id),
    )
    return Reply(text=text, cards=(Card("Take it back now?", (Text((text,)), Buttons(buttons)), "warning"),))


def subject_of(approval: str, term: Term) -> str:
    """What the button “Yes, with that” carries."""
    return f"{approval} {to_canonical_json(term)}"


def condition_of(subject: str) -> tuple[str, Term]:
    """The approval and the condition of a pressed button. Raises CannotAnswer."""
    approval, _, written = subject.partition(" ")
    try:
        return approval, from_json(written)
    except ValueError:
        raise CannotAnswer("That button is out of date. Say the condition again.") from None


def checkable_text(facts: Collection[str]) -> str:
    """What conditions may speak of, in words: `the time and the day, who approves, freezes and what it
    costs`."""
    return listed(words for words, named in _CHECKABLE if named & frozenset(facts))


_CHECKABLE: tuple[tuple[str, frozenset[str]], ...] = (
    ("the time and the day of the week", frozenset({"time", "weekday"})),
    ("who else approves or says no", frozenset({"approved_by", "denied_by"})),
    ("freezes", frozenset({"frozen"})),
    ("scheduled modes", frozenset({"window_open"})),
    ("what it costs", frozenset({"cost", "plan_cost", "cost_per_month"})),
    ("agent-hours", frozenset({"hours"})),
    ("where it goes", frozenset({"environment"})),
    ("tests", frozenset({"tests_passed"})),
    ("the load test", frozenset({"load_test_passed"})),
    ("security scans", frozenset({"scan_clean", "open_findings"})),
    ("reviews", frozenset({"review_done"})),
    ("whether it breaks something", frozenset({"breaking"})),
    ("personal data", frozenset({"touches_pii"})),
    ("stories and epics", frozenset({"done"})),
    ("versions and what is live", frozenset({"deployed", "version"})),
    ("replicas and the canary", frozenset({"replicas", "canary_share", "canary_healthy"})),
    ("error rates, CPU and latency", frozenset({"error_rate", "cpu", "p95"})),
    ("incidents", frozenset({"incident_open"})),
)


def conditions_text(terms: Iterable[Term], said: Speech) -> str:
    """Several conditions in words, as they stand after an “if”."""
    return listed(in_words(term, said) for term in terms)


def _without(row: ApprovalRow) -> Buttons:
    return Buttons(
        (
            Button("Approve without it", "approve", row.id, "primary"),
            Button("Deny", "deny", row.id, "danger"),
        )
    )


def _short(label: str) -> str:
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"
