"""Which work by rule a sentence asks for: the whole sentence is read, or it asks for none.

What is like such a work and leaves something open is asked back; nothing is guessed. A sentence that asks for
something besides is an engineer's.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
PythonName = Annotated[str, StringConstraints(pattern=rf"^{_NAME}$", max_length=100)]
_PACKAGE = r"(?:@[a-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*"
_VERSION = r"\d[A-Za-z0-9.+!-]*"


class _Work(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FixLint(_Work):
    """What ruff can fix safely, as the repository configures it."""

    kind: Literal["lint"] = "lint"


class BumpPackage(_Work):
    """A package of the lockfile to one version."""

    kind: Literal["bump"] = "bump"
    package: Annotated[str, StringConstraints(pattern=rf"^{_PACKAGE}$", max_length=200)]
    version: Annotated[str, StringConstraints(pattern=rf"^{_VERSION}$", max_length=60)]


class WriteApiDocs(_Work):
    """The OpenAPI document as a page to read."""

    kind: Literal["API docs"] = "API docs"


class UpdateChangelog(_Work):
    """What was merged since the last release, in the changelog."""

    kind: Literal["changelog"] = "changelog"


class RenameName(_Work):
    """A module's name to another, wherever it is used."""

    kind: Literal["rename"] = "rename"
    old: PythonName
    new: PythonName


class ScaffoldService(_Work):
    """The files of a new service."""

    kind: Literal["scaffold"] = "scaffold"
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]


RuleWork = Annotated[
    FixLint | BumpPackage | WriteApiDocs | UpdateChangelog | RenameName | ScaffoldService,
    Field(discriminator="kind"),
]
RULE_WORK: TypeAdapter[RuleWork] = TypeAdapter(RuleWork)


