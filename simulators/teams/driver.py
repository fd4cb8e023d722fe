"""Somebody at their Teams client: they say things, press buttons, fill dialogs in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from simulators.teams import activities
from simulators.teams.delivery import Delivery
from simulators.teams.world import Conversation, Human, Json, Message

if TYPE_CHECKING:
    from simulators.teams.server import FakeTeams


class NothingToPress(LookupError):
    """A message has no such button. The text names those that it has."""


@dataclass(frozen=True)
class Someone:
    """A person at their client."""

    teams: FakeTeams
    human: Human

    @property
    def chat(self) -> Conversation:
        """Their personal chat with the bot."""
        return self.teams.world.personal(self.human.name)

    async def adds_bot(self) -> Delivery:
        """They install the bot for themselves: two events come, as in Teams."""
        first = await self.teams.deliver(activities.came(self.teams, self.human, self.chat))
        update = activities.frame(self.teams, "installationUpdate", self.human, self.chat, None, action="add")
        await self.teams.deliver(update)
        return first

    async def says(self, text: str, *, to: Conversation | None = None, under: Message | None = None) -> Message:
        """They say something in their chat, in a channel or group, or in a thread. Returns their message."""
        conversation = to or self.chat
        number = self.teams.world.next_id()
        root = (under.root or under.id if under else number) if conversation.kind == "channel" else None
        said = Message(number, conversation.id, root, self.human.name, text)
        conversation.messages.append(said)
        delivery = await self.teams.deliver(
            activities.message(self.teams, self.human, conversation, root, text, number)
        )
        if not delivery.is_taken:
            raise AssertionError(f"the bot answered {delivery.status}: {delivery.body}")
        return said

    async def presses(self, label: str, on: Message) -> Delivery:
        """They press a button: a verb is executed, a form opened."""
        return await self.teams.deliver(self.press(label, on))

    def press(self, label: str, on: Message) -> Json:
        """The activity that pressing a button makes."""
        action = button(on, label)
        conversation = self.teams.world.conversations[on.conversation]
        if action["type"] == "Action.Execute":
            pressed = {key: action[key] for key in ("type", "title", "verb", "data")}
            value: Json = {"action": pressed, "trigger": "manual"}
            return activities.invoke(self.teams, self.human, conversation, on, "adaptiveCard/action", value)
        value = {"data": action["data"], "context": {"theme": "default"}}
        return activities.invoke(self.teams, self.human, conversation, on, "task/fetch", value)

    async def submits(self, dialog: Json, on: Message, filled: Mapping[str, str]) -> Delivery:
        """They send in a dialog that `presses` opened, with what they filled in, by label."""
        return await self.teams.deliver(self.submission(dialog, on, filled))

    def submission(self, dialog: Json, on: Message, filled: Mapping[str, str]) -> Json:
        """The activity that sending a dialog in makes. What a list offers is chosen by its words."""
        data = _filled_in(dialog["task"]["value"]["card"]["content"], filled)
        value = {"data": data, "context": {"theme": "default"}}
        conversation = self.teams.world.conversations[on.conversation]
        return activities.invoke(self.teams, self.human, conversation, on, "task/submit", value)

    async def turns(self, dialog: Json, label: str, on: Message) -> Delivery:
        """They press a button of a dialog that shows them something."""
        card = dialog["task"]["value"]["card"]["content"]
        action = next(each for each in _actions(card) if each.get("title") == label)
        value = {"data": action["data"], "context": {"theme": "default"}}
        conversation = self.teams.world.conversations[on.conversation]
        return await self.teams.deliver(
            activities.invoke(self.teams, self.human, conversation, on, "task/submit", value)
        )

    async def presses_without_dialogs(self, label: str, on: Message) -> Delivery:
        """They press a button in a client that knows neither dialogs nor what is executed."""
        return await self.teams.deliver(self._by_message(on, button(on, label)["data"]))

    async def fills_in(self, form: Message, filled: Mapping[str, str]) -> Delivery:
        """They fill a form in that stands in the chat, by label, and send it: that comes as a message."""
        return await self.teams.deliver(self._by_message(form, _filled_in(form.card, filled)))

    def _by_message(self, on: Message, value: Json) -> Json:
        conversation = self.teams.world.conversations[on.conversation]
        return activities.frame(
            self.teams, "message", self.human, conversation, on.root, value=value, replyToId=on.id
        )

    async def accepts(self, offer: Message) -> Delivery:
        """They accept a file that they are asked about: their client makes room for it, and says where."""
        return await self.teams.deliver(self.consent(offer, "accept"))

    async def declines(self, offer: Message) -> Delivery:
        """They want no file."""
        return await self.teams.deliver(self.consent(offer, "decline"))

    def consent(self, offer: Message, action: Literal["accept", "decline"], **upload: str) -> Json:
        """The activity that answering an offer makes; `upload` replaces what it says of where the file goes."""
        asked = offer.file or {}
        value: Json = {"type": "fileUpload", "action": action, "context": asked["content"][f"{action}Context"]}
        if action == "accept":
            value["uploadInfo"] = self.teams.onedrive.make_room(self.human.name, asked) | upload
        conversation = self.teams.world.conversations[offer.conversation]
        return activities.invoke(self.teams, self.human, conversation, offer, "fileConsent/invoke", value)


def button(on: Message, label: str) -> Json:
    """A message's button. Raises NothingToPress."""
    found = list(_actions(on.card))
    for action in found:
        if action.get("title") == label:
            return action
    raise NothingToPress(f"no “{label}” among {[each.get('title') for each in found]}")


def _filled_in(card: Any, filled: Mapping[str, str]) -> Json:
    """What a form's button sends."""
    submit = next(each for each in _actions(card) if each["type"] in ("Action.Submit", "Action.Execute"))
    entered: Json = {}
    for asked in _inputs(card):
        value = filled.get(asked.get("label", ""), asked.get("value", ""))
        choices = {each["title"]: each["value"] for each in asked.get("choices", ())}
        entered[asked["id"]] = choices.get(value, value)
    return {**entered, **submit["data"]}


def labels(dialog: Json) -> list[str]:
    """What a dialog asks for."""
    return [str(asked.get("label", "")) for asked in _inputs(dialog["task"]["value"]["card"]["content"])]


def _actions(card: Any) -> Iterator[Json]:
    for part in _parts(card):
        if str(part.get("type", "")).startswith("Action."):
            yield part


def _inputs(card: Any) -> Iterator[Json]:
    for part in _parts(card):
        if str(part.get("type", "")).startswith("Input."):
            yield part


def _parts(card: Any) -> Iterator[Json]:
    """Every element of a card, fallbacks left out: a client of today shows none."""
    if isinstance(card, list):
        for each in card:
            yield from _parts(each)
    elif isinstance(card, dict):
        yield card
        for key, value in card.items():
            if key not in ("fallback", "data"):
                yield from _parts(value)
