"""Forms: how the words of a condition make up one comparison, free of word order and closed.

A form needs one word of each of its kinds, and every other word has to be of a kind that it allows. Which forms
there are stands in `condition_table.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from governance.authority.conditions import Term, negated
from handlers.language.condition_tokens import Meaning, Token

ANYWHERE = frozenset(
    {"fill", "any", "all", "from", "neg", "if", "only", "unless", "after", "but", "both", "either"}
)
"""Kinds of words that may stand in every form: they are counted apart, or say nothing."""


@dataclass(frozen=True, slots=True)
class Several:
    """Things of one kind that were listed: `every` one of them, or any."""

    every: bool
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """The words of a form by their kinds. `holds` is false where a word like “fails” denies it; `sure` unless a
    word only may have its meaning; `explained` counts the words that say something."""

    values: Mapping[str, tuple[object, ...]]
    holds: bool = True
    sure: bool = True
    explained: int = 0
    texts: Mapping[str, str] = field(default_factory=dict)

    def one(self, *tags: str) -> object:
        """The one value of these kinds; None if there are several, or none."""
        found = [value for tag in tags for value in self.values.get(tag, ())]
        return found[0] if len(found) == 1 else None

    def has(self, *tags: str) -> bool:
        """Whether there is a word of one of these kinds."""
        return any(tag in self.values for tag in tags)

    def count(self, *tags: str) -> int:
        """How many words there are of these kinds."""
        return sum(len(self.values.get(tag, ())) for tag in tags)

    @property
    def lists(self) -> bool:
        """Whether things were listed."""
        return any(isinstance(value, Several) for values in self.values.values() for value in values)


Build = Callable[[Filled], Term | None]
"""The comparison that the words make up, negations not counted; None if they make up none after all."""


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of condition on one of `facts`. `denies` are kinds that turn it round; a `proposed` form leaves
    something open, so that it is asked about."""

    facts: tuple[str, ...]
    needs: tuple[frozenset[str], ...]
    build: Build
    may: frozenset[str] = frozenset()
    denies: frozenset[str] = frozenset()
    proposed: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of words that it needs."""
        return frozenset().union(*self.needs)

    def fill(self, tokens: Sequence[Token], *, closed: bool) -> Filled | None:
        """The form with these words in it, None where one that it needs is missing; if `closed`, nothing may be
        said that it does not allow."""
        values: dict[str, tuple[object, ...]] = {}
        texts: dict[str, str] = {}
        sure, explained = True, 0
        for token in tokens:
            found = token.meaning(self.kinds) or token.meaning(self.may) or token.meaning(ANYWHERE)
            if closed and (found is None or found.proposed):
                return None
            if found is None:
                sure = False
                continue
            sure &= not found.proposed
            explained += found.tag not in ANYWHERE
            values[found.tag] = (*values.get(found.tag, ()), found.value)
            texts[found.tag] = token.text
        if any(need.isdisjoint(values) for need in self.needs):
            return None
        denied = sum(len(values.get(tag, ())) for tag in self.denies)
        return Filled(values, denied % 2 == 0, sure and not self.proposed, explained, texts)


@dataclass(frozen=True, slots=True)
class Reading:
    """What words may mean: `sure` if the form explains each of them, and how many it explains."""

    term: Term
    sure: bool
    explained: int


def readings(tokens: Sequence[Token], forms: Sequence[Form]) -> list[Reading]:
    """Every form that the words fill, negations counted: the sure ones first, then those that explain the
    most."""
    found = [reading for form in forms if (reading := _reading(tokens, form)) is not None]
    return sorted(found, key=lambda reading: (not reading.sure, -reading.explained))


def _reading(tokens: Sequence[Token], form: Form) -> Reading | None:
    for closed in (True, False):
        filled = form.fill(tokens, closed=closed)
        built = form.build(filled) if filled is not None else None
        if filled is not None and built is not None:
            term = negated(built) if filled.count("neg", "unless") % 2 else built
            return Reading(term, filled.sure and closed and not any(_doubts(form, filled)), filled.explained)
    return None


_WITHOUT_AFTER = frozenset({"window_open", "environment", "weekday"})
_WITHOUT_ONLY = frozenset({"open_findings", "incident_open", "done", "deployed"})


def _doubts(form: Form, filled: Filled) -> Iterator[bool]:
    """Whether explained words may be meant otherwise, each for one reason."""
    fact = form.facts[0]
    every = any(isinstance(v, Several) and v.every for values in filled.values.values() for v in values)
    negations = filled.count("neg", "unless")
    yield negations > 1
    yield every and fact != "open_findings" and negations % 2 == 1  # not A and B: neither, or not both?
    yield every and fact in ("environment", "weekday")  # on Friday and Monday: never both
    yield fact == "tests_passed" and filled.has("any") and filled.has("green")  # one green test is not all
    yield fact == "tests_passed" and filled.has("all") and filled.has("red")
    yield fact in _WITHOUT_AFTER and filled.has(
        "after", "from"
    )  # after the demo: not during it, or not before?
    yield fact in _WITHOUT_ONLY and filled.has("only")  # only criticals are open
    yield filled.has("both", "either") and not filled.lists
    yield filled.lists and not filled.holds and fact != "open_findings"  # the freeze on A or B is over
    yield filled.count(*_SAID) > 1  # green and red at once


_SAID = ("green", "red", "survive", "looked", "done", "missing", "approve", "deny", "clean", "finds")
"""Kinds of words that say what became of something; one of them suffices."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One statement, and how it is joined to the one before: “and” or “or”."""

    tokens: tuple[Token, ...]
    joint: str = "and"


