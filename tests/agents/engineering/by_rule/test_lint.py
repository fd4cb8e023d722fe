"""Lint fixes by the real ruff, in the real sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.engineering.by_rule.lint import fix_lint
from agents.engineering.workspace import NotPossible, Workspace
from integrations.sandbox.vendors.local.client import LocalSandbox
from tests.integrations.sandbox.conftest import place, sandbox, tree

__all__ = ["place", "sandbox", "tree"]

pytestmark = [pytest.mark.sandbox, pytest.mark.processes]

CODE = "import os\nimport json\n\n\ndef shown(order):\n    return json.dumps(ordr)\n"


async def test_what_is_safe_is_fixed_and_the_rest_is_said(tree: Path, sandbox: LocalSandbox) -> None:
    (tree / "app.py").write_text(CODE)
    (tree / "README.md").write_text("import os\n")
    done = await fix_lint(Workspace(tree), sandbox)
    assert (tree / "app.py").read_text() == CODE.removeprefix("import os\n")
    assert "in 1 file" in done.summary
    assert len(done.left) == 1
    assert done.left[0].startswith("`app.py:5:23` F821")
    assert (tree / "README.md").read_text() == "import os\n"


async def test_the_repositorys_settings_choose_the_rules(tree: Path, sandbox: LocalSandbox) -> None:
    (tree / "app.py").write_text("import os\n")
    (tree / "ruff.toml").write_text('lint.select = ["UP"]\n')
    with pytest.raises(NotPossible, match="nothing that it can fix safely"):
        await fix_lint(Workspace(tree), sandbox)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"app.js": "x"}, "It has no Python"),
        ({"app.py": "import os\n", "ruff.toml": "nonsense = ["}, "ruff could not be run over it"),
        ({"app.py": "import os\n", "ruff.toml": 'extend = "/etc/shadow"'}, "ruff could not be run over it"),
    ],
)
async def test_what_cannot_be_linted_is_said(
    tree: Path, sandbox: LocalSandbox, files: dict[str, str], says: str
) -> None:
    for name, text in files.items():
        (tree / name).write_text(text)
    with pytest.raises(NotPossible, match=says):
        await fix_lint(Workspace(tree), sandbox)
