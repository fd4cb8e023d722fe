"""What is done of a story without a model: its acceptance tests, which fail, and a note to design it by.

That is what can be done by rule and no more: whoever writes the story begins there, and it is said so.
"""

from __future__ import annotations

import re
import textwrap

from agents.engineering.conversation import Brief
from agents.engineering.workspace import Edit, Workspace

_WORD = re.compile(r"[a-z0-9]+")


async def by_rule(brief: Brief, files: Workspace) -> tuple[Edit, ...]:
    """Write the skeleton of a story into the files. Raises NotPossible."""
    edits = [files.write(f"docs/design/{_slug(brief.story)}.md", _note(brief))]
    if brief.acceptance and (files.root / "tests").is_dir():
        edits.append(files.write(f"tests/test_{_slug(brief.story).replace('-', '_')}.py", _tests(brief)))
    return tuple(edits)


def _note(brief: Brief) -> str:
    criteria = "\n".join(f"{n}. {_line(one)}" for n, one in enumerate(brief.acceptance, start=1))
    return (
        f"# {brief.story}: {_line(brief.title)}\n\n{brief.description.strip()}\n\n"
        f"## Acceptance criteria\n\n{criteria or 'None are written yet: ask for them.'}\n\n"
        "## To be decided\n\n- Which modules change, and what of their interfaces others use.\n"
        "- What is stored, and how what is stored already is read.\n- How it is turned off again.\n"
    )


def _tests(brief: Brief) -> str:
    made = [f'"""{brief.story}: a test for each acceptance criterion, none written yet."""\n\nimport pytest\n']
    for number, criterion in enumerate(brief.acceptance, start=1):
        said = textwrap.fill(
            _line(criterion).replace("\\", "").replace('"', "'"), 100, subsequent_indent="    "
        )
        made.append(
            f"\n\ndef test_criterion_{number}():\n"
            f'    """{said}"""\n'
            f'    pytest.fail("criterion {number} has no test yet")\n'
        )
    return "".join(made)


def _line(text: str) -> str:
    return " ".join(text.split())


def _slug(text: str) -> str:
    return "-".join(_WORD.findall(text.lower())) or "story"
