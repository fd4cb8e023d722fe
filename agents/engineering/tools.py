"""What an engineer can do with its hands: look, edit, run a command in the sandbox, and end.

The arguments are checked before anything is done; whatever is wrong with them is the answer. Nothing here has
an effect outside the engineer's own folder.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.engineering.trees import apart, folder
from agents.engineering.workspace import Edit, NotPossible, Workspace
from agents.role import Role
from integrations.sandbox import Command, Environment, Limits, Sandbox, SandboxError

FINISH, GIVE_UP = "finish", "give_up"
MOST_RESULT = 12_000
"""Characters of a tool's answer that the model is shown."""

_Path = Annotated[str, Field(description="from the repository's root, with /", max_length=400)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ListFiles(_Arguments):
    folder: Annotated[str, Field(description="empty for all")] = ""


class _ReadFile(_Arguments):
    path: _Path
    first_line: int = 1
    last_line: int | None = None


class _Search(_Arguments):
    text: str
    folder: str = ""


class _WriteFile(_Arguments):
    path: _Path
    text: Annotated[str, Field(description="the whole file from now on")]


class _ReplaceText(_Arguments):
    path: _Path
    old: Annotated[str, Field(description="stands in the file exactly once")]
    new: str


class _RemoveFile(_Arguments):
    path: _Path


class _Run(_Arguments):
    command: Annotated[str, Field(description="for /bin/sh, in a copy of the files", max_length=4_000)]


class Finished(_Arguments):
    """The engineer says that it is done."""

    summary: Annotated[str, Field(description="what was changed and why, for a reviewer", max_length=4_000)]
    tests: Annotated[
        dict[str, str],
        Field(description="each acceptance criterion's number (“1”, “2”) and the test that proves it"),
    ]


class GaveUp(_Arguments):
    """The engineer says that it cannot go on."""

    why: Annotated[str, Field(description="what a person has to decide or provide", max_length=2_000)]


@dataclass(frozen=True, slots=True)
class Hands:
    """The engineer's folder, and where its commands run."""

    files: Workspace
    sandbox: Sandbox
    environment: Environment
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a tool: the answer, and the edit where it made one."""

    answer: str
    edit: Edit | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the model is told of it."""

    name: str
    says: str
    arguments: type[_Arguments]
    use: Callable[[Hands, Any], Awaitable[Done]] | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """As OpenAI's chat completions take it."""
        given = {"name": self.name, "description": self.says, "parameters": self.arguments.model_json_schema()}
        return {"type": "function", "function": given}


async def _list(hands: Hands, given: _ListFiles) -> Done:
    return Done(await apart(hands.files.list, given.folder))


async def _read(hands: Hands, given: _ReadFile) -> Done:
    return Done(await apart(hands.files.read, given.path, given.first_line, given.last_line))


async def _search(hands: Hands, given: _Search) -> Done:
    return Done(await apart(hands.files.search, given.text, given.folder))


async def _write(hands: Hands, given: _WriteFile) -> Done:
    return Done(f"{given.path} is written.", await apart(hands.files.write, given.path, given.text))


async def _replace(hands: Hands, given: _ReplaceText) -> Done:
    edit = await apart(hands.files.replace, given.path, given.old, given.new)
    return Done(f"{given.path} is changed.", edit)


async def _remove(hands: Hands, given: _RemoveFile) -> Done:
    return Done(f"{given.path} is gone.", await apart(hands.files.remove, given.path))


async def _run(hands: Hands, given: _Run) -> Done:
    try:
        async with folder() as at:
            tree = await apart(hands.files.copy, at / "tree")
            argv = ("/bin/sh", "-c", given.command)
            ran = await hands.sandbox.run(Command(argv, tree, hands.environment, limits=hands.limits))
    except (SandboxError, ValueError) as refused:
        raise NotPossible(str(refused)) from refused
    ended = f"ended with {ran.exit_code}" if ran.limit is None else f"was ended: its {ran.limit} ran out"
    return Done(f"The command {ended} after {ran.seconds:.1f} s.\n{ran.output}")


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("list_files", "The files of the repository, or of a folder in it.", _ListFiles, _list),
        Tool("read_file", "Lines of a file, with their numbers.", _ReadFile, _read),
        Tool("search", "Lines of files that hold a text.", _Search, _search),
        Tool("write_file", "Give a file this text, whether it is there or not.", _WriteFile, _write),
        Tool("replace_text", "Put a new text in the place of one that is there once.", _ReplaceText, _replace),
        Tool("remove_file", "Take a file away.", _RemoveFile, _remove),
        Tool(
            "run",
            "Run a command over a copy of the files, without network: the tests, for example. What it writes is"
            " thrown away.",
            _Run,
            _run,
        ),
        Tool(
            FINISH,
            "Say that the story is done. Then the whole suite is run and the change is judged; you hear what"
            " is wrong with it.",
            Finished,
        ),
        Tool(GIVE_UP, "Hand the story to a person, with what is missing.", GaveUp),
    )
}


def read_arguments(tool: Tool, given: Mapping[str, Any]) -> Any:
    """The arguments of a tool. Raises NotPossible, in words for the model."""
    try:
        return tool.arguments.model_validate(given)
    except ValidationError as wrong:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}" for one in wrong.errors()[:5]
        )
        raise NotPossible(f"{tool.name} was not used: {said}.") from None


def tools_of(role: Role) -> Mapping[str, Tool]:
    """Those that a role may use. Nobody can take away the two that a story ends with."""
    return {name: tool for name, tool in TOOLS.items() if name in role.tools or tool.use is None}


async def use(hands: Hands, name: str, given: Mapping[str, Any], tools: Mapping[str, Tool] = TOOLS) -> Done:
    """Use a tool that acts at once, of those that are given. What it cannot do is its answer."""
    tool = tools.get(name)
    if tool is None or tool.use is None:
        why = "You may not use" if name in TOOLS else "There is no tool"
        return Done(f"{why} {name[:60]!r}. There are {', '.join(tools)}.")
    try:
        done = await tool.use(hands, read_arguments(tool, given))
    except NotPossible as why:
        return Done(str(why))
    return Done(_cut(done.answer), done.edit)


def _cut(answer: str) -> str:
    if len(answer) <= MOST_RESULT:
        return answer
    half = MOST_RESULT // 2
    return f"{answer[:half]}\n({len(answer) - 2 * half:,} characters left out)\n{answer[-half:]}"
