"""Rules for agents, and who must review: they may become stricter, word by word; anything else asks.

A sentence that stays must keep all of its words in their order, and may get more if none of them permits,
excepts or makes optional. A new sentence must demand or forbid. Who owns a file may not change, and an
owner for a file that had none may be added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import PurePosixPath

from agents.engineering.verdict.changes import ChangeSet, Finding, added_lines, line_of

_FILES = {
    "agents.md",
    "claude.md",
    "gemini.md",
    "copilot-instructions.md",
    ".cursorrules",
    ".windsurfrules",
    "conventions.md",
    ".aider.conf.yml",
}
_LOOSENS = re.compile(
    r"\b(may|can|could|might|unless|except\w*|if|when(ever)?|optional\w*|skip\w*|ignor\w*|"
    r"bypass\w*|disabl\w*|allow\w*|permit\w*|"
    r"but|however|instead|without|no longer|not needed|not required|rarely|usually|normally|"
    r"ideally|try|should|prefer\w*|"
    r"waiv\w*|exempt\w*|trust\w*|force|no-verify|free to|or|once|after|small|trivial|urgent|minor|"
    r"only|self|themselves|own|where|while|until|time|long as|automatic\w*|auto)\b",
    re.IGNORECASE,
)
_FORBIDS = re.compile(
    r"\b(never|do not|don't|must not|may not|cannot|no|not even|nor|neither)\b", re.IGNORECASE
)
_DEMANDS = re.compile(
    r"^\W*(\d+\.\s*)?(always\b|never\b|do not\b|don't\b|no \b|run\b|keep\b|add\b|write\b|ask\b|"
    r"use\b|check\b|test\b|document\b|every\b|each\b|all\b|agents? (must|never)\b)|\bmust\b|"
    r"\bneeds?\b",
    re.IGNORECASE,
)
_HARMLESS = frozenset(
    """