@dataclass(frozen=True, slots=True)
class Group:
    """Statements under one linking word, or none; `denied` by an “unless”. `doubtful` if it may be joined to
    the others in another way."""

    segments: tuple[Segment, ...]
    linked: bool = False
    denied: bool = False
    joint: str = "and"
    doubtful: bool = False


LISTED = ("person", "service", "item", "severity", "suite", "kind", "weekday", "env")


def merge_lists(tokens: Sequence[Token]) -> tuple[list[Token], bool]:
    """Things of one kind that stand in a list become one token. The flag tells of a list joined in two ways."""
    merged: list[Token] = []
    mixed = False
    at = 0
    while at < len(tokens):
        kind = next((tag for tag in LISTED if tokens[at].has(tag)), None)
        end, joints = _list_end(tokens, at, kind) if kind else (at + 1, set())
        if kind is None or end == at + 1:
            merged.append(tokens[at])
        else:
            things = [token for token in tokens[at:end] if token.has(kind)]
            mixed |= len(joints) > 1
            values = tuple(m.value for token in things if (m := token.meaning(frozenset({kind}))))
            text = " ".join(token.text for token in tokens[at:end])
            merged.append(Token(text, (Meaning(kind, Several("or" not in joints, values)),)))
        at = end
    return merged, mixed


def _list_end(tokens: Sequence[Token], start: int, kind: str) -> tuple[int, set[str]]:
    end, joints = start + 1, set[str]()
    while end < len(tokens):
        joint = end
        while joint < len(tokens) and tokens[joint].has("comma", "and", "or"):
            joint += 1
        articles = joint
        while articles < len(tokens) and tokens[articles].has("fill") and tokens[articles].text in _ARTICLES:
            articles += 1
        if joint == end or articles >= len(tokens) or not tokens[articles].has(kind):
            break
        joints |= {tag for token in tokens[end:joint] for tag in ("and", "or") if token.has(tag)}
        end = articles + 1
    return (end, joints) if joints else (start + 1, set())


NAMED = (*LISTED, "test")
_ARTICLES = ("the", "a", "an", "die", "der", "das", "el", "la", "los", "las", "le", "les", "any", "on", "on a")


def groups_of(tokens: Sequence[Token]) -> list[Group]:
    groups: list[Group] = []
    for segment in _segments(tokens):
        lead = _lead(segment.tokens)
        rest = Segment(segment.tokens[lead:], segment.joint)
        if groups and lead == 0:
            groups[-1] = replace(groups[-1], segments=(*groups[-1].segments, rest))
        else:
            denials = sum(token.has("neg", "unless") for token in segment.tokens[:lead])
            # “A unless B” in the middle may forbid B, or let B do instead of A.
            doubtful = bool(groups) and any(token.has("unless") for token in segment.tokens[:lead])
            groups.append(Group((rest,), lead > 0, denials % 2 == 1, segment.joint, doubtful))
    return groups


def _segments(tokens: Sequence[Token]) -> list[Segment]:
    """Cut at *and*, *or*, *but*, commas, and before a linking word in the middle."""
    segments: list[Segment] = []
    current: list[Token] = []
    joint = "and"
    end = Token(",", (Meaning("comma"),))
    for token in [*tokens, end]:
        cuts = token.has("comma", "and", "or", "but")
        links = token.has("if", "unless") and any(map(has_content, current))
        if not cuts and not links:
            current.append(token)
            continue
        if current and not any(map(has_content, current)) and token is not end:
            current = current if cuts else [*current, token]  # “no, unless …”: the rest is said of what follows
            continue
        if any(not word.has("fill") for word in current):
            segments.append(Segment(tuple(current), joint))
            joint = "and"
        current = [] if cuts else [token]
        joint = "or" if token.has("or") else joint
    return segments


_OF_LEADS = ("neg", "unless", "if", "only", "but", "fill", "go", "after")


def has_content(token: Token) -> bool:
    return not token.has(*_OF_LEADS)


def _lead(tokens: Sequence[Token]) -> int:
    """How many words there are up to the last linking word before anything else is said."""
    opening = next((at for at, token in enumerate(tokens) if has_content(token)), len(tokens))
    linking = [at for at, token in enumerate(tokens[:opening]) if token.has("if", "unless")]
    return linking[-1] + 1 if linking else 0
