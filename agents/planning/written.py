"""What a model writes for a plan: words, and which requirement they are about. Figures are not its business."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.planning.citations import Citations
from agents.planning.document_reading import Reading
from agents.planning.draft import Flag
from agents.planning.grouping import Groupings
from agents.planning.stories import Sketch
from integrations.tracker import Priority

_Line = Field(min_length=1, max_length=400)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WrittenStory(_Answer):
    """One user story. `requirements` are ids of the requirements that it fulfils."""

    title: str = Field(min_length=1, max_length=100)
    as_a: str = Field(min_length=1, max_length=80)
    i_want: str = _Line
    so_that: str = Field(default="", max_length=400)
    acceptance: list[str] = Field(min_length=1, max_length=20)
    requirements: list[str] = Field(min_length=1)


class WrittenFlag(_Answer):
    """Something that a person should settle; `quote` stands in the document word for word."""

    kind: Literal["vague", "contradictory", "untestable", "missing", "instruction"]
    quote: str = _Line
    why: str = _Line
    suggestion: str = Field(max_length=400)


class WrittenStories(_Answer):
    """What the product owner hands in."""

    stories: list[WrittenStory] = Field(min_length=1, max_length=200)
    flags: list[WrittenFlag] = Field(default_factory=list, max_length=100)


class StoryPriority(_Answer):
    """How important a story is."""

    story: str
    priority: Priority
    why: str = _Line


class StoryOrder(_Answer):
    """Story `story` comes after story `after`."""

    story: str
    after: str
    why: str = _Line


class Ordering(_Answer):
    """What the project manager hands in; both lists may be empty."""

    priorities: list[StoryPriority] = Field(default_factory=list, max_length=400)
    order: list[StoryOrder] = Field(default_factory=list, max_length=800)


def story_problems(
    answer: WrittenStories, reading: Reading, cited: Citations, told: Groupings | None = None
) -> list[str]:
    """What is wrong with the stories: requirements unknown or left out, figures of the model's own, and
    stories that are not what people said is one story (`told`)."""
    known = {r.id for r in reading.requirements}
    covered = {name for story in answer.stories for name in story.requirements}
    unknown = [f"There is no requirement {name}." for name in sorted(covered - known)]
    left = [f"No story is about requirement {r.id}." for r in reading.requirements if r.id not in covered]
    said = told_of_stories(reading, told or {})
    otherwise = [f"People said otherwise: {each.words}" for each in said if not each.holds(answer)]
    return [*unknown, *left, *otherwise, *cited.problems(_texts(answer))]


@dataclass(frozen=True, slots=True)
class ToldOfStories:
    """What people said of the stories of these requirements: that they are one story, or `cut`, several."""

    requirements: tuple[str, ...]
    cut: bool

    @property
    def words(self) -> str:
        """As a sentence."""
        names = ", ".join(self.requirements)
        return (
            f"{names}: more than one story." if self.cut else f"{names}: exactly one story, with nothing else."
        )

    def holds(self, answer: WrittenStories) -> bool:
        """Whether the stories are as was said."""
        if self.cut:
            return sum(self.requirements[0] in story.requirements for story in answer.stories) > 1
        return sum(set(story.requirements) == set(self.requirements) for story in answer.stories) == 1


def told_of_stories(reading: Reading, told: Groupings) -> tuple[ToldOfStories, ...]:
    """What people said of this document's stories, by the ids of its requirements."""
    groups: dict[str, list[str]] = {}
    cut = []
    for read in reading.readings:
        said = told.get(read.statement) if read.requirement else None
        if said is not None and said.cut:
            cut.append(ToldOfStories((read.requirement,), True))
        elif said is not None:
            groups.setdefault(said.story, []).append(read.requirement)
    return (*(ToldOfStories(tuple(names), False) for names in groups.values()), *cut)


def _texts(answer: WrittenStories) -> Iterator[str]:
    for story in answer.stories:
        yield from (story.title, story.as_a, story.i_want, story.so_that, *story.acceptance)
    for flag in answer.flags:
        yield from (flag.why, flag.suggestion)


def ordering_problems(answer: Ordering, keys: frozenset[str], cited: Citations) -> list[str]:
    """What is wrong with an ordering: stories that are not there, figures of the model's own."""
    named = [p.story for p in answer.priorities] + [key for o in answer.order for key in (o.story, o.after)]
    unknown = [f"There is no story {key}." for key in dict.fromkeys(named) if key not in keys]
    whys = [p.why for p in answer.priorities] + [o.why for o in answer.order]
    plain = [re.sub(rf"\b(?:{'|'.join(sorted(keys, key=len, reverse=True))})\b", "", why) for why in whys]
    return [*unknown, *cited.problems(plain)]


def reading_of(answer: WrittenStories, reading: Reading, text: str, cited: Citations) -> Reading:
    """The document's reading with the model's stories and, beside those found by rule, its flags."""
    sketches = tuple(
        (f"S{number}", _sketch(story, reading, cited)) for number, story in enumerate(answer.stories, 1)
    )
    lines = {flag.line for flag in reading.flags}
    found = (_flag(flag, text, cited) for flag in answer.flags)
    more = {flag.line: flag for flag in found if flag is not None and flag.line not in lines}
    flags = tuple(sorted((*reading.flags, *more.values()), key=lambda flag: flag.line))
    return Reading(reading.outline, reading.requirements, flags, sketches, reading.readings)


def _sketch(story: WrittenStory, reading: Reading, cited: Citations) -> Sketch:
    by_rule = {name: sketch for _, sketch in reading.sketches for name in sketch.requirements}
    origins = [by_rule[name] for name in story.requirements if name in by_rule]
    asked = {r.id: r for r in reading.requirements}
    fill = cited.fill
    acceptance = tuple(fill(criterion) for criterion in story.acceptance)
    about = ". ".join((fill(story.title), fill(story.i_want), *acceptance))
    return Sketch(
        title=fill(story.title),
        as_a=fill(story.as_a),
        i_want=fill(story.i_want),
        so_that=fill(story.so_that),
        acceptance=acceptance,
        requirements=tuple(dict.fromkeys(story.requirements)),
        line=min(asked[name].line for name in story.requirements),
        about=" ".join((about, *(asked[name].text for name in story.requirements))),
        priority=min((sketch.priority for sketch in origins), default=Priority.P2),
        quality=bool(origins) and all(sketch.quality for sketch in origins),
    )


def _flag(flag: WrittenFlag, text: str, cited: Citations) -> Flag | None:
    """The flag at the line on which its quote begins; None if the document does not say that."""
    words = [re.escape(word) for word in cited.fill(flag.quote).split()]
    place = re.search(r"\s+".join(words), text) if words else None
    if place is None:
        return None
    line = text.count("\n", 0, place.start()) + 1
    return Flag(flag.kind, place[0], line, cited.fill(flag.why), cited.fill(flag.suggestion))