@dataclass(frozen=True, slots=True)
class Meant:
    """A work, and where it is said to be done: a repository in people's words, empty where none is said."""

    work: RuleWork
    where: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """A work by rule of which something is open. `question` asks for it."""

    question: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a rule did, in sentences for whoever reviews it; `left` is what it saw and did not do."""

    summary: str
    left: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """Both, as a text."""
        listed = "\n".join(f"- {one}" for one in self.left)
        return f"{self.summary}\n\nLeft as it is:\n{listed}" if listed else self.summary


EXAMPLES = (
    "fix the lint in orders",
    "bump requests to 2.32.4 in payments",
    "write the API docs of orders",
    "update the changelog of web",
    "rename the class Item to OrderItem in orders",
    "scaffold a service called refunds in orders",
)

_POLITE = re.compile(
    r"^(?:please|pls|hey|can (?:you|we|somebody)|could (?:you|we|somebody)|would you|will you|let's|"
    r"(?:have|let) an agent|i(?:'d| would) like (?:you )?to|i (?:want|need) (?:you )?to|we (?:need|have) to)\b"
    r"[,:]? *"
    r"|[,]? *(?:please|pls|thanks|thank you|for (?:me|us))$",
    re.IGNORECASE,
)
_WHERE = (
    r"(?: (?:in|of|for|on|across|over) (?:the )?(?P<where>[\w./][\w./ -]{0,80}?)"
    r"(?: (?:repo|repository|service|codebase))?)?"
)
_SEVERAL = re.compile(r"\b(?:and|then|but|or|also|plus|as well)\b", re.IGNORECASE)
_QUOTE = r"[`'\"“”‘’]?"


def read(sentence: str) -> Meant | Unclear | None:
    """What a sentence (a request, or a story's title) asks for; None where no rule does it."""
    said = " ".join(sentence.split()).rstrip(".!?")
    while (plain := _POLITE.sub("", said)) != said:
        said = plain
    for pattern, make in _FORMS:
        if found := pattern.fullmatch(said):
            if _SEVERAL.search(found["where"] or ""):
                return Unclear("One work in one repository at a time: say each by itself.")
            return make(found)
    return None


def _form(text: str) -> re.Pattern[str]:
    return re.compile(text.replace(" +", r"\s+") + _WHERE, re.IGNORECASE)


def _meant(work: RuleWork, found: re.Match[str]) -> Meant:
    return Meant(work, (found["where"] or "").strip())


def _renamed(found: re.Match[str]) -> Meant | Unclear:
    old, new = found["old"], found["new"]
    marked = found["kind"] or found["mark"]
    if not marked and not _looks_like_code(old):
        return Unclear(
            f"Is {old} a name in the code? Then say so: “rename the class {old} to {new}”, or with `backticks`."
        )
    if keyword.iskeyword(new) or old == new:
        return Unclear(f"To which name is {old} renamed? {new} cannot be it.")
    return _meant(RenameName(old=old, new=new), found)


def _looks_like_code(name: str) -> bool:
    """Whether no ordinary word is written so: `order_total`, `OrderTotal`, `MAX_ITEMS`, `sha256`."""
    return "_" in name or any(letter.isdigit() for letter in name) or re.search(r"[a-z][A-Z]", name) is not None


def _open(question: str) -> Callable[[re.Match[str]], Unclear]:
    return lambda found: Unclear(question.format(**found.groupdict()))


_KIND = r"(?P<kind>class|function|constant|variable|type|exception|name)"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Meant | Unclear]], ...] = (
    (
        _form(
            r"(?:(?:auto-?)?fix|clean up|correct|mend|repair|resolve)(?: all)?(?: of)?(?: the)?(?: ruff)?"
            r" (?:lint(?:ing|er)?|ruff)(?:'s)?"
            r"(?: errors| findings| warnings| issues| problems| complaints| violations)?"
        ),
        lambda found: _meant(FixLint(), found),
    ),
    (_form(r"run (?:ruff|the linter|lint fixes|the lint fixes)"), lambda found: _meant(FixLint(), found)),
    (
        _form(
            rf"(?:bump|upgrade|update|pin|lift)(?: up)?(?: the)?(?: package| dependency| version of)? {_QUOTE}"
            rf"(?P<package>{_PACKAGE}){_QUOTE}(?: from v?{_VERSION})? to (?:version )?v?(?P<version>{_VERSION})"
        ),
        lambda found: _meant(BumpPackage(package=found["package"], version=found["version"]), found),
    ),
    (
        _form(
            r"(?:write|generate|create|make|update|refresh|regenerate|redo)(?: up)?(?: the| an| new)?"
            r" api[ -](?:docs?|documentation|reference)"
        ),
        lambda found: _meant(WriteApiDocs(), found),
    ),
    (_form(r"document the api"), lambda found: _meant(WriteApiDocs(), found)),
    (
        _form(r"(?:update|write|refresh|make|generate|complete|fill in)(?: the| a)? change[ -]?log"),
        lambda found: _meant(UpdateChangelog(), found),
    ),
    (
        re.compile(
            r"bring the change[ -]?log(?: of (?:the )?(?P<where>[\w./ -]{1,80}?))? up to date", re.IGNORECASE
        ),
        lambda found: _meant(UpdateChangelog(), found),
    ),
    (
        _form(
            rf"rename(?: the)?(?: {_KIND})? (?P<mark>[`'\"“‘])?(?P<old>{_NAME}){_QUOTE} (?:to|into|as) {_QUOTE}"
            rf"(?P<new>{_NAME}){_QUOTE}(?: everywhere| throughout)?"
        ),
        _renamed,
    ),
    (
        _form(
            r"(?:scaffold|set up)(?: a| an| the)?(?: new)?(?: python)? service (?:called |named )?[`'\"“‘]?"
            r"(?P<name>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)[`'\"”’]?"
        ),
        lambda found: _meant(ScaffoldService(name=found["name"].lower()), found),
    ),
    (
        _form(rf"(?:bump|upgrade)(?: the)?(?: package| dependency) (?P<package>{_PACKAGE})"),
        _open("To which version of {package}? Say it as in “bump {package} to 2.0.1”."),
    ),
    (
        _form(rf"bump (?P<package>{_PACKAGE})"),
        _open("To which version of {package}? Say it as in “bump {package} to 2.0.1”."),
    ),
    (
        _form(rf"rename(?: the)?(?: {_KIND})? {_QUOTE}(?P<old>{_NAME}){_QUOTE}"),
        _open("To which name is {old} renamed? Say both, as in “rename {old} to OrderSum”."),
    ),
    (
        _form(r"(?:scaffold|set up)(?: a| an| the)?(?: new)?(?: python)? service"),
        _open("What is the service called? Say it as in “scaffold a service called refunds”."),
    ),
)
