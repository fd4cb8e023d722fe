"""The conditions that people write beside a vote: “if all tests are green and it is not a Friday”.

A closed grammar over the whole clause, with *and*, *or*, *not*, *unless* and polarity: every word is explained
and every part bound, or nothing is read. What is not read is asked back with the nearest forms filled in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from governance.authority.conditions import All, AnyOf, Condition, Term, comparisons, negated
from governance.authority.vocabulary import ALL_FACTS
from handlers.language.condition_forms import (
    NAMED,
    Group,
    Segment,
    Several,
    groups_of,
    has_content,
    merge_lists,
    readings,
)
from handlers.language.condition_table import FORMS
from handlers.language.condition_tokens import Known, Token, read_tokens
from handlers.language.nearest_condition import nearest

EVERYTHING = frozenset(ALL_FACTS)
"""Every fact that a condition may speak of, whether anything establishes it or not."""

MOST_CHARACTERS = 300
_OFFERED = 3


class ConditionNotRead(ValueError):
    """No vote may count on these words. The text is the words.

    `nearest` are the likeliest meanings that can be checked, best first; none may be taken without being asked
    about. `unestablished` are facts that the words speak of and nothing establishes; `unread` are the parts
    that are in no form.
    """

    def __init__(
        self,
        words: str,
        nearest: Sequence[Term] = (),
        *,
        unestablished: Sequence[str] = (),
        unread: Sequence[str] = (),
    ) -> None:
        super().__init__(words)
        self.words = words
        self.nearest = tuple(nearest)
        self.unestablished = tuple(unestablished)
        self.unread = tuple(unread)


def read_condition(words: str, *, establishes: Collection[str], known: Known, now: datetime, zone: str) -> Term:
    """The condition that the words set, seen from `now` in the IANA `zone`; `known` are the names there are.

    Only facts in `establishes` may be spoken of. CPU-bound where it has to ask. Raises ConditionNotRead.
    """
    if len(words) > MOST_CHARACTERS:
        raise ConditionNotRead(words)
    tokens, mixed = merge_lists(read_tokens(words, known, now, zone))
    groups = groups_of(tokens)
    parts = [_read_group(group, establishes) for group in groups]
    found = [part for part in parts if part.term is not None]
    unread = [text for part in parts for text in part.unread]
    if not found:
        raise ConditionNotRead(words, unread=unread)
    joints = {segment.joint for group in groups for segment in group.segments[1:]}
    joints |= {group.joint for group in groups[1:]}
    term = _joined(
        [part.term for part in found if part.term], any_of=groups[-1].joint == "or" and len(groups) > 1
    )
    term = _established(term, establishes)
    if lacking := _lacking(term, establishes):
        raise ConditionNotRead(words, unestablished=lacking, unread=unread)
    if mixed or len(joints) > 1 or unread or not all(part.sure for part in parts):
        others = (_established(other, establishes) for other in (found[0].others if len(found) == 1 else ()))
        likely = [term, *(other for other in others if not _lacking(other, establishes))]
        raise ConditionNotRead(words, _distinct(likely)[:_OFFERED], unread=unread)
    return term


@dataclass(frozen=True, slots=True)
class _Part:
    """What a group means as far as it was read."""

    term: Term | None
    sure: bool
    others: tuple[Term, ...] = ()
    unread: tuple[str, ...] = ()


def _read_group(group: Group, establishes: Collection[str]) -> _Part:
    parts = [_read_segment(group.segments, at, establishes) for at in range(len(group.segments))]
    terms = [part.term for part in parts if part.term is not None]
    unread = tuple(text for part in parts for text in part.unread)
    if not terms:
        return _Part(None, False, unread=unread)
    any_of = any(segment.joint == "or" for segment in group.segments[1:])
    sure = all(part.sure for part in parts) and (not group.denied or any_of or len(terms) == 1)
    sure &= not group.doubtful and not any(_narrows(group, token) for s in group.segments for token in s.tokens)
    if any_of and _denies_only_first(group.segments):
        # “not on a Friday or in production” means neither; but it could be read otherwise.
        sure, terms = False, [terms[0], *map(negated, terms[1:])]
        any_of = False
    term = _joined(terms, any_of=any_of)
    others = parts[0].others if len(terms) == 1 else ()
    if group.denied:
        return _Part(negated(term), sure, tuple(map(negated, others)), unread)
    return _Part(term, sure, others, unread)


def _narrows(group: Group, token: Token) -> bool:
    """“if only unit tests pass”, “unless A and B object”: what is said of the others is left open."""
    every = any(isinstance(meaning.value, Several) and meaning.value.every for meaning in token.meanings)
    return (group.linked and token.has("only")) or (group.denied and every and not token.has("severity"))


def _denies_only_first(segments: Sequence[Segment]) -> bool:
    denies = [any(token.has("neg") for token in segment.tokens) for segment in segments]
    return segments[0].tokens[0].has("neg") and not any(denies[1:])


def _read_segment(segments: Sequence[Segment], at: int, establishes: Collection[str]) -> _Part:
    tokens = segments[at].tokens
    if at and _confirms(tokens, segments[at - 1].tokens):
        return _Part(None, True)
    found = readings(tokens, FORMS)
    if not found and (borrowed := _with_what_is_said_of(segments, at)):
        found = [replace(one, sure=one.sure and at + 1 < len(segments)) for one in readings(borrowed, FORMS)]
    sure = list(dict.fromkeys(one.term for one in found if one.sure))
    if len(sure) == 1:
        return _Part(sure[0], True)
    terms = _distinct([one.term for one in found])
    terms.sort(key=lambda term: bool(_lacking(_established(term, establishes), establishes)))
    if not terms:
        if not any(token.meanings and has_content(token) for token in tokens):
            return _Part(None, False, unread=(_text(tokens),))
        terms = nearest(tokens, establishes)
    if not terms:
        return _Part(None, False, unread=(_text(tokens),))
    return _Part(terms[0], False, tuple(terms[1:]))


def _confirms(tokens: Sequence[Token], before: Sequence[Token]) -> bool:
    """“up to 12, not more”: says the same limit again."""
    limits = frozenset({"cmp"})
    limit = next((found.value for token in before if (found := token.meaning(limits))), "")
    return limit in ("<", "<=") and _text(tokens) in ("not more", "no more", "nicht mehr", "no más", "pas plus")


def _with_what_is_said_of(segments: Sequence[Segment], at: int) -> list[Token]:
    """“unit tests and integration tests pass”: the names here with what is said of the others, the next ones
    before those before."""
    tokens = segments[at].tokens
    own = [token for token in tokens if token.has(*NAMED)]
    if not own and at:  # “the tests are done and green”: of the same things as before
        subject = [token for token in segments[at - 1].tokens if token.has(*NAMED, "load", "scan", "canary")]
        return [*subject, *tokens]
    if not own or any(not token.has(*NAMED, "fill", "any", "all", "both", "either") for token in tokens):
        return []
    kinds = {meaning.tag for token in own for meaning in token.meanings if meaning.tag in NAMED}
    for other in [*segments[at + 1 : at + 2], *reversed(segments[:at])]:
        said = [token for token in other.tokens if not token.has(*kinds, "test")]
        if said and readings([*own, *said], FORMS):
            return [*own, *said]
    return []


def _joined(terms: Sequence[Term], *, any_of: bool) -> Term:
    distinct = tuple(_distinct(terms))
    if len(distinct) == 1:
        return distinct[0]
    parts: list[Term] = []
    for term in distinct:
        parts += term.parts if isinstance(term, AnyOf if any_of else All) else (term,)
    return AnyOf(tuple(parts)) if any_of else All(tuple(parts))


def _established(term: Term, establishes: Collection[str]) -> Term:
    """What a plan costs is what its hours cost: carrying it out costs nothing by itself."""
    if "cost" in establishes or "plan_cost" not in establishes:
        return term
    match term:
        case All(parts):
            return All(tuple(_established(part, establishes) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_established(part, establishes) for part in parts))
    return replace(term, fact="plan_cost") if isinstance(term, Condition) and term.fact == "cost" else term


def _lacking(term: Term, establishes: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(atom.fact for atom in comparisons(term) if atom.fact not in establishes))


def _distinct(terms: Sequence[Term]) -> list[Term]:
    return list(dict.fromkeys(terms))


def _text(tokens: Sequence[Token]) -> str:
    return " ".join(token.text for token in tokens)
