"""User stories with acceptance criteria, made of what the document says and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.planning.acceptance import acceptance_of, as_sentence, uncapitalised
from agents.planning.grouping import Groupings, as_told, parts_of
from agents.planning.lexicon import lexicon
from agents.planning.reading.outline import Outline
from agents.planning.reading.titles import title_of
from agents.planning.requirements import MODAL, Asked
from agents.planning.terms import content_stems, overlap, weights
from integrations.tracker import Priority

_STORY = re.compile(
    r"\bAs an?\s+(?P<role>[^,.]{2,60}?),?\s+I\s+(?:want|need|would like|wish|can|must|should)(?:\s+to)?\s+"
    r"(?P<want>.+?)(?:,?\s*\b(?:so that|so I|in order to|because)\s+(?P<why>.+?))?\.?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_TO = re.compile(r"\bI\s+(?:want|need|would like|wish)\s+to\b", re.IGNORECASE)
_PURPOSE = re.compile(r",?\s*\b(?:so that|in order to)\s+(?P<why>[^.;]+)", re.IGNORECASE)
_ACTOR = re.compile(
    r"^(?:(?:only|all|any|every|each|an?|the|our)\s+)*(?P<who>(?:[a-z-]+\s){0,2}[a-z-]*?"
    r"(?:users?|customers?|admins?|people|person|staff|lead(?:er)?s?|[a-z]{3,}(?:ers?|ors?|[iy]sts?|ants?|ians?|yees?|agents?|clients?)))\s+"
    r"(?:can(?:not)?|must|should|shall|may|will|needs? to|wants? to|(?:is|are) able to|has to|have to)\b",
    re.IGNORECASE,
)
_THINGS = re.compile(
    r"\b(?:server|browser|parameter|header|container|folder|number|filter|computer|order|error)s?$", re.I
)
_ASKING = re.compile(
    r"\s+(?:(?:must|shall|should|will|can|may) (?:be able to )?|needs? to |"
    r"(?:is|are) (?:able|required|expected) to |"
    r"ha(?:s|ve) to |wants? to )",
    re.IGNORECASE,
)
_SAME = 0.8
"""Jaccard similarity of stems from which two requirements count as one."""
_CONCERNS = 0.5
"""Overlap from which a quality of the whole is a criterion of one story."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A story before anybody has estimated it. `line` is where its first requirement stands.

    `about` is the text by which it is compared with done stories; `called` a short name that the document
    gives; `after` are ids of requirements that it puts before this one, `notes` what stands beside it. What
    `forbids` is never one story with what asks for the same.
    """

    title: str
    as_a: str
    i_want: str
    so_that: str
    acceptance: tuple[str, ...]
    requirements: tuple[str, ...]
    line: int
    about: str
    priority: Priority
    quality: bool = False
    after: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    called: str = ""
    forbids: bool = False


def sketch_stories(
    asked: tuple[Asked, ...], outline: Outline, told: Groupings | None = None
) -> tuple[Sketch, ...]:
    """One story for each thing asked for: what is asked twice is one story, what asks for two things is two.

    A quality of the whole, or a constraint, becomes a criterion of the one story that it speaks of, or, with
    the others, of a story that proves them. What people say of a requirement's story (`told`) stands.
    """
    told = told or {}
    reader = _usual_reader(asked, outline)
    free = [a for a in asked if a.statement not in told]
    made = [_one(group, reader) for group in as_told([a for a in asked if a.statement in told], told)]
    parts = [part for a in free if not (a.quality or a.constraint) for part in parts_of(a)]
    functional = sorted((*_merged([_sketch(a, reader) for a in parts]), *made), key=lambda s: s.line)
    qualities = [a for a in free if a.quality or a.constraint]
    if not functional:
        return tuple(_merged([_sketch(a, reader) for a in qualities]))
    return _with_qualities(functional, qualities, reader)


def _one(group: Sequence[Asked], reader: str) -> Sketch:
    """One story of all of these; it is called and told as the first of them."""
    first, *others = (_sketch(a, reader) for a in group)
    for other in others:
        about = f"{first.about}. {other.about}"
        own = other.acceptance or (as_sentence(other.i_want),)
        first = replace(_both(first, replace(other, acceptance=own)), about=about)
    return first


def _with_qualities(stories: list[Sketch], qualities: list[Asked], reader: str) -> tuple[Sketch, ...]:
    about = [content_stems(s.about) for s in stories]
    weight = weights(about)
    left = []
    for quality in qualities:
        text = quality.requirement.text
        words = content_stems(text)
        scores = [overlap(words, stems, weight) if len(words & stems) > 1 else 0.0 for stems in about]
        best = max(range(len(stories)), key=lambda i: scores[i])
        if scores[best] >= _CONCERNS:
            found = stories[best]
            stories[best] = replace(
                found,
                acceptance=(*found.acceptance, as_sentence(text)),
                requirements=(*found.requirements, quality.requirement.id),
                after=(*found.after, *quality.after),
                notes=(*found.notes, *quality.notes),
            )
        else:
            left.append(quality)
    return (*stories, _proof(left, reader)) if left else tuple(stories)


def _proof(qualities: list[Asked], reader: str) -> Sketch:
    texts = tuple(as_sentence(a.requirement.text) for a in qualities)
    return Sketch(
        "Prove the quality requirements" + (" and constraints" if any(a.constraint for a in qualities) else ""),
        reader,
        "the quality requirements to be tested",
        "I can rely on them",
        texts,
        tuple(a.requirement.id for a in qualities),
        qualities[0].requirement.line,
        "Test the quality requirements. " + " ".join(texts),
        min((a.priority for a in qualities if a.priority), default=Priority.P2),
        quality=True,
        after=tuple(before for a in qualities for before in a.after),
        notes=tuple(note for a in qualities for note in a.notes),
    )


def _sketch(a: Asked, reader: str) -> Sketch:
    text = a.requirement.text.strip()
    role, want, why = _parts(text, reader)
    title = title_of(text, a.heading, forbids=a.forbids)
    about = ". ".join((title, text, *(detail for detail, _ in a.details)))
    return Sketch(
        title,
        role,
        want,
        why,
        acceptance_of(a),
        (a.requirement.id,),
        a.requirement.line,
        about,
        a.priority or Priority.P2,
        a.quality,
        a.after,
        a.notes,
        a.called,
        a.forbids,
    )


def _parts(text: str, reader: str) -> tuple[str, str, str]:
    """Who, what and why. What the sentence does not say about why stays empty."""
    flat = re.sub(r"\s+", " ", text).strip()
    if story := _STORY.search(flat):
        want = story["want"].strip(" ,.")
        want = f"to {want}" if _TO.search(flat) else want
        return story["role"].strip(), want, (story["why"] or "").strip(" .")
    purpose = _PURPOSE.search(flat)
    why = purpose["why"].strip() if purpose else ""
    plain = (_PURPOSE.sub("", flat) if purpose else flat).strip(" .")
    actor = _ACTOR.match(plain)
    if actor and not _THINGS.search(actor["who"]):
        who = _singular(actor["who"].lower())
        rest = plain[actor.end() :].strip()
        verb = plain[actor.end("who") : actor.end()].lower()
        refused = "not " if "not" in verb or rest.lower().startswith("not ") else ""
        rest = re.sub(r"^(?:not )?(?:be able to )?", "", rest)
        return who, f"{refused}to {rest}", why
    asking = _ASKING.search(plain)
    if asking and len(plain[: asking.start()].split()) <= 6 and "," not in plain[: asking.start()]:
        subject, rest = plain[: asking.start()], plain[asking.end() :]
        refused = "not " if rest.lower().startswith("not ") else ""
        return reader, f"{uncapitalised(subject)} {refused}to {rest.removeprefix('not ')}", why
    return reader, _plain_want(plain), why


def _plain_want(plain: str) -> str:
    """An imperative, a few words naming a thing, or a whole sentence that is to hold."""
    if plain.split(" ", 1)[0].lower() in lexicon().imperatives:
        return f"to {uncapitalised(plain)}"
    return uncapitalised(plain) if len(plain.split()) <= 6 else f"this to hold: {uncapitalised(plain)}"


def _merged(sketches: list[Sketch]) -> list[Sketch]:
    kept: list[tuple[Sketch, frozenset[str]]] = []
    for sketch in sketches:
        stems = content_stems(f"{sketch.i_want} {sketch.title}")
        for index, (other, others) in enumerate(kept):
            union = stems | others
            alike = union and len(stems & others) / len(union) >= _SAME and other.as_a == sketch.as_a
            alike = alike and other.forbids is sketch.forbids
            if alike and _figures(other.i_want) == _figures(sketch.i_want):
                kept[index] = (_both(other, sketch), others)
                break
        else:
            kept.append((sketch, stems))
    return [sketch for sketch, _ in kept]


def _both(one: Sketch, other: Sketch) -> Sketch:
    return replace(
        one,
        acceptance=tuple(dict.fromkeys((*one.acceptance, *other.acceptance))),
        requirements=(*one.requirements, *other.requirements),
        priority=min(one.priority, other.priority),
        after=(*one.after, *other.after),
        notes=(*one.notes, *other.notes),
    )


def _figures(text: str) -> list[str]:
    return re.findall(r"\d[\d.,]*", text)


def _usual_reader(asked: tuple[Asked, ...], outline: Outline) -> str:
    """Whom the document is mostly for: the commonest role of its stories, its first user, or `user`."""
    roles = [m["role"].strip() for a in asked if (m := _STORY.search(a.requirement.text))]
    if roles:
        return max(dict.fromkeys(roles), key=roles.count)
    for passage in outline.passages:
        named = re.search(r"\busers?\b|persona|audience", passage.section, re.IGNORECASE)
        if named and passage.kind == "item" and not MODAL.search(passage.text):
            name = re.split(r"[:(,.–—]| - | who ", passage.strong or passage.text)[0].strip()
            if 0 < len(name.split()) <= 4:
                return uncapitalised(_singular(name))
    return "user"


def _singular(role: str) -> str:
    return role if role.endswith(("ss", "us")) or role == "people" else re.sub(r"(?<=[a-z])s$", "", role)
