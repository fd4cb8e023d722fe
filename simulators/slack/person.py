"""Somebody at Slack: says things, presses buttons, fills in modals. Tests read like what they did."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.slack import events, filling, interactions, modals, reading, responding
from simulators.slack.delivery import Delivery
from simulators.slack.filling import Answer
from simulators.slack.modals import Submission
from simulators.slack.records import Channel, File, Json, Message, User, View
from simulators.slack.rendered import view_json
from simulators.slack.typing_in import as_blocks, as_stored

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack


class NothingToPress(AssertionError):
    """A button that nobody could press: it is not there, or not for them."""


@dataclass(frozen=True)
class Person:
    """One person in one workspace."""

    slack: FakeSlack
    user: User

    @property
    def id(self) -> str:
        """Their user id."""
        return self.user.id

    @property
    def dm(self) -> Channel:
        """Their direct conversation with the app."""
        state = self.slack.state
        installed = state.installation(self.user.team_id)
        assert installed is not None, f"the app is not installed where {self.user.handle} is"
        return state.dm(installed.bot_user, self.id)

    @property
    def view(self) -> View | None:
        """The modal before them."""
        return self.slack.state.modal(self.id)

    @property
    def home(self) -> View | None:
        """The app's home tab as they see it."""
        return self.slack.state.homes.get(self.id)

    # Saying things

    async def says(
        self,
        text: str,
        *,
        dm: bool = False,
        channel: str | None = None,
        thread: Message | str | None = None,
        files: tuple[tuple[str, bytes], ...] = (),
    ) -> Message:
        """Send a message, to the app (`dm`) or in a channel; `@bot`, `@name` and `#channel` become mentions."""
        assert dm != (channel is not None), "a message goes to the app or to a channel"
        where = self.dm if dm else self.slack.channel(channel or "")
        return await self._sends(text, where, _thread(thread), files)

    async def replies(
        self, message: Message, text: str, *, files: tuple[tuple[str, bytes], ...] = ()
    ) -> Message:
        """Answer in a message's thread."""
        where = self.slack.state.channels[message.channel]
        return await self._sends(text, where, _thread(message), files)

    async def _sends(
        self, text: str, where: Channel, thread: str | None, files: tuple[tuple[str, bytes], ...]
    ) -> Message:
        assert self.id in where.members, f"{self.user.handle} is not in #{where.name}"
        assert not self.user.deleted, f"{self.user.handle} is deactivated"
        stored = as_stored(self.slack, text, self.user)
        message = Message(
            ts=self.slack.state.tick(),
            channel=where.id,
            user=self.id,
            team_id=self.user.team_id,
            text=stored,
            blocks=as_blocks(text),
            thread_ts=thread,
        )
        message.files = [self._uploads(name, content, message).id for name, content in files]
        self.slack.state.add(message)
        await events.announce_message(self.slack, message)
        return message

    def _uploads(self, name: str, content: bytes, message: Message) -> File:
        state = self.slack.state
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = File(
            state.fresh_id("F"), self.user.team_id, name, content, self.id, name, kind, is_complete=True
        )
        state.files[file.id] = file
        file.shares.append((message.channel, message.ts))
        # The share refers to its message, which must be there first.
        state.messages[message.channel, message.ts] = message
        return file

    async def edits(self, message: Message, text: str) -> None:
        """Change a message of one's own."""
        message.edits.append((message.text, message.blocks))
        message.text, message.blocks = as_stored(self.slack, text, self.user), as_blocks(text)
        self.slack.state.changed()
        await events.announce_change(self.slack, message)

    async def deletes(self, message: Message) -> None:
        """Take a message of one's own away."""
        message.deleted = True
        self.slack.state.changed()
        await events.announce_change(self.slack, message)

    async def reacts(self, emoji: str, *, on: Message) -> None:
        """Add a reaction."""
        on.reactions.setdefault(emoji, []).append(self.id)
        self.slack.state.changed()
        item = {"type": "message", "channel": on.channel, "ts": on.ts}
        event = {"type": "reaction_added", "user": self.id, "reaction": emoji, "item": item}
        event |= {"item_user": on.user, "event_ts": self.slack.state.tick()}
        await events.announce(self.slack, self.user.team_id, event)

    async def runs(self, command: str, *, channel: str | None = None) -> Delivery:
        """Enter a slash command (`/eng status`), in a channel or in the conversation with the app."""
        where = self.slack.channel(channel) if channel else self.dm
        name, _, text = command.partition(" ")
        if self.slack.escapes_commands:
            text = as_stored(self.slack, text, self.user)
        form = interactions.command(self.slack, self.user, where, name, text)
        delivery = await self.slack.courier.bring("command", form)
        if delivery.is_taken and delivery.answer:
            answer = delivery.answer
            responding.show(
                self.slack, where.id, self.id, {"text": answer} if isinstance(answer, str) else answer
            )
        return delivery

    # Pressing things

    async def presses(
        self, label: str | None = None, *, on: Message | View, token: str | None = None
    ) -> Delivery:
        """Press a button by its label, or by its value or action id (`token`). Raises NothingToPress."""
        block, element = self._finds(label, token, on)
        return await self.acts(block, element, on=on, entered={})

    async def chooses(self, answer: Answer, *, on: Message | View, field: str) -> Delivery:
        """Choose in a menu, a date or a checkbox that stands in a message or tab; `field` is an action id,
        a block id or a placeholder."""
        for block, element in reading.fields(on.blocks):
            if field in (element.get("action_id"), block.get("block_id"), reading.label(element)):
                return await self.acts(block, element, on=on, entered=filling.filled(element, answer))
        raise NothingToPress(f"there is no field {field!r}")

    async def acts(self, block: Json, element: Json, *, on: Message | View, entered: Json) -> Delivery:
        """Use exactly this element; `entered` is its state afterwards, if it has one."""
        payload = interactions.pressed(self.slack, self.user, block, element, on, entered)
        return await self.slack.courier.bring("interaction", payload)

    def _finds(self, label: str | None, token: str | None, on: Message | View) -> tuple[Json, Json]:
        if isinstance(on, Message):
            channel = self.slack.state.channels[on.channel]
            if self.id not in channel.members or on.deleted or on.ephemeral_to not in (None, self.id):
                raise NothingToPress(f"{self.user.handle} does not see that message")
        found = [
            (block, element)
            for block, element in reading.pressable(on.blocks)
            if (label is not None and reading.label(element) == label)
            or (token is not None and token in (element.get("value"), element.get("action_id")))
        ]
        if len(found) != 1:
            raise NothingToPress(f"{len(found)} buttons {label or token!r}; there are {on.buttons}")
        return found[0]

    async def submits(self, view: View, answers: dict[str, Answer] | None = None) -> Submission:
        """Fill in a modal (by block id, action id or label) and send it. Raises NotFilledIn."""
        return await modals.submit(self.slack, self.user, view, answers or {})

    async def closes(self, view: View) -> None:
        """Close a modal without sending it."""
        await modals.close(self.slack, self.user, view)

    # Opening things

    async def opens_home(self) -> None:
        """Look at the app's home tab."""
        await self._opens("home")

    async def opens_messages(self) -> None:
        """Look at the app's messages tab."""
        await self._opens("messages")

    async def _opens(self, tab: str) -> None:
        event: Json = {"type": "app_home_opened", "user": self.id, "channel": self.dm.id, "tab": tab}
        event["event_ts"] = self.slack.state.tick()
        if tab == "home" and self.home is not None:
            event["view"] = view_json(self.slack.state, self.home)
        await events.announce(self.slack, self.user.team_id, event)

    async def uses_shortcut(self, callback_id: str, *, on: Message | None = None) -> Delivery:
        """A global shortcut, or (`on`) one of a message's menu."""
        if on is None:
            payload = interactions.shortcut(self.slack, self.user, callback_id)
        else:
            payload = interactions.message_shortcut(self.slack, self.user, callback_id, on)
        return await self.slack.courier.bring("interaction", payload)

    async def stops(self, message: Message) -> None:
        """Press the Stop button of a thread in which the app is at work."""
        thread = message.thread_ts or message.ts
        streams = [m for m in self.slack.thread(thread) if m.streaming]
        for stream in streams:
            stream.streaming = False
        event = {
            "type": "agent_session_stopped",
            "channel": message.channel,
            "thread_ts": thread,
            "user": self.id,
            "streaming_message_ts": [m.ts for m in streams],
            "event_ts": self.slack.state.tick(),
        }
        await events.announce(self.slack, self.user.team_id, event)


def _thread(message: Message | str | None) -> str | None:
    if message is None or isinstance(message, str):
        return message
    return message.thread_ts or message.ts
