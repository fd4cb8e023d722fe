"""What `init` wants to know, and reading it from a file instead of asking."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

Chat = Literal["slack", "teams", "console"]
"""Where people talk to Countersign."""


class AnswersUnusable(ValueError):
    """Answers that cannot be used; the message says all that is wrong, a line each, and what to write."""


def _split(said: object) -> object:
    """`product owner, director` as a list."""
    if isinstance(said, str):
        return tuple(part.strip() for part in said.replace(";", ",").split(",") if part.strip())
    return said


Words = Annotated[tuple[str, ...], BeforeValidator(_split)]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewPerson(_Said):
    """Somebody of the new department; `roles` as people say them, `identities` as chat platforms prove them."""

    name: Annotated[str, Field(min_length=1)]
    address: Annotated[str, Field(min_length=1)]
    roles: Annotated[Words, Field(min_length=1)]
    title: str | None = None
    team: str | None = None
    country: str | None = None
    region: str | None = None
    time_zone: str | None = None
    identities: tuple[str, ...] = ()


class Answers(_Said):
    """The five answers: name; country and region; people; teams; chat."""

    name: Annotated[str, Field(min_length=1)]
    country: str | None = None
    region: str | None = None
    time_zone: str | None = None
    people: tuple[NewPerson, ...] = ()
    teams: Words = ()
    chat: Chat = "console"


def read_answers(path: Path) -> Answers:
    """The answers that a YAML file holds. Raises AnswersUnusable."""
    try:
        # With texts alone: NO is Norway, and no is no answer here.
        written = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - builds texts
        return Answers.model_validate(written)
    except OSError as error:
        raise AnswersUnusable(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise AnswersUnusable(f"{path} is not UTF-8; save it as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise AnswersUnusable(f"{path}{line}: this is not YAML; see the README for an example.") from error
    except ValidationError as error:
        raise AnswersUnusable("\n".join(f"{path}: {said}" for said in _faults(error))) from error


def _faults(error: ValidationError) -> list[str]:
    return [f"{_where(fault['loc'])}: {_WORDS.get(fault['type'], fault['msg'])}" for fault in error.errors()]


def _where(path: tuple[int | str, ...]) -> str:
    named = [f"number {part + 1}" if isinstance(part, int) else part for part in path]
    return ", ".join(named) or "the file"


_WORDS = {
    "missing": "say this, too",
    "extra_forbidden": "this is not asked for; remove it",
    "string_type": "write a text here",
    "string_too_short": "this is empty; write something here",
    "too_short": "this is empty; write at least one",
    "tuple_type": "write a list here",
    "literal_error": "write slack, teams or console",
    "model_type": "write `name: …` and the like here, one a line",
}
