"""The conditions that people write beside a vote: “if all tests are green and it is not a Friday”.

A closed grammar over the whole clause, with *and*, *or*, *not*, *unless* and polarity: every word is explained and
every part bound, or nothing is read. What is not read is asked back with the nearest forms filled in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from governance.authority.conditions import All, AnyOf, Term, comparisons, negated
from governance.authority.vocabulary import ALL_FACTS
from handlers.language.condition_forms import Several, readings, with_fact
from handlers.language.condition_tokens import Known, Meaning, Token, read_tokens
from handlers.language.nearest_condition import nearest

EVERYTHING = frozenset(ALL_FACTS)
"""Every fact that a condition may speak of, whether anything establishes it or not."""

MOST_CHARACTERS = 300
_OFFERED = 3


class ConditionNotRead(ValueError):
    """No vote may count on these words. The text is the words.

    `nearest` are the likeliest meanings that can be checked, best first; none may be taken without being asked
    about. `unestablished` are facts that the words speak of and nothing establishes; `unread` are the parts that
    are in no form.
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
    tokens, mixed = _listed(read_tokens(words, known, now, zone))
    groups = _groups(tokens)
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
    lacking = tuple(dict.fromkeys(atom.fact for atom in comparisons(term) if atom.fact not in establishes))
    if lacking:
        raise ConditionNotRead(words, unestablished=lacking, unread=unread)
    if mixed or len(joints) > 1 or unread or not all(part.sure for part in parts):
        others = found[0].others if len(found) == 1 else ()
        raise ConditionNotRead(words, _distinct([term, *others])[:_OFFERED], unread=unread)
    return term


@dataclass(frozen=True, slots=True)
class _Segment:
    """One statement, and how it is joined to the one before: “and” or “or”."""

    tokens: tuple[Token, ...]
    joint: str = "and"


@dataclass(frozen=True, slots=True)
class _Group:
    """Statements under one linking word; `denied` by an “unless”."""

    segments: tuple[_Segment, ...]
    denied: bool = False
    joint: str = "and"
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """What a group means as far as it was read."""

    term: Term | None
    sure: bool
    others: tuple[Term, ...] = ()
    unread: tuple[str, ...] = ()


_LISTED = ("person", "service", "item", "severity", "suite", "kind", "weekday", "env")


def _listed(tokens: Sequence[Token]) -> tuple[list[Token], bool]:
    """Things of one kind that stand in a list become one token. The flag tells of a list joined in two ways."""
    merged: list[Token] = []
    mixed = False
    at = 0
    while at < len(tokens):
        kind = next((tag for tag in _LISTED if tokens[at].has(tag)), None)
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


_NAMED = (*_LISTED, "test")
_ARTICLES = ("the", "a", "an", "die", "der", "das", "el", "la", "los", "las", "le", "les", "any", "on", "on a")


def _groups(tokens: Sequence[Token]) -> list[_Group]:
    groups: list[_Group] = []
    for segment in _segments(tokens):
        lead = _lead(segment.tokens)
        rest = _Segment(segment.tokens[lead:], segment.joint)
        if groups and lead == 0:
            groups[-1] = replace(groups[-1], segments=(*groups[-1].segments, rest))
        else:
            denials = sum(token.has("neg", "unless") for token in segment.tokens[:lead])
            # “A unless B” in the middle may forbid B, or let B do instead of A.
            doubtful = bool(groups) and any(token.has("unless") for token in segment.tokens[:lead])
            groups.append(_Group((rest,), denials % 2 == 1, segment.joint, doubtful))
    return groups


def _segments(tokens: Sequence[Token]) -> list[_Segment]:
    """Cut at *and*, *or*, *but*, commas, and before a linking word in the middle."""
    segments: list[_Segment] = []
    current: list[Token] = []
    joint = "and"
    end = Token(",", (Meaning("comma"),))
    for token in [*tokens, end]:
        cuts = token.has("comma", "and", "or", "but")
        links = token.has("if", "unless") and any(map(_has_content, current))
        if not cuts and not links:
            current.append(token)
            continue
        if current and not any(map(_has_content, current)) and token is not end:
            current = current if cuts else [*current, token]  # “no, unless …”: the rest is said of what follows
            continue
        if any(not word.has("fill") for word in current):
            segments.append(_Segment(tuple(current), joint))
            joint = "and"
        current = [] if cuts else [token]
        joint = "or" if token.has("or") else joint
    return segments


