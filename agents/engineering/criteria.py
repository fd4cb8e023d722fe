"""Which test proves which acceptance criterion, by name: whether it is there, was run, and passed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.engineering.fields import is_test_of_any_language
from agents.engineering.verdict.changes import Tree, is_test
from agents.engineering.verdict.checks import tests
from agents.engineering.verdict.python_source import syntax_tree

_FILLING = frozenset(
    [
        "test",
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "for",
        "from",
        "has",
        "have",
        "in",
        "into",
        "is",
        "it",
        "its",
        "no",
        "not",
        "of",
        "on",
        "or",
        "than",
        "that",
        "the",
        "their",
        "then",
        "there",
        "they",
        "this",
        "to",
        "when",
        "which",
        "who",
        "with",
        "without",
    ]
)
_MOST_SAID = 5
_LEAST_SHARED = 3
_STEM = 5


@dataclass(frozen=True, slots=True)
class Proof:
    """A criterion, and the tests that prove it, as `path::name` (or a path alone, of a file that is no
    Python); none where there is none. `missing` are tests that were named and are not there."""

    number: int
    criterion: str
    tests: tuple[str, ...]
    missing: tuple[str, ...] = ()


def proofs(acceptance: Sequence[str], named: Mapping[str, str], tree: Tree) -> tuple[Proof, ...]:
    """Of each criterion. `named` are the tests that whoever wrote the change named, by the criterion's number;
    they count as far as they are there. Blocking."""
    known = tuple(_tests(tree))
    found = []
    for number, criterion in enumerate(acceptance, start=1):
        said = _named(named.get(str(number), ""))
        there = [test for one in said for test in known if _is_meant(one, test)]
        if not there:
            there = [test for test in known if _speaks_of(test, number, criterion)]
        missing = tuple(one for one in said if not any(_is_meant(one, test) for test in known))
        found.append(Proof(number, criterion, tuple(dict.fromkeys(there)), missing))
    return tuple(found)


def _tests(tree: Tree) -> Iterator[str]:
    for path, file in tree.files.items():
        if path.endswith(".py") and is_test(path):
            try:
                module = syntax_tree(file.text or "")
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            for function, owner in tests(module):
                if not _only_fails(function):
                    yield f"{path}::{owner.name + '::' if owner else ''}{function.name}"
        elif is_test_of_any_language(path):
            yield path


def _only_fails(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it is the skeleton of a test: its docstring, and that it fails."""
    body = [
        one for one in function.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
    ]
    return len(body) == 1 and ast.unparse(body[0]).startswith(
        ("pytest.fail(", "raise NotImplementedError", "pass")
    )


def _speaks_of(test: str, number: int, criterion: str) -> bool:
    """Whether a test's name is the criterion's number, or says several of its words and nothing else."""
    name = test.rpartition("::")[2]
    words = {word[:_STEM] for word in re.findall(r"[a-z0-9]+", name.lower()) if word not in _FILLING}
    wanted = {word[:_STEM] for word in re.findall(r"[a-z0-9]+", criterion.lower())}
    return name == f"test_criterion_{number}" or (len(words) >= _LEAST_SHARED and words <= wanted)


def unproven(criteria: Sequence[str], tests: Mapping[str, str], outcomes: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong with `tests`, which names the test of each criterion by its number ("1"), in sentences.
    `outcomes` are those of the suite by `module::name`; where it was not run, a name is enough."""
    found = []
    for number, criterion in enumerate(criteria, start=1):
        name = tests.get(str(number), "").strip()
        if not name:
            found.append(f"Criterion {number} (“{criterion[:80]}”) has no test: name the one that proves it.")
        elif outcomes and (why := _not_passed(name, outcomes)):
            found.append(f"Criterion {number}: {why}")
    return tuple(found[:_MOST_SAID])


def _not_passed(name: str, outcomes: Mapping[str, str]) -> str:
    for one in _named(name):
        meant = {outcome for test, outcome in outcomes.items() if _is_meant(one, test)}
        if not meant:
            return f"no test {one[:120]} was run."
        if meant != {"passed"}:
            return f"{one[:120]} {', '.join(sorted(meant - {'passed'}))}."
    return ""


def _is_meant(said: str, test: str) -> bool:
    """Whether a test is the one that is said: `tests/test_a.py::test_b`, `test_a.Case.test_b`, `test_b`, or all
    of a file or class; each case of one with parameters is meant."""
    wanted = _parts(said)
    whole = _parts(test)
    return bool(wanted) and any(whole[at : at + len(wanted)] == wanted for at in range(len(whole)))


def _named(said: str) -> list[str]:
    """The tests of one criterion, as they were named."""
    return [part for part in re.split(r"[,;\s]+", said.replace("`", " ")) if part]


def _parts(name: str) -> list[str]:
    plain = re.sub(r"\[.*", "", name)
    return [part for part in re.split(r"[./:]+", re.sub(r"\.py(?=::|$)", "", plain)) if part and part != "()"]
