"""A folder in which a sandbox cannot keep what commands write."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.sandbox import Command, NoSandbox
from integrations.sandbox.vendors.local.client import LocalSandbox


async def test_it_is_said_and_nothing_is_run(sandbox: LocalSandbox, tree: Path) -> None:
    other = LocalSandbox(tree / "README.md" / "kept")
    with pytest.raises(NoSandbox, match=r"README\.md/kept cannot be used"):
        await other.run(Command(("true",), tree))
    assert (await sandbox.run(Command(("true",), tree))).exit_code == 0