and also always never every all each both not even their own any must by a an the person people human two
three second other another before who did does write wrote it of for in to is are be no nor neither its that
this with reviewer
""".split()  # noqa: SIM905
)
_CHECKER = re.compile(
    r"^`?-?-?(ruff|pytest|mypy|check|format|-m|-q|python|python3|uv|run|make|test|tests|lint|\.|"
    r"bandit|lint-imports|black|isort)`?$"
)
_FORBIDDEN = re.compile(
    r"\b(never|do not|don't|must not|may not|cannot|not)\s+(ever\s+)?(merge|commit|log|put|skip|"
    r"disable|edit|change|force-push|push|weaken|remove|delete|store|print|send|share|bypass|"
    r"ignore|add|approve|deploy|touch|rewrite|hard-?code|expose|lower|mock|install|write|paste|"
    r"copy|read|leave|open|publish|rename)\b",
    re.IGNORECASE,
)
_DANGEROUS = re.compile(
    r"\b(merge|push|approve|deploy|delete|secrets?|tokens?|passwords?|credentials?|curl|wget|"
    r"https?|sudo|main|production|force|previous|instructions?|reviewers?)\b",
    re.IGNORECASE,
)
_INJECTION = re.compile(
    r"(ignore|disregard|forget) (all |any )?(the )?(previous|prior|above|other)|\b(ai|llm|"
    r"assistant|agents?)\b.{0,40}\b(must|should|may|can|please)\b.{0,60}\b(merge|approve|push|"
    r"skip|ignore|reveal|print|send)\b|curl[^\n|]*\|\s*(sudo )?(ba|z)?sh",
    re.IGNORECASE,
)


def is_agent_rules(path: str) -> bool:
    """Whether a file tells agents what they may do."""
    parts = PurePosixPath(path.lower()).parts
    return parts[-1] in _FILES or any(part in (".cursor", ".claude", ".agents") for part in parts[:-1])


def is_ownership(path: str) -> bool:
    """Whether a file says who must review what."""
    return PurePosixPath(path).name in ("CODEOWNERS", "OWNERS", "MAINTAINERS")


def agent_rules(change: ChangeSet) -> Iterator[Finding]:
    """Rules for agents and for reviews that are not known to be as strict as before."""
    for path in change.changed:
        old, new = change.texts(path)
        if is_agent_rules(path):
            for line, why in _loosened(old, new):
                yield _finding("rules for agents loosened", f"{path}:{line}", why)
        elif is_ownership(path):
            yield from _owners(change, path)
        elif path.lower().endswith((".md", ".rst", ".txt")) or path.endswith(".py"):
            for line, text in added_lines(old, new).items():
                if _INJECTION.search(text):
                    yield _finding(
                        "orders to agents or readers",
                        f"{path}:{line}",
                        "tells whoever reads it to do what no rule allows",
                    )


def _finding(what: str, where: str, why: str) -> Finding:
    return Finding(
        "agent-rules", "ask", "harmful", what, where, why, "whoever relies on the rules for agents and reviews"
    )


def _sentences(text: str) -> list[str]:
    text = re.sub(r"<!--.*?-->", lambda found: f". {found[0]} .", text, flags=re.DOTALL)
    parts = re.split(r"(?<=[.!?;:])\s+|\n\s*\n|\n(?=\s*([-*#]|\d+\.)\s)", text)
    return [" ".join(part.split()) for part in parts if part and re.search(r"\w{2}", part)]


def _words(sentence: str) -> list[str]:
    return re.findall(r"[\w`'./\-]+", re.sub(r"^(\d+\.|[-*#]+)\s*", "", sentence).lower().rstrip(".!;:"))


def _loosened(old: str, new: str) -> Iterator[tuple[int, str]]:
    rest = _sentences(new)
    for sentence in _sentences(old):
        words = _words(sentence)
        exact = next((other for other in rest if _words(other) == words), None)
        kept = exact or next((other for other in rest if _holds(words, _words(other))), None)
        if kept is None:
            yield line_of(old, sentence[:20]), f"no longer says: {sentence[:120]}"
            continue
        rest.remove(kept)
        if kept != sentence and (why := _more(words, kept)):
            yield line_of(new, kept[:20]), why
    for sentence in rest:
        forbids, demands = _FORBIDS.search(sentence), _DEMANDS.search(sentence)
        if _INJECTION.search(sentence):
            yield line_of(new, sentence[:20]), f"new rule: {sentence[:120]}"
        elif (
            forbids
            and not _FORBIDDEN.search(sentence)
            and not re.match(r"^\W*(\d+\.\s*)?(no|nobody)\b", sentence, re.IGNORECASE)
        ):
            yield line_of(new, sentence[:20]), f"forbids what is not known to be harmful: {sentence[:120]}"
        elif (
            not (forbids or demands)
            or _LOOSENS.search(sentence)
            or (_DANGEROUS.search(sentence) and not forbids)
        ):
            yield line_of(new, sentence[:20]), f"new rule that is not known to be stricter: {sentence[:120]}"


def _holds(words: list[str], others: list[str]) -> bool:
    rest = iter(others)
    return all(word in rest for word in words)


def _more(words: list[str], sentence: str) -> str:
    rest, added = list(words), []
    for word in _words(sentence):
        if rest and word == rest[0]:
            rest.pop(0)
        else:
            added.append(word)
    text = " ".join(added)
    known = all(word.strip("`") in _HARMLESS or _CHECKER.match(word) for word in added)
    negated = re.search(r"\b(not|no|never)\b", re.sub(r"\bnot even\b|\bwho (did|does) not\b", "", text))
    if not known or negated:
        return f"the rule got words that may loosen it ({text[:60]}): {sentence[:100]}"
    return ""


def _owners(change: ChangeSet, path: str) -> Iterator[Finding]:
    old, new = (_rules(text) for text in change.texts(path))
    for name in sorted({*change.before.files, *change.after.files}):
        had, has = _owner(old, name), _owner(new, name)
        if had and had != has:
            yield _finding(
                "owners changed",
                f"{path}:1",
                f"{name} was owned by {' '.join(had)} and is by {' '.join(has) or 'nobody'}",
            )
            return
    if lost := [rule for rule in old if rule not in new]:
        yield _finding(
            "owners changed", f"{path}:1", f"no longer says: {' '.join((lost[0][0], *lost[0][1]))[:100]}"
        )


def _rules(text: str) -> list[tuple[str, tuple[str, ...]]]:
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    return [(parts[0], tuple(sorted(parts[1:]))) for parts in lines if parts]


def _owner(rules: list[tuple[str, tuple[str, ...]]], path: str) -> tuple[str, ...]:
    """Who owns a path: the last pattern that fits decides, as in GitHub's and GitLab's files."""
    found: tuple[str, ...] = ()
    for pattern, owners in rules:
        bare = pattern.strip("/")
        anchored = pattern.startswith("/") or "/" in bare
        fits = fnmatch(path, bare) or path.startswith(f"{bare}/") or fnmatch(path, f"{bare}/*")
        if fits or (not anchored and (fnmatch(path, f"*/{bare}") or f"/{bare}/" in f"/{path}")):
            found = owners
    return found
