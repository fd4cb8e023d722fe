"""Whether the new code still answers as the old one did, to the same calls.

Two notes of `inside`, one of the old code and one of the new, over the same tests and variants, are
compared call by call. What was refused and is now accepted, and a mapping that got keys which the code
names, is more than before; every other difference breaks somebody who relied on it. What changed and was
not run, on either side, is not shown to be the same, and asks.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.engineering.verdict.answers import differs, no_longer_printed
from agents.engineering.verdict.changes import ChangeSet, Finding
from agents.engineering.verdict.python_source import syntax_tree
from agents.engineering.verdict.statements import statements_of

_INVALID = (400, 406, 409, 410, 413, 414, 415, 416, 422)
_RIGHTS = re.compile(
    r"Forbid|Permission|Denied|Unauthori[sz]ed|Unauthenticated|Auth|AccessError|NotAllowed|Csrf|Signature"
)


@dataclass(frozen=True, slots=True)
class Noted:
    """What one run of the tests in both forms gave: calls by test and variant, outcomes by test, lines by
    file."""

    traces: Mapping[str, Sequence[Mapping[str, Any]]]
    outcomes: Mapping[str, str]
    lines: Mapping[str, frozenset[int]]


def read_noted(text: str) -> Noted:
    """Read what `inside` wrote. Raises ValueError on anything else."""
    try:
        given = json.loads(text)
        lines = {str(path): frozenset(map(int, found)) for path, found in given["lines"].items()}
        return Noted(dict(given["traces"]), dict(given["outcomes"]), lines)
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"no note of a run: {problem}") from problem


def behaviour(change: ChangeSet, old: Noted, new: Noted) -> Iterator[Finding]:
    """What the new code answers otherwise, which old tests fail on it, and what changed and was never run."""
    if not any(path in change.before.product or path in change.after.product for path in change.changed):
        return
    yield from _old_tests(change, old, new)
    shared = (old.traces.keys() & new.traces.keys()) - _unstable(old)
    compared = [_of_trace(old.traces[key], new.traces[key], change) for key in sorted(shared)]
    differences = {
        difference.call: difference
        for difference in reversed(compared)
        if difference and not difference.accepted
    }
    for difference in sorted(differences.values(), key=lambda found: found.call):
        yield _finding(
            "answer changed",
            _place(change, difference.call),
            f"{difference.call}: {difference.why}",
            difference.call,
        )
    accepted = [difference for difference in compared if difference and difference.accepted]
    if accepted and (guard := _changed_guard(change)):
        first = accepted[0]
        yield _finding("refusal gone", guard[0], f"{first.call}: {first.why}; {guard[1]}", first.call)
    yield from _never_run(change, old, new)


def _finding(what: str, where: str, why: str, name: str, danger: Any = "breaking") -> Finding:
    return Finding(
        "behaviour", "ask", danger, what, where, why, f"whoever calls {name}" if danger == "breaking" else ""
    )


def _old_tests(change: ChangeSet, old: Noted, new: Noted) -> Iterator[Finding]:
    failed = [
        name
        for name, outcome in old.outcomes.items()
        if outcome == "passed"
        and "/test_after_" not in f"/{name}"
        and new.outcomes.get(name, "not run") != "passed"
    ]
    private = _only_private(change)
    for name in failed[:20]:
        path, _, test = name.partition("::")
        if new.outcomes.get(name) is None and private and _imports(change.before.text(path), private):
            continue
        why = f"{test} of before {new.outcomes.get(name, 'cannot be run')} over the new code"
        yield _finding("old test fails on new code", f"{path}:1", why, test or path)


def _only_private(change: ChangeSet) -> set[str]:
    """Private names that old tests may import and the new code no longer has."""
    names: list[set[str]] = []
    for tree in (change.before, change.after):
        found = set()
        for text in tree.product.values():
            found |= set(re.findall(r"^(?:async )?(?:def|class) (_\w+)|^(_\w+)(?=\s*[:=])", text, re.MULTILINE))
        names.append({part for pair in found for part in pair if part})
    return names[0] - names[1]


def _imports(text: str, names: set[str]) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", text) for name in names)


@dataclass(frozen=True, slots=True)
class _Difference:
    call: str
    why: str
    accepted: bool


def _unstable(old: Noted) -> set[str]:
    """Tests whose calls are answered otherwise each time, by the clock or by chance: nothing is learnt from
    them."""
    tests = [key.removesuffix(' "again"') for key in old.traces if key.endswith(' "again"')]
    shaky = {test for test in tests if old.traces[f'{test} "again"'] != old.traces.get(f"{test} null")}
    return {key for key in old.traces if re.sub(r" (null|\"again\"|\[\d+, \d+\])$", "", key) in shaky}


def _of_trace(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], change: ChangeSet
) -> _Difference | None:
    """The first difference of one test in one variant; what comes after it follows from it."""
    for was, now in zip(old, new, strict=False):
        if was["call"] != now["call"] or was["given"] != now["given"]:
            return None
        if found := _of_call(was, now, change):
            return found
    return None


def _of_call(was: Mapping[str, Any], now: Mapping[str, Any], change: ChangeSet) -> _Difference | None:
    call = f"{was['call']}{was['given'][:120]}"
    name = str(was["call"])
    if "raised" in was:
        return _after_refusal(name, call, was["raised"], now, change)
    if "answer" not in was or ("answer" not in now and "raised" not in now):
        return None  # cut off
    if "raised" in now:
        if _none_given(was["given"]) and not now["raised"]["meant"]:
            return None
        return _Difference(name, f"{call} answered, and now raises {now['raised']['kinds'][0]}", accepted=False)
    status, other = _status(was["answer"]), _status(now["answer"])
    if status in _INVALID and other is not None and other < 400:
        return _Difference(name, f"{call} was refused with {status}, and is now accepted", accepted=True)
    if status in _INVALID and "raised" in now:
        return _Difference(name, f"{call} was refused with {status}, and now raises", accepted=False)
    for part in ("answer", "printed", "stored"):
        if part in was or part in now:
            why = (
                differs(was.get(part), now.get(part), change, "")
                if part != "printed"
                else no_longer_printed(was.get(part), now.get(part))
            )
            if why:
                return _Difference(name, f"{call} {part}: {why}", accepted=False)
    return None


def _none_given(given: str) -> bool:
    return "None" in given


def _after_refusal(
    name: str, call: str, raised: Mapping[str, Any], now: Mapping[str, Any], change: ChangeSet
) -> _Difference | None:
    kind = raised["kinds"][0]
    if "raised" in now:
        # The same refusal stands, and another one comes before it: the input is refused either way.
        stands = raised["by"] and any(raised["by"] in text for text in change.after.product.values())
        public = {base for base in raised["kinds"] if not base.startswith("_")}
        known = (
            public <= set(now["raised"]["kinds"])
            or not raised["meant"]
            or (stands and raised["by"] != now["raised"]["by"])
        )
        if known and raised.get("code") == now["raised"].get("code"):
            return None
        return _Difference(
            name,
            f"{call} raised {kind}, and now {now['raised']['kinds'][0]} {now['raised'].get('code', '')}",
            accepted=False,
        )
    if "answer" not in now:
        return None
    guarded = bool(_RIGHTS.search(" ".join(raised["kinds"][:-2])))
    return _Difference(
        name,
        f"{call} raised {kind}, and now answers",
        accepted=not guarded and (raised["meant"] or kind not in ("SystemExit",)),
    )


def _status(answer: Any) -> int | None:
    """The status code of an answer that begins with one, as (status, body) does, or that has one."""
    kinds, content = answer
    if "tuple" in kinds and isinstance(content, list) and content:
        first = (
            content[0][1]
            if isinstance(content[0], list) and len(content[0]) == 2 and isinstance(content[0][0], list)
            else None
        )
        if isinstance(first, str) and content[0][0][0] == "int" and re.fullmatch(r"[1-5]\d\d", first):
            return int(first)
    return None


def _place(change: ChangeSet, call: str) -> str:
    last = re.escape(call.partition("(")[0].rpartition(".")[2])
    for path in [*change.changed, *change.after.product]:
        text = change.after.product.get(path, "")
        if found := re.search(rf"^\s*(async )?(def|class) {last}\b", text, re.MULTILINE):
            return f"{path}:{text.count(chr(10), 0, found.start()) + 1}"
    return call


def _changed_guard(change: ChangeSet) -> tuple[str, str] | None:
    """A condition under which the old code refused, and which the new code does not have."""
    old, new = set(), set()
    place = ""
    for path in change.changed:
        if path in change.before.product:
            before, after = (_guards(text) for text in change.texts(path))
            old |= before
            new |= after
            place = place or (f"{path}:1" if before - after else "")
    gone = sorted(old - new)
    return (place, f"the condition {gone[0]!r} is gone") if gone else None


def _guards(text: str) -> set[str]:
    found = set()
    for node in _walked(text):
        if isinstance(node, ast.If) and any(
            isinstance(part, ast.Raise) or _refuses(part) for part in node.body
        ):
            found.add(ast.unparse(node.test))
    return found


def _refuses(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Return) else None
    first = value.elts[0] if isinstance(value, ast.Tuple) and value.elts else None
    return isinstance(first, ast.Constant) and isinstance(first.value, int) and 400 <= first.value < 600


def _walked(text: str) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(syntax_tree(text))
    except SyntaxError:
        return


def _never_run(change: ChangeSet, old: Noted, new: Noted) -> Iterator[Finding]:
    """Statements of functions that were there before, removed or written anew, that no run reached on their
    side."""
    for path in change.changed:
        if path not in change.before.product or path not in change.after.product:
            continue
        was, now = (statements_of(text) for text in change.texts(path))
        for name, statements in now.items():
            if name not in was:
                continue
            for mine, theirs, lines in ((statements, was[name], new.lines), (was[name], statements, old.lines)):
                missed = [
                    line
                    for text, line in mine
                    if text not in {text for text, _ in theirs} and line not in lines.get(path, ())
                ]
                if missed:
                    yield _finding(
                        "changed and never run",
                        f"{path}:{missed[0]}",
                        f"no test ran what changed in {name}",
                        name,
                        "unproven",
                    )
                    break
