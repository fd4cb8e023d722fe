"""What Teams sends, stored before it is answered: words, presses, forms, and where the bot is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.inbox import store_click, store_taken, store_words
from bot.platforms.channels import thread_of
from bot.platforms.forms import FormIncomplete, Values, check_values
from bot.tables import ButtonRow, OutboxRow
from bot.teams import answers, conversations, dialogs
from bot.teams.activities import MAIN, PLATFORM, Activity, place_of
from bot.teams.answers import welcome
from bot.teams.dialogs import task_info, values_of, with_error
from bot.teams.file_offers import take_answer
from bot.teams.files import FileConsent, OneDrive
from bot.teams.parsing import (
    FormAnswer,
    FormOpening,
    Membership,
    Nothing,
    Press,
    Words,
    WorkingAsked,
    meaning_of,
)
from bot.teams.render import working_page, working_reply
from bot.wire import form_from_json, reply_from_json
from governance.facts import Fact
from governance.places import Place
from handlers.conversation.cards import Form, Reply
from storage.database import Database
from storage.jobs import defer

NOT_HERE = ""
"""The token of a press on what was not posted in its conversation: no button has it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What an invoke is answered; a body of None is an empty one, which closes a dialog."""

    status: int
    body: dict[str, Any] | None = None


class Ingest:
    """Takes activities for one company, whose they were found to be."""

    def __init__(self, database: Database, tenant: str, onedrive: OneDrive) -> None:
        self._database = database
        self._tenant = tenant
        self._onedrive = onedrive

    async def take(self, activity: Activity) -> Answered | None:
        """Store what an activity means. Returns the answer to an invoke, None for anything else.

        An activity that was taken before is answered as then, and does nothing.
        """
        meaning = meaning_of(activity)
        if isinstance(meaning, Nothing):
            return Answered(501, answers.card_error(answers.NOT_KNOWN)) if meaning.is_unknown_invoke else None
        async with self._database.transaction(self._tenant) as tx:
            if isinstance(meaning, Membership):
                await _take_membership(tx, activity, meaning)
                return None
            await conversations.remember(tx, activity)
            place = await _place(tx, activity)
            match meaning:
                case Words(text):
                    await _store_words(tx, activity, place, text)
                    return None
                case Press():
                    sentence = await _press(tx, activity, place, meaning)
                    return sentence if meaning.by_invoke else None
                case FormOpening(token):
                    return await _open_form(tx, place, token)
                case FormAnswer():
                    answer = await _take_form(tx, activity, place, meaning)
                    return answer if meaning.by_invoke else None
                case WorkingAsked():
                    shown = await _show_working(tx, activity, place, meaning)
                    return shown if meaning.by_invoke else None
                case FileConsent():
                    return await _take_consent(tx, activity, place, meaning, self._onedrive)


async def _place(tx: AsyncSession, activity: Activity) -> Place:
    root = activity.root
    thread = root if root == MAIN else await thread_of(tx, PLATFORM, activity.channel, root)
    return place_of(activity, thread)


async def _take_membership(tx: AsyncSession, activity: Activity, membership: Membership) -> None:
    if membership.what == "left":
        await conversations.doubt(tx, activity)
        await conversations.forget(tx, activity)
        return
    if membership.what == "came" and await conversations.remember(tx, activity) and activity.kind == "personal":
        place = place_of(activity, MAIN)
        await outbox.put(tx, place, welcome(), turn=None)
        # Whoever has the bot is told what waits for them, also before they have said anything.
        who = {"platform": PLATFORM, "identity": activity.identity, "channel": place.channel}
        await defer(tx, "introduce", who)
    await conversations.doubt(tx, activity)


async def _store_words(tx: AsyncSession, activity: Activity, place: Place, text: str) -> None:
    await store_words(
        tx, platform=PLATFORM, key=_key(activity), identity=activity.identity, place=place, text=text
    )


async def _store_click(tx: AsyncSession, activity: Activity, place: Place, token: str, values: Values) -> None:
    await store_click(
        tx,
        platform=PLATFORM,
        key=_key(activity),
        identity=activity.identity,
        place=place,
        token=token,
        values=values,
    )


def _key(activity: Activity) -> str:
    """Ids of activities are unique within their conversation alone."""
    return f"{activity.channel}/{activity.id}"


async def _press(tx: AsyncSession, activity: Activity, place: Place, press: Press) -> Answered:
    posted = await _posted(tx, place, press.token)
    if posted is not None and posted.form is not None:
        if await _is_new(tx, activity, place, {"kind": "clicked", "token": press.token}):
            await dialogs.queue(tx, place, press.token)
        return Answered(200, answers.in_card(answers.FORM_BELOW))
    await _store_click(tx, activity, place, press.token if posted else NOT_HERE, {})
    return Answered(200, answers.in_card(answers.WORKING))


async def _is_new(tx: AsyncSession, activity: Activity, place: Place, what: dict[str, Any]) -> bool:
    """Store what takes no turn. False if it was stored before, and answered."""
    who = activity.identity
    return await store_taken(tx, platform=PLATFORM, key=_key(activity), identity=who, place=place, what=what)


async def _open_form(tx: AsyncSession, place: Place, token: str) -> Answered:
    form = await _form(tx, place, token)
    if form is None:
        return Answered(200, answers.in_dialog(answers.LOST))
    return Answered(200, answers.show_dialog(task_info(form, token)))


async def _take_form(tx: AsyncSession, activity: Activity, place: Place, answer: FormAnswer) -> Answered:
    form = await _form(tx, place, answer.token)
    if form is None:
        await _say_in_chat(tx, activity, place, answer, answers.LOST)
        return Answered(200, answers.in_dialog(answers.LOST))
    values: Values = {}
    try:
        values = values_of(form, answer.data)
        values = check_values(form, values)
    except FormIncomplete as incomplete:
        said = f"{incomplete} Change it in the form, and send it again."
        await _say_in_chat(tx, activity, place, answer, said)
        again = with_error(form, answer.token, str(incomplete), values)
        return Answered(200, answers.show_dialog(again))
    await _store_click(tx, activity, place, answer.token, values)
    return Answered(200)


async def _say_in_chat(
    tx: AsyncSession, activity: Activity, place: Place, answer: FormAnswer, said: str
) -> None:
    """What is wrong with a form that stands in the chat, where nothing else can say it."""
    what = {"kind": "clicked", "token": answer.token}
    if not answer.by_invoke and await _is_new(tx, activity, place, what):
        await outbox.put(tx, place, Reply(text=said), turn=None)


async def _show_working(tx: AsyncSession, activity: Activity, place: Place, asked: WorkingAsked) -> Answered:
    facts = await _facts_behind(tx, place, asked.message)
    if asked.by_invoke:
        return Answered(200, answers.show_dialog(working_page(facts, asked.message, asked.page)))
    if await _is_new(tx, activity, place, {"kind": "working", "message": asked.message}):
        await outbox.put(tx, place, working_reply(facts), turn=None)
    return Answered(200)


async def _facts_behind(tx: AsyncSession, place: Place, message: str) -> tuple[Fact, ...]:
    """The facts behind a message that was posted here; elsewhere it is passed on, and shows nothing."""
    here = OutboxRow.place["platform"].astext == PLATFORM, OutboxRow.place["channel"].astext == place.channel
    reply = (await tx.execute(select(OutboxRow.reply).where(OutboxRow.id == message, *here))).scalar()
    return () if reply is None else reply_from_json(reply).facts


async def _take_consent(
    tx: AsyncSession, activity: Activity, place: Place, consent: FileConsent, onedrive: OneDrive
) -> Answered:
    """Nothing is answered at once: the person is told in the chat, or gets the file."""
    what = {"kind": "file", "offer": consent.offer, "wanted": consent.upload is not None}
    if await _is_new(tx, activity, place, what):
        said = await take_answer(
            tx,
            consent,
            conversation=place.channel,
            identity=activity.identity,
            now=datetime.now(UTC),
            is_onedrive=onedrive.is_address,
        )
        if said is not None:
            await outbox.put(tx, place, Reply(text=said), turn=None)
    return Answered(200)


async def _form(tx: AsyncSession, place: Place, token: str) -> Form | None:
    posted = await _posted(tx, place, token)
    return None if posted is None or posted.form is None else form_from_json(posted.form)


async def _posted(tx: AsyncSession, place: Place, token: str) -> ButtonRow | None:
    """The button that was posted here: in a card that was passed on, its token opens and presses nothing."""
    query = select(ButtonRow).join(OutboxRow, OutboxRow.id == ButtonRow.outbox)
    here = OutboxRow.place["platform"].astext == PLATFORM, OutboxRow.place["channel"].astext == place.channel
    return (await tx.execute(query.where(ButtonRow.token == token, *here))).scalar()
