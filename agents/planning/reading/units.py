"""What a document says, one statement at a time: sentences, items, rows, scenarios."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agents.planning.reading.ids import Ids, ids_of
from agents.planning.reading.outline import Outline, Passage, sentences

_BOX = re.compile(r"^\s*\[(?P<done>[ xX✓-])\]\s*")
_LABEL = re.compile(r"^(?P<label>[A-Z]{4,})(?: \((?P<who>[^)]*)\))?[:\s]\s*(?=\S)")
_SPEAKER = re.compile(r"^(?P<who>(?:[a-z][\w'’-]*|[A-Z][\w'’-]*)(?: [\w'’-]+){0,3}):\s+(?=\S)")
_MARKS = re.compile(r"\s*\((?:!|\?|tbd|tbc)\)")
_TEXT_COLUMN = re.compile(
    r"requirement|description|\bstory\b|feature|capabilit|behaviou?r|function|\bwhat\b|"
    r"statement|\bneed\b(?!s)|rule|"
    r"anforderung|requisito|exigence|…$|\.\.\.$|shall|must\b(?! have)|wish|text|item",
    re.IGNORECASE,
)
_ID_COLUMN = re.compile(r"^(?:#|id|nr\.?|no\.?|number|ref\.?|key|code)$", re.IGNORECASE)
_SCOPE_COLUMN = re.compile(
    r"^\W*(?:now|next|later|never|must|should|could|won['’]?t|in|out|in scope|out of "
    r"scope|mvp|v\d|phase|release|soon|parked)\b",
    re.I,
)
"""A table whose every column is called so is a list a column."""
_TITLE_COLUMN = re.compile(r"^(?:title|name|short name|headline)$", re.IGNORECASE)
_GHERKIN = re.compile(
    r"^\s*(?:Feature|Rule|Background|Scenario(?: Outline)?|Example|Given|When|Then|And|But|Examples)\b:?", re.I
)
_GHERKIN_BLOCK = re.compile(r"^\s*(?:Feature|Rule|Scenario(?: Outline)?|Example):", re.IGNORECASE)
_STEP = re.compile(r"^\s*(?:given|when|then|and|but)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unit:
    """One statement. `text` is what it says, without id, box, label and speaker; `quote` as it stands.

    `number` counts the statements of its passage from 0; `column` names a row's column; `label` is a word in
    capitals before it (`DECISION`), `speaker` who says it. `lead` are bold words before it. `owner` is the unit
    that it stands under (an item's item, a scenario's story), or None.
    """

    passage: int
    number: int
    of: int
    text: str
    quote: str
    line: int
    id: str = ""
    lead: str = ""
    column: str = ""
    label: str = ""
    speaker: str = ""
    done: bool = False
    code: bool = False
    owner: int | None = None


def document_ids(outline: Outline) -> Ids:
    """The ids that this document gives."""
    beginnings = [p.text for p in outline.passages if p.kind not in ("row", "code", "html")]
    beginnings += [cell for p in outline.passages for _, cell in p.cells[:2]]
    beginnings += [
        sentence.text for p in outline.passages if p.kind == "paragraph" for sentence in sentences(p, 0)
    ]
    beginnings += [heading.text for heading in outline.headings]
    return ids_of(beginnings)


def units(outline: Outline, ids: Ids) -> tuple[Unit, ...]:
    """Every statement, in order. Passages that nobody sees (comments) have none."""
    found: list[Unit] = []
    first_of: dict[int, int] = {}
    first_under: dict[str, int] = {}
    texts = _text_columns(outline.passages)
    for index, passage in enumerate(outline.passages):
        owner = first_of.get(passage.parent) if passage.parent is not None else None
        own = tuple(_of_passage(passage, index, ids, texts.get(index, -1)))
        if not own:
            continue
        named = ids.lettered(passage.sections[-1].text) if passage.sections and not passage.cells else ""
        if named and named not in first_under and not own[0].code:
            first_under[named] = len(found)
            own = (replace(own[0], id=own[0].id or named, line=passage.sections[-1].line), *own[1:])
        elif named and owner is None and not own[0].id:
            owner = first_under.get(named)
        first_of[index] = len(found)
        found += (replace(unit, owner=owner) for unit in own)
    return tuple(found)


def _of_passage(passage: Passage, index: int, ids: Ids, text_column: int) -> Iterator[Unit]:
    if passage.kind == "html":
        return
    if passage.kind == "row":
        yield from _row(passage, index, ids, text_column)
    elif passage.kind == "code":
        yield from _scenarios(passage, index)
    else:
        yield from _spoken(passage, index, ids)


def _spoken(passage: Passage, index: int, ids: Ids) -> Iterator[Unit]:
    lead = _lead(passage)
    said = list(sentences(_without(passage, lead), index))
    for number, sentence in enumerate(said):
        quote = f"{lead} {sentence.text}" if lead and number == 0 else sentence.text
        unit = Unit(index, number, len(said), sentence.text, quote, sentence.line)
        yield _plain(replace(unit, lead=lead) if number == 0 else unit, ids)


def _without(passage: Passage, lead: str) -> Passage:
    """The passage without the bold words before its text; a lead of nothing but an id is part of the text."""
    if not lead or not passage.lines:
        return passage
    first = passage.lines[0]
    at = first.find(lead)
    if at < 0:
        return passage
    rest = first[:at] + first[at + len(lead) :].lstrip(" :.–—-")
    return replace(passage, lines=(rest, *passage.lines[1:]), strong="")


def _plain(unit: Unit, ids: Ids) -> Unit:
    """Without box, id, label, speaker and marks. An id may stand in the lead."""
    text = unit.text
    box = _BOX.match(text)
    text = text[box.end() :] if box else text
    in_lead, lead = ids.leading(unit.lead)
    own, text = ids.leading(text)
    label = _LABEL.match(text)
    text = text[label.end() :] if label else text
    speaker = None if label or lead else _SPEAKER.match(text)
    return replace(
        unit,
        text=_MARKS.sub("", text).strip(),
        id=in_lead or own or unit.id,
        lead=lead.strip(" :.–—-"),
        label=label["label"] if label else "",
        speaker=speaker["who"] if speaker is not None and speaker["who"][0].isupper() else "",
        done=bool(box and box["done"] in "xX✓"),
    )


def _lead(passage: Passage) -> str:
    """The bold words before a passage's text; empty if all or nothing is bold, or if it is a story's `As a`."""
    strong = passage.strong.strip()
    if not strong or passage.text.strip(" :.") == strong.strip(" :.") or re.match(r"as an?\b", strong, re.I):
        return ""
    after = passage.text[len(strong) :].lstrip()[:1]
    return strong if strong[-1] in ".:" or after in (":", "–", "—", "-") or re.search(r"\d", strong) else ""


def _text_columns(passages: Sequence[Passage]) -> dict[int, int]:
    """Passage number of each row to the column that says what is asked for: by its name, or the wordiest."""
    found: dict[int, int] = {}
    table: list[int] = []
    for index, passage in enumerate((*passages, None)):
        same = (
            passage is not None
            and passage.kind == "row"
            and (not table or [c for c, _ in passage.cells] == [c for c, _ in passages[table[-1]].cells])
        )
        if not same and table:
            column = _text_column([passages[i] for i in table])
            found |= dict.fromkeys(table, column)
            table = []
        if passage is not None and passage.kind == "row":
            table.append(index)
    return found


def _text_column(rows: Sequence[Passage]) -> int:
    names = [name for name, _ in rows[0].cells]
    named = [i for i, name in enumerate(names) if _TEXT_COLUMN.search(name) and not _ID_COLUMN.match(name)]
    width = [sum(len(row.cells[i][1].split()) for row in rows if i < len(row.cells)) for i in range(len(names))]
    if named:
        return max(named, key=lambda i: width[i])
    return max(range(len(names)), key=lambda i: width[i])


def is_list_a_column(passage: Passage) -> bool:
    """Whether a row is of a table whose columns are lists beside each other (`Now | Next | Later`)."""
    return bool(passage.cells) and all(_SCOPE_COLUMN.match(name) for name, _ in passage.cells)


def _row(passage: Passage, index: int, ids: Ids, column: int) -> Iterator[Unit]:
    if is_list_a_column(passage):
        filled = [(name, cell) for name, cell in passage.cells if cell]
        for number, (name, cell) in enumerate(filled):
            yield replace(_plain(Unit(index, number, 1, cell, cell, passage.line), ids), column=name)
        return
    if not 0 <= column < len(passage.cells):
        return
    own = next((cell for name, cell in passage.cells if _ID_COLUMN.match(name)), "")
    own = ids.leading(own)[0] or ids.leading(passage.cells[0][1])[0] or own
    name, text = passage.cells[column]
    title = next((cell for head, cell in passage.cells if _TITLE_COLUMN.match(head)), "")
    if not text:
        text = title or max((cell for _, cell in passage.cells), key=len)
    unit = _plain(Unit(index, 0, 1, text, text, passage.line, lead=title, column=name), ids)
    lead = title if title != text else ""
    yield replace(unit, id=unit.id or own.strip("[]/()"), text=unit.text or text, lead=lead)


def _scenarios(passage: Passage, index: int) -> Iterator[Unit]:
    """Gherkin as one statement a scenario or rule; any other code as one statement."""
    blocks: list[tuple[int, list[str]]] = []
    for offset, written in enumerate(passage.lines):
        if _GHERKIN_BLOCK.match(written) or not blocks:
            blocks.append((passage.line + offset, []))
        if written.strip():
            blocks[-1][1].append(written.strip())
    is_gherkin = any(_GHERKIN.match(line) for line in passage.lines)
    for number, (line, lines) in enumerate(block for block in blocks if block[1]):
        lead = ""
        if is_gherkin and _GHERKIN_BLOCK.match(lines[0]):
            lead = lines[0].partition(":")[2].strip()
            rest = lines[1:]
        else:
            rest = lines
        quote = " ".join(rest or lines)
        yield Unit(
            index, number, len(blocks), quote, quote, line, lead=lead, code=True,
            label=lines[0].partition(":")[0].upper() if is_gherkin else "CODE",
        )  # fmt: skip


def is_step(text: str) -> bool:
    """Whether a text is a step of a scenario (`Given …`, `When …`)."""
    return _STEP.match(text) is not None
