"""Requirements read from an outline: numbered, listed, tabled, user stories, or prose with modal verbs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agents.planning.draft import Requirement
from agents.planning.outline import Heading, Outline, Passage, sentences
from integrations.tracker import Priority

MOST_REQUIREMENTS = 400
"""More than these are not one feature; see TooManyRequirements."""

LONGEST = 400_000
"""Characters; a document of that length takes seconds to read, and no feature's PRD has them."""

_PREFIX = r"(?!PRD)(?:FR|NFR|REQ|RQ|BR|UC|US|SR|PR|UR|TR|QR|DR|CR|ST|F|R|S|N)"
_ID = _PREFIX + r"[-_ ]?(?:[A-Z]{1,6}[-_])?\d+(?:\.\d+)*[a-z]?"
_OWN_PREFIX = r"(?!PRD|UTF|SHA|ISO|TLS|AES|RFC|RSA|MD|IPV|HTTP|GDPR|WCAG|Q|P|V|H)[A-Z]{1,6}-\d+(?:\.\d+)*[a-z]?"
ID_ANYWHERE = re.compile(rf"\b(?:{_ID}|{_OWN_PREFIX})\b")
_AFTER_ID = r"\b\s*(?:\([^)]*\))?\s*[\]:.)–—-]*\s*"
_LEADING_ID = re.compile(rf"^\W*({_ID}|{_OWN_PREFIX}){_AFTER_ID}")
_NUMBERED = re.compile(r"^\W*(\d+(?:\.\d+)+)\.?\s+(?=\S)")
_USER_STORY = re.compile(
    r"\bAs an?\s+[^,.]{2,60}?,?\s+I\s+(?:want|need|can|must|should|would like|wish)\b", re.IGNORECASE
)
MODAL = re.compile(
    r"\b(?:must|shall|should|will|needs? to|ha(?:s|ve) to|can(?:not|'t)?|may|is able to|are able to|"
    r"is required to|are required to|ought to|is expected to)\b",
    re.IGNORECASE,
)
_STRONG_MODAL = re.compile(r"\b(?:must|shall|needs? to|has to|have to)\b", re.IGNORECASE)
_TEXT_COLUMNS = re.compile(
    r"requirement|description|story|feature|capability|behaviou?r|function|criterion", re.IGNORECASE
)
_ACCEPTANCE_COLUMNS = re.compile(r"accept|criteri|measure|target|test|verif|threshold", re.IGNORECASE)
_PRIORITY_WORDS: tuple[tuple[str, Priority], ...] = (
    (r"\bP0\b|\bcritical\b", Priority.P0),
    (r"\bP1\b|\bmust(?:[- ]have)?\b|\bhigh\b|\bmandatory\b", Priority.P1),
    (r"\bP2\b|\bshould(?:[- ]have)?\b|\bmedium\b", Priority.P2),
    (r"\bP3\b|\bcould(?:[- ]have)?\b|\bnice[- ]to[- ]have\b|\blow\b|\boptional\b", Priority.P3),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A requirement as found, with what stands around it.

    `heading` is a title that the document gives it; `details` are sub-items, later sentences and an
    acceptance column, as (text, line). `quality` marks qualities of the whole (performance, security).
    """

    requirement: Requirement
    heading: str
    details: tuple[tuple[str, int], ...]
    quality: bool
    priority: Priority | None


class UnplannableDocument(Exception):
    """This document cannot be planned from; the message is a sentence for people."""


class NothingAsked(UnplannableDocument):
    """The document is empty, or has headings and prose in which nothing is asked for."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"I found nothing to build in {name}: {why}.")


class TooManyRequirements(UnplannableDocument):
    """The document asks for more than MOST_REQUIREMENTS things."""

    def __init__(self, name: str, found: int) -> None:
        super().__init__(
            f"{name} holds {found:,} requirements; I plan features of up to {MOST_REQUIREMENTS}. Split it."
        )
        self.found = found


class TooLong(UnplannableDocument):
    """The document has more than LONGEST characters."""

    def __init__(self, name: str, length: int) -> None:
        super().__init__(f"{name} has {length:,} characters; I plan from up to {LONGEST:,}. Split it.")


def requirements(outline: Outline, ignored: frozenset[int] = frozenset()) -> tuple[Asked, ...]:
    """Everything that the document asks for, in its order. `ignored` passages (instructions) are left out."""
    return _Reader(outline, ignored).read()


class _Reader:
    def __init__(self, outline: Outline, ignored: frozenset[int]) -> None:
        self._outline = outline
        self._ignored = ignored
        self._meta_lines = {m.line for m in outline.meta}
        self._asked: list[Asked] = []
        self._of_passage: dict[int | None, int] = {}
        self._of_heading: dict[int, int] = {}

    def read(self) -> tuple[Asked, ...]:
        for index, passage in enumerate(self._outline.passages):
            if index not in self._ignored and passage.kind in ("paragraph", "item", "row"):
                self._see(index, passage)
        return tuple(self._asked)

    def _see(self, index: int, passage: Passage) -> None:
        if passage.role in ("out_of_scope", "questions", "metadata", "timeline") or self._is_meta(passage):
            return
        named = any(_LEADING_ID.match(f"{text} ") for text in _texts(passage))
        above = self._owning_heading(passage)
        if not named and passage.parent in self._of_passage:
            self._of_passage[index] = self._of_passage[passage.parent]
            self._detail(self._of_passage[index], passage)
        elif not named and above is not None:
            self._under_heading(above, passage)
        elif passage.kind == "row":
            self._row(passage)
        elif not self._is_introduction(index, passage):
            self._words(index, passage)

    def _is_meta(self, passage: Passage) -> bool:
        return any(passage.line <= line < passage.line + len(passage.lines) for line in self._meta_lines)

    def _is_introduction(self, index: int, passage: Passage) -> bool:
        following = self._outline.passages[index + 1 : index + 2]
        return (
            bool(following)
            and following[0].parent == index
            and not _LEADING_ID.match(passage.text)
            and (passage.text.rstrip().endswith(":") or passage.text.strip(" :") == passage.strong.strip(" :"))
        )

    def _owning_heading(self, passage: Passage) -> Heading | None:
        """The heading that names a requirement of its own (`### FR-3 Export`) and that this stands under."""
        if passage.role in ("acceptance", "goals"):
            return None
        return next((h for h in reversed(passage.sections) if h.level > 1 and _LEADING_ID.match(h.text)), None)

    def _under_heading(self, heading: Heading, passage: Passage) -> None:
        """The first sentence under such a heading is the requirement, the rest its details."""
        rest = list(sentences(passage, 0))
        if heading.line not in self._of_heading:
            match = _LEADING_ID.match(heading.text)
            title = heading.text[match.end() if match else 0 :].strip()
            text = rest.pop(0).text if passage.kind == "paragraph" and rest else title
            named = Requirement(match[1] if match else "", text, heading.line, heading.text)
            self._of_heading[heading.line] = self._add(named, passage, title)
        for sentence in rest:
            self._append(self._of_heading[heading.line], sentence.text, sentence.line)

    def _detail(self, owner: int, passage: Passage) -> None:
        for sentence in sentences(passage, 0):
            self._append(owner, sentence.text, sentence.line)

    def _append(self, owner: int, text: str, line: int) -> None:
        found = self._asked[owner]
        self._asked[owner] = replace(found, details=(*found.details, (text, line)))

    def _row(self, passage: Passage) -> None:
        text = next((cell for column, cell in passage.cells if _TEXT_COLUMNS.search(column) and cell), "")
        match = _LEADING_ID.match(f"{passage.cells[0][1]} ")
        asks = passage.role in ("requirements", "quality") or (passage.role == "other" and MODAL.search(text))
        if (not match and not asks) or (match and passage.role in ("goals", "dependencies", "acceptance")):
            return
        if not text and (match or MODAL.search(passage.text)):
            text = max((cell for _, cell in passage.cells), key=len)
        if len(text.split()) < 2:
            return
        details = tuple(
            (f"{column}: {cell}" if len(cell.split()) < 4 else cell, passage.line)
            for column, cell in passage.cells
            if _ACCEPTANCE_COLUMNS.search(column) and cell.strip(" -–—") and cell != text
        )
        rank = next((cell for column, cell in passage.cells if re.search("priorit|moscow", column, re.I)), "")
        title = next((cell for column, cell in passage.cells if re.search("title|name", column, re.I)), "")
        found = Requirement(match[1] if match else "", text, passage.line, passage.section)
        self._add(found, passage, title, details, rank)

    def _words(self, index: int, passage: Passage) -> None:
        """The first sentence that asks is the requirement, later ones its details, unless they start anew."""
        lead, name = _lead(passage)
        first: int | None = None
        for sentence in sentences(passage, index):
            text = sentence.text.removeprefix(lead).lstrip(" :.–—-") if first is None else sentence.text
            match = _LEADING_ID.match(text) or _NUMBERED.match(text)
            if not text:
                continue
            if first is not None and not match and not _USER_STORY.search(text):
                self._append(first, text, sentence.line)
            elif name or self._asks(text, passage):
                own = text[match.end() :] if match else text
                found = Requirement(match[1] if match else name, own, sentence.line, passage.section)
                first = self._add(found, passage, _LEADING_ID.sub("", lead).strip(" :.") if lead else "")
                name = ""
        if first is not None:
            self._of_passage[index] = first

    def _asks(self, text: str, passage: Passage) -> bool:
        if _USER_STORY.search(text) or (
            (_LEADING_ID.match(text) or _NUMBERED.match(text))
            and passage.role not in ("goals", "acceptance", "background")
        ):
            return True
        if passage.role in ("goals", "acceptance") or text.rstrip().endswith("?"):
            return False
        if passage.role in ("requirements", "quality"):
            return passage.kind == "item" or bool(MODAL.search(text))
        if passage.role in ("background", "dependencies"):
            return bool(_STRONG_MODAL.search(text))
        return bool(MODAL.search(text))

    def _add(
        self,
        requirement: Requirement,
        passage: Passage,
        heading: str,
        details: tuple[tuple[str, int], ...] = (),
        rank: str = "",
    ) -> int:
        number = len(self._asked) + 1
        named = replace(requirement, id=requirement.id or f"R{number}", text=requirement.text.strip())
        where = " ".join(h.text for h in passage.sections)
        quality = passage.role == "quality" and not named.id.upper().startswith(("FR", "US"))
        self._asked.append(Asked(named, heading, details, quality, _priority(rank, where, named.text)))
        return len(self._asked) - 1


def _lead(passage: Passage) -> tuple[str, str]:
    """The bold words before a passage's text, and the id in them; both empty if all or nothing is bold."""
    strong = passage.strong.strip()
    if not strong or passage.text.strip(" :.") == strong.strip(" :."):
        return "", ""
    match = _LEADING_ID.match(strong + " ")
    if strong[-1] in ".:" or match or passage.text[len(strong) :].lstrip()[:1] in (":", "–", "—", "-"):
        return strong, match[1] if match else ""
    return "", ""


def _texts(passage: Passage) -> tuple[str, ...]:
    return tuple(cell for _, cell in passage.cells) or (passage.text,)


def _priority(rank: str, where: str, text: str) -> Priority | None:
    """From the row's own column, a `(P1)` in the text, or headings such as "Must have"."""
    tags = " ".join(re.findall(r"[\[(]([^\])]{1,20})[\])]", text))
    heads = " ".join(re.findall(r"P[0-3]\b|(?:must|should|could|nice[- ]to)[- ]haves?", where, re.IGNORECASE))
    for written in (rank, tags, heads):
        for pattern, priority in _PRIORITY_WORDS:
            if written and re.search(pattern, written.replace("haves", "have"), re.IGNORECASE):
                return priority
    return None
