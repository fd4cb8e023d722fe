"""The message about alerts that a test of ours in production holds back: which, until when, and their end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from agents.operations.incident_tables import AlertRow, AnnouncedTestRow
from governance.people import Person
from handlers.conversation.cards import Block, Button, Buttons, Card, Reply, Table, Text
from handlers.conversation.wording import counted, moment_text


def alerts_held_card(
    test: AnnouncedTestRow, alerts: Sequence[AlertRow], person: Person | None, key: str
) -> Reply:
    """What a test holds back, and the button that waits for it no longer."""
    where = f"{test.service} in {test.stage}"
    waiting = [one for one in alerts if one.state in ("held", "stored")]
    rows = tuple((one.name, moment_text(one.started, person), _became(test, one, person)) for one in alerts)
    blocks: list[Block] = []
    if waiting:
        text = (
            f"{counted(len(waiting), 'alert')} of {where} came in while a new version is tried there. If it is"
            " the cause, its judge takes it back. What began before it, or shows in the version before as well,"
            " is not held."
        )
        blocks += (Text((text,)), Table(("Alert", "Since", "Now"), rows, "lll"))
        words = f"incident declare an incident on {test.service} in {test.stage}: {waiting[0].name}"
        blocks.append(Buttons((Button("Do not wait: open an incident", "ask", words, "danger"),)))
    else:
        text = f"Nothing of {where} is held back any more."
        blocks += (Text((text,)), Table(("Alert", "Since", "What came of it"), rows, "lll"))
    title = f"Alerts of {where} wait for a canary" if waiting else f"Alerts of {where} that waited for a canary"
    return Reply(text, (Card(title, tuple(blocks), "waiting" if waiting else "plain"),), key=key)


def _became(test: AnnouncedTestRow, alert: AlertRow, person: Person | None) -> str:
    if alert.state == "stored":
        return "is looked at now"
    if alert.state == "held":
        if alert.held is None or test.holds_seconds is None:
            return "held"
        return f"held until {moment_text(alert.held + timedelta(seconds=test.holds_seconds), person)}"
    return f"is in {alert.incident}" if alert.incident else "ended by itself"
