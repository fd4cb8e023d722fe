"""Our words in Jira's labels: what Jira has no field for stands where people see it, change it and search it.

A team is `team:alpha`, a customer `customer:acme-corp`, and so on; every other label is the story's own. A
label has no spaces, so that those (and `%`) are written as in addresses: `product:point%20of%20sale`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from integrations.tracker import UnacceptableText

LONGEST = 255
"""Characters of a label, as Jira counts them (UTF-16)."""

_UNFIT = re.compile(r"[\s%\x00-\x1f\x7f-\x9f]")
_WRITTEN = re.compile(r"(?:%[0-9A-F]{2})+")


def written(text: str) -> str:
    """The text as a label. Raises UnacceptableText for one that Jira cannot keep exactly."""
    try:
        label = _UNFIT.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)
        length = len(label.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise UnacceptableText("The text holds half a character, which Jira cannot keep.") from None
    if "\x00" in text:
        raise UnacceptableText("The text holds a NUL character, which Jira cannot keep.")
    if not label or length > LONGEST:
        raise UnacceptableText(f"A label in Jira has 1 to {LONGEST} characters, and this has {length}.")
    return label


def told(label: str) -> str:
    """What a label says."""
    return _WRITTEN.sub(lambda found: unquote(found[0]), label)


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of thing that labels name, by what they begin with."""

    prefix: str

    def label(self, value: str) -> str:
        """Raises UnacceptableText."""
        return f"{self.prefix}{written(value)}" if len(value) <= LONGEST else written(value)

    def all(self, labels: Iterable[str]) -> tuple[str, ...]:
        """What labels of this kind say, in their order."""
        return tuple(told(one.removeprefix(self.prefix)) for one in labels if one.startswith(self.prefix))

    def first(self, labels: Iterable[str]) -> str | None:
        """What the first of them says."""
        return next(iter(self.all(labels)), None)


TEAM = Noun("team:")
PRODUCT = Noun("product:")
DISCIPLINE = Noun("discipline:")
CUSTOMER = Noun("customer:")
DOCUMENT = Noun("document:")
AGENT = Noun("agent:")
"""Who works on a story without an account in Jira."""
ORIGIN = Noun("defect-of:")
STAGE = Noun("defect-came-in:")
FOUND = Noun("defect-found-in:")

_OURS = tuple(
    one.prefix for one in (TEAM, PRODUCT, DISCIPLINE, CUSTOMER, DOCUMENT, AGENT, ORIGIN, STAGE, FOUND)
)


def own(labels: Iterable[str]) -> tuple[str, ...]:
    """The labels that are the story's own."""
    return tuple(told(one) for one in labels if not one.startswith(_OURS))


def demand_own(labels: Sequence[str]) -> None:
    """Raises UnacceptableText for a label that would be read as one of ours."""
    for one in labels:
        if one.startswith(_OURS):
            raise UnacceptableText(f"A label that begins with “{one.split(':')[0]}:” has a meaning of its own.")
