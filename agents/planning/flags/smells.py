"""Requirement smells (ISO/IEC/IEEE 29148): what is left out, what is vague, what nobody is named for.

Left out are open points, owners, measures, acceptance, sections and what a reference leads to. Weak words
count in sentences that ask for something and give no figure for it; passives, where people's work has no doer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.planning.draft import Flag
from agents.planning.lexicon import WeakWords, lexicon
from agents.planning.quantities import measured, quantities
from agents.planning.reading.outline import Outline, Passage
from agents.planning.requirements import ID_ANYWHERE, Asked
from agents.planning.statements import Statement

_QUOTED = re.compile(r"[\"“”][^\"“”]{1,60}[\"“”]")
_SETTLED = re.compile(r"\b(?:settled|resolved|closed|answered|filled in|replaced)\b", re.IGNORECASE)
_EMPTY = re.compile(
    r"^[\s\-–—_.?*]*$|^(?:n/?a|none(?: yet)?|nobody|no one|unknown|tbd|tbc|\?+|open)$", re.IGNORECASE
)
_OWNER_COLUMN = re.compile(
    r"owner|responsible|assignee|accept|criteri|measure|target|metric|due|date|deadline|threshold", re.I
)
_CHANGE = re.compile(
    r"\b(?:increas|reduc|improv|grow|cut|rais|boost|decreas|minimi|maximi|lower|higher|better|more|fewer|less|faster|"
    r"shorten|speed up|strengthen|enhanc|optimi|drive|lift|double|halve)\w*",
    re.IGNORECASE,
)
_UNMEASURED_QUALITY = re.compile(
    r"\b(?:(?:handle|support|sustain|cope with|withstand|survive|scale)\w*\b[^.]{0,60}\b(?:load|traffic|users|"
    r"volumes?|peaks?|growth|demand|requests|spikes?|customers)|response times?|latency|throughput|uptime|"
    r"availability|recover(?:y|s|ed)?\b|back(?:ed)?[ -]?ups?\b|retain(?:ed|s)?\b|retention|"
    r"(?:kept|stored) (?:for|until)|time[ds]? ?out|expires?\b|rate[- ]limit\w*|load times?|page load)\b",
    re.IGNORECASE,
)
_SEE = re.compile(
    r"\b(?:see|per|in|as (?:described|defined|specified|listed|shown) in|refer to|according to)\s+(?:the )?"
    r"(?P<what>section|appendix|annex|chapter|figure|table)\s+(?P<which>[A-Z0-9][\w.]*)",
    re.IGNORECASE,
)
_ACCEPTING = re.compile(
    r"^\W*(?:acceptance|ac\b|accept|criteri|verif|test|done when|given\b|measure)", re.IGNORECASE
)


def gaps(outline: Outline, statements: tuple[Statement, ...], asked: tuple[Asked, ...]) -> Iterator[Flag]:
    """All of the kind `missing`."""
    yield from _open_points(outline)
    yield from _questions(statements)
    yield from _owners(outline)
    yield from _empty_sections(outline)
    yield from _empty_cells(outline)
    yield from _goals_without_measure(outline, statements)
    yield from _qualities_without_measure(outline, statements)
    yield from _without_acceptance(outline, asked)
    yield from _dead_references(outline, statements, asked)


def _missing(quote: str, line: int, why: str, suggestion: str) -> Flag:
    return Flag("missing", quote.strip()[:300], line, why, suggestion)


def _open_points(outline: Outline) -> Iterator[Flag]:
    for passage in outline.passages:
        for offset, text in enumerate(passage.lines):
            open_point = lexicon().open_points.search(_QUOTED.sub("", text)) or re.search(r"\?{2,}", text)
            if (match := open_point) and not _SETTLED.search(text):
                yield _missing(
                    text,
                    passage.line + offset,
                    f"“{match[0]}”: not decided yet",
                    "Decide it, or say who will and by when.",
                )
    for heading in outline.headings:
        if lexicon().open_points.search(heading.text):
            yield _missing(
                heading.text, heading.line, "the section is not written yet", "Write it, or remove it."
            )


def _questions(statements: tuple[Statement, ...]) -> Iterator[Flag]:
    for statement in statements:
        if statement.text.endswith("?") and statement.role in (
            "requirements",
            "quality",
            "goals",
            "acceptance",
        ):
            yield _missing(
                statement.text, statement.line, "a question stands where an answer is needed", "Answer it."
            )


def _owners(outline: Outline) -> Iterator[Flag]:
    for meta in outline.meta:
        if "owner" in meta.key and _EMPTY.match(meta.value):
            yield _missing(
                f"{meta.key}: {meta.value}", meta.line, "nobody owns it", "Name a person who decides."
            )


def _empty_sections(outline: Outline) -> Iterator[Flag]:
    filled = {h.line for p in outline.passages if p.kind != "html" for h in p.sections[-1:]}
    for heading, following in zip(outline.headings, (*outline.headings[1:], None), strict=False):
        parent = following is not None and following.level > heading.level
        if heading.line not in filled and not parent and heading.level < 7:
            yield _missing(heading.text, heading.line, "the section is empty", "Write it, or remove it.")


def _empty_cells(outline: Outline) -> Iterator[Flag]:
    for passage in outline.passages:
        for column, cell in passage.cells:
            if _OWNER_COLUMN.search(column) and _EMPTY.match(cell):
                yield _missing(
                    passage.text,
                    passage.line,
                    f"no {column.lower()} is given",
                    f"Fill in the {column.lower()}.",
                )
                break
            if passage.role == "goals" and re.search("target", column, re.I) and not re.search(r"\d", cell):
                yield _missing(
                    passage.text, passage.line, "a target without a figure", "Say from how much to how much."
                )
                break


def _goals_without_measure(outline: Outline, statements: tuple[Statement, ...]) -> Iterator[Flag]:
    for statement in statements:
        whole = outline.passages[statement.passage]
        figures = measured(statement.text) or (whole.kind == "row" and re.search(r"\d", whole.text))
        if statement.role == "goals" and _CHANGE.search(statement.text) and not figures:
            yield _missing(
                statement.text,
                statement.line,
                "a goal without a measure",
                "Say from how much to how much, by when.",
            )


def _qualities_without_measure(outline: Outline, statements: tuple[Statement, ...]) -> Iterator[Flag]:
    for statement in statements:
        below = " ".join(p.text for p in outline.passages if p.parent == statement.passage)
        whole = outline.passages[statement.passage].text
        if (
            statement.binding
            and statement.role in ("requirements", "quality")
            and (match := _UNMEASURED_QUALITY.search(statement.text))
            and not measured(f"{whole} {below}")
        ):
            yield _missing(
                statement.text,
                statement.line,
                f"“{match[0]}” without a figure",
                "Give the figure and how it is measured.",
            )


def _without_acceptance(outline: Outline, asked: tuple[Asked, ...]) -> Iterator[Flag]:
    """Where most requirements of a document say how they are accepted, those that do not stand out."""
    elsewhere = {
        m[0].upper() for p in outline.passages if p.role == "acceptance" for m in ID_ANYWHERE.finditer(p.text)
    }
    own = [a for a in asked if not re.fullmatch(r"R\d+", a.requirement.id) and not a.quality]
    accepted = [
        a
        for a in own
        if a.requirement.id.upper() in elsewhere or any(_ACCEPTING.match(text) for text, _ in a.details)
    ]
    if len(accepted) >= 2 and len(accepted) >= 0.6 * len(own):
        for a in own:
            if a not in accepted and not measured(a.requirement.text):
                line = a.requirement.line
                yield _missing(
                    a.requirement.text, line, "it alone has no acceptance criteria", "Say how it is accepted."
                )


def _dead_references(
    outline: Outline, statements: tuple[Statement, ...], asked: tuple[Asked, ...]
) -> Iterator[Flag]:
    known = {a.requirement.id.upper() for a in asked} | {
        m[0].upper() for p in outline.passages for m in [ID_ANYWHERE.match(p.text.lstrip("*[( "))] if m
    }
    prefixes = {re.sub(r"[\d.]+[a-z]?$", "", name) for name in known if not re.fullmatch(r"R\d+", name)}
    known |= {m[0].upper() for h in outline.headings for m in ID_ANYWHERE.finditer(h.text)}
    known |= {
        m[0].upper() for p in outline.passages for _, cell in p.cells[:1] for m in ID_ANYWHERE.finditer(cell)
    }
    for statement in statements:
        for match in ID_ANYWHERE.finditer(statement.text):
            name = match[0].upper()
            if name not in known and re.sub(r"[\d.]+[A-Z]?$", "", name) in prefixes:
                yield _missing(
                    statement.text, statement.line, f"{match[0]} does not exist", "Correct the reference."
                )
        if (see := _SEE.search(statement.text)) and not _has_section(
            outline, see["what"], see["which"].rstrip(".")
        ):
            quote = f"{see['what']} {see['which']}"
            yield _missing(
                statement.text, statement.line, f"there is no {quote}", "Add it, or correct the reference."
            )


def _has_section(outline: Outline, what: str, which: str) -> bool:
    named = rf"\b{what}\s+{re.escape(which)}\b"
    numbered = rf"^\W*{re.escape(which)}[.:) ]"
    places = [h.text for h in outline.headings] + [p.text for p in outline.passages if _captions(p)]
    return any(
        re.search(named, place, re.IGNORECASE)
        or (what.lower() in ("section", "chapter") and re.search(numbered, place))
        for place in places
    )


def _captions(passage: Passage) -> bool:
    return passage.kind == "paragraph" and bool(re.match(r"\W*(?:figure|table)\b", passage.text, re.IGNORECASE))


_COMPARED = re.compile(
    r"\b(?:how|as|so|too) (?:many|few|often|fast|much|quickly|long|large|frequently|recently|"
    r"soon(?! as possible))\b",
    re.IGNORECASE,
)
_PURPOSE = re.compile(r",? (?:so that|in order to|because)\b[^.;]*", re.IGNORECASE)


def wording(outline: Outline, statements: tuple[Statement, ...]) -> Iterator[Flag]:
    """One flag a sentence, for the worst of its weak words, naming all. Purposes (so that …) may be vague."""
    for statement in statements:
        if not statement.binding:
            continue
        beside = {q.dimension.partition(":")[0] for q in quantities(_with_details(outline, statement))}
        found = [
            (group, match[0])
            for group in lexicon().weak
            for match in group.pattern.finditer(_plain(statement.text))
            if not group.excused_by & beside and not _defined_elsewhere(statement.text, match[0])
        ]
        if found:
            yield _flag(statement, found)


def _plain(text: str) -> str:
    """Without purposes, quoted names, and words that compare or ask (`how many`, `as soon as`)."""
    return _COMPARED.sub("", _QUOTED.sub("", _PURPOSE.sub("", text)))


def _flag(statement: Statement, found: list[tuple[WeakWords, str]]) -> Flag:
    worst = next((f for f in found if f[0].kind == "untestable"), found[0])[0]
    words = ", ".join(dict.fromkeys(f"“{word}”" for _, word in found))
    return Flag(worst.kind, statement.text[:300], statement.line, f"{words} {worst.why}", worst.suggestion)


def _with_details(outline: Outline, statement: Statement) -> str:
    """The sentence with the rest of its passage and the items under it, where its figures may stand."""
    below = (p.text for p in outline.passages[statement.passage + 1 :][:12] if p.parent == statement.passage)
    here = outline.passages[statement.passage]
    rest = here.text if here.kind == "item" else statement.text
    return ". ".join((rest, *below))


def _defined_elsewhere(text: str, word: str) -> bool:
    """`fast (see NFR-1)`: another requirement says how fast."""
    after = text[text.find(word) + len(word) :]
    return bool(ID_ANYWHERE.search(after[:60])) and bool("see" in after[:40].lower() or "(" in after[:5])


_DOER = re.compile(
    r"\bby (?:the |an? |our |their |its |each |every )?[a-z]|\bautomatic|\bsystem\b", re.IGNORECASE
)


def passives(statements: tuple[Statement, ...]) -> Iterator[Flag]:
    """One flag a sentence that asks for such work."""
    for statement in statements:
        match = lexicon().nobodys_work.search(statement.text)
        if statement.binding and match and not _DOER.search(statement.text, match.end()):
            yield Flag(
                "missing",
                statement.text[:300],
                statement.line,
                f"“{match[0]}” by whom is not said",
                "Name the role that does it, and by when.",
            )
