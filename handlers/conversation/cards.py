"""The one card model. Handlers say what to show; a renderer per platform says how.

All text here is plain: renderers escape it. What should stand out is said with `Bold`, `Code`,
`Link` and `Moment`, never with a platform's markup.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from governance.facts import Fact


@dataclass(frozen=True, slots=True)
class Bold:
    """Words that stand out."""

    text: str
    kind: Literal["bold"] = "bold"


@dataclass(frozen=True, slots=True)
class Code:
    """An id, a command, a path."""

    text: str
    kind: Literal["code"] = "code"


@dataclass(frozen=True, slots=True)
class Link:
    """A link into Countersign's own dashboard (a path) or, if absolute, to a vendor's page."""

    text: str
    target: str
    kind: Literal["link"] = "link"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, shown in the reader's own time zone."""

    at: datetime
    kind: Literal["moment"] = "moment"


Inline = str | Bold | Code | Link | Moment


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    parts: tuple[Inline, ...]
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Fields:
    """Short labelled values, two a row where the platform can."""

    pairs: tuple[tuple[str, str], ...]
    kind: Literal["fields"] = "fields"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; numbered when its items are to be chosen by number ("Execute 1 and 2")."""

    items: tuple[tuple[Inline, ...], ...]
    numbered: bool = False
    kind: Literal["bullets"] = "bullets"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings. `align` has one letter a column: l, r."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str = ""
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Progress:
    """Steps of long work with their state in words; edited in place as the work goes on."""

    steps: tuple[tuple[Literal["done", "doing", "waiting", "failed", "skipped"], str], ...]
    kind: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True)
class Chart:
    """A stored PNG (`file` is its id), with alt text and the same said in a sentence."""

    file: str
    alt: str
    summary: str
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True, slots=True)
class File:
    """A stored file (`file` is its id) to open or download."""

    file: str
    name: str
    description: str
    kind: Literal["file"] = "file"


@dataclass(frozen=True, slots=True)
class Small:
    """A line in small type: how it was worked out, when it expires, where it is recorded."""

    parts: tuple[Inline, ...]
    kind: Literal["small"] = "small"


@dataclass(frozen=True, slots=True)
class Quote:
    """Somebody's words, or a document's, set apart as such."""

    text: str
    source: str
    kind: Literal["quote"] = "quote"


@dataclass(frozen=True, slots=True)
class Input:
    """One field of a form. `options` are (value, label) for `choice` and `choices`."""

    name: str
    label: str
    type: Literal["line", "text", "number", "date", "choice", "choices"]
    value: str | tuple[str, ...] = ""
    options: tuple[tuple[str, str], ...] = ()
    required: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What a modal asks for. Its answers come back as the button's click, with values by input name."""

    title: str
    submit: str
    inputs: tuple[Input, ...]
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press.

    `verb` and `subject` (`approve`, an approval's id) say what a click means; they are stored when the
    card is posted, and `token`, an opaque id made then, is all that goes out. With a `form`, the press
    opens it and the submission is the click.
    """

    label: str
    verb: str
    subject: str
    style: Literal["primary", "danger", "plain"] = "plain"
    form: Form | None = None
    token: str = ""
    kind: Literal["button"] = "button"


@dataclass(frozen=True, slots=True)
class Buttons:
    """A row of buttons."""

    buttons: tuple[Button, ...]
    kind: Literal["buttons"] = "buttons"


@dataclass(frozen=True, slots=True)
class Rating:
    """Whether the answer was useful: two small buttons at its end, on platforms that have them."""

    useful: Button
    not_useful: Button
    kind: Literal["rating"] = "rating"


Tone = Literal["plain", "good", "warning", "bad", "waiting"]
Block = Text | Fields | Bullets | Table | Progress | Chart | File | Small | Quote | Buttons | Rating


@dataclass(frozen=True, slots=True)
class Card:
    """One thing shown: a title, what it is about, and what can be done.

    `tone` is never shown by colour alone: the title says the same in words.
    """

    title: str
    blocks: tuple[Block, ...] = ()
    tone: Tone = "plain"

    @property
    def is_under_way(self) -> bool:
        """Whether it shows nothing but the steps of work of which one is being done."""
        match self.blocks:
            case [Progress(steps=steps)]:
                return any(state == "doing" for state, _ in steps)
        return False


@dataclass(frozen=True, slots=True)
class Reply:
    """What is posted in answer to a turn or a notice.

    `text` says the same without the card (notifications, screen readers, the command line). A `key`
    names the message within its thread: a later reply with the same key edits it in place.
    `restricted` names why some readers of a department channel may not see it (revenue, audit entries,
    another customer): it then goes to a direct message, and the channel is told so. `aside` is the
    identity for whom alone this is, in a place that others read: a refused press concerns nobody else.
    `personal` is somebody's own digest: it is given directly, and the record says that it was given and
    not what it said.
    """

    text: str
    cards: tuple[Card, ...] = ()
    facts: tuple[Fact, ...] = ()
    key: str | None = None
    restricted: str | None = None
    aside: str | None = None
    personal: bool = False

    @property
    def is_under_way(self) -> bool:
        """Whether it is one card of work under way."""
        return len(self.cards) == 1 and self.cards[0].is_under_way


_WHY = Form("Not useful", "Send", (Input("comment", "What should be different?", "text", required=False),))


def with_rating(reply: Reply, turn: str) -> Reply:
    """The answer to `turn`, with the question at the end of its last card. Plain sentences stay plain, and
    nobody can tell yet of work under way."""
    if not reply.cards or reply.cards[-1].is_under_way:
        return reply
    rating = Rating(
        Button("Useful", "rate_useful", turn), Button("Not useful", "rate_not_useful", turn, form=_WHY)
    )
    *before, last = reply.cards
    return replace(reply, cards=(*before, replace(last, blocks=(*last.blocks, rating))))