_OF_LEADS = ("neg", "unless", "if", "only", "but", "fill", "go", "after")


def _has_content(token: Token) -> bool:
    return not token.has(*_OF_LEADS)


def _lead(tokens: Sequence[Token]) -> int:
    """How many words there are up to the last linking word before anything else is said."""
    opening = next((at for at, token in enumerate(tokens) if _has_content(token)), len(tokens))
    linking = [at for at, token in enumerate(tokens[:opening]) if token.has("if", "unless")]
    return linking[-1] + 1 if linking else 0


def _read_group(group: _Group, establishes: Collection[str]) -> _Part:
    parts = [_read_segment(group.segments, at, establishes) for at in range(len(group.segments))]
    terms = [part.term for part in parts if part.term is not None]
    unread = tuple(text for part in parts for text in part.unread)
    if not terms:
        return _Part(None, False, unread=unread)
    any_of = any(segment.joint == "or" for segment in group.segments[1:])
    sure = all(part.sure for part in parts) and (not group.denied or any_of or len(terms) == 1)
    sure &= not group.doubtful
    if any_of and _denies_only_first(group.segments):
        # “not on a Friday or in production” means neither; but it could be read otherwise.
        sure, terms = False, [terms[0], *map(negated, terms[1:])]
        any_of = False
    term = _joined(terms, any_of=any_of)
    others = parts[0].others if len(terms) == 1 else ()
    if group.denied:
        return _Part(negated(term), sure, tuple(map(negated, others)), unread)
    return _Part(term, sure, others, unread)


def _denies_only_first(segments: Sequence[_Segment]) -> bool:
    denies = [any(token.has("neg") for token in segment.tokens) for segment in segments]
    return segments[0].tokens[0].has("neg") and not any(denies[1:])


def _read_segment(segments: Sequence[_Segment], at: int, establishes: Collection[str]) -> _Part:
    tokens = segments[at].tokens
    if at and _confirms(tokens, segments[at - 1].tokens):
        return _Part(None, True)
    found = readings(tokens)
    if not found and (borrowed := _with_what_is_said_of(segments, at)):
        found = [replace(one, sure=one.sure and at + 1 < len(segments)) for one in readings(borrowed)]
    sure = list(dict.fromkeys(one.term for one in found if one.sure))
    if len(sure) == 1:
        return _Part(sure[0], True)
    terms = _distinct([one.term for one in found])
    if not terms:
        if not any(token.meanings and _has_content(token) for token in tokens):
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


def _with_what_is_said_of(segments: Sequence[_Segment], at: int) -> list[Token]:
    """“unit tests and integration tests pass”: the names here with what is said of the others, the next ones
    before those before."""
    tokens = segments[at].tokens
    own = [token for token in tokens if token.has(*_NAMED)]
    if not own and at:  # “the tests are done and green”: of the same things as before
        subject = [token for token in segments[at - 1].tokens if token.has(*_NAMED, "load", "scan", "canary")]
        return [*subject, *tokens]
    if not own or any(not token.has(*_NAMED, "fill", "any", "all", "both", "either") for token in tokens):
        return []
    kinds = {meaning.tag for token in own for meaning in token.meanings if meaning.tag in _NAMED}
    for other in [*segments[at + 1 : at + 2], *reversed(segments[:at])]:
        said = [token for token in other.tokens if not token.has(*kinds, "test")]
        if said and readings([*own, *said]):
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
    return with_fact(term, "plan_cost") if any(atom.fact == "cost" for atom in comparisons(term)) else term


def _distinct(terms: Sequence[Term]) -> list[Term]:
    return list(dict.fromkeys(terms))


def _text(tokens: Sequence[Token]) -> str:
    return " ".join(token.text for token in tokens)
