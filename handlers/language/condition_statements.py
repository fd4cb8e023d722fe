"""A condition cut into its statements: what is listed, how they are joined, and under which linking words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handlers.language.condition_forms import Several
from handlers.language.condition_tokens import Meaning, Token


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
