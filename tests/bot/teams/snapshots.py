"""Files that show reviewers what is sent. `REWRITE_SNAPSHOTS=1` writes them anew."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).parent / "snapshots"


def check_snapshot(name: str, value: Any) -> None:
    """`value` is what the file says; if not, the test fails with the lines that differ."""
    path = _FOLDER / f"{name}.json"
    now = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("REWRITE_SNAPSHOTS"):
        path.write_text(now, encoding="utf-8")
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if now != before:
        lines = difflib.unified_diff(before.splitlines(), now.splitlines(), path.name, "now", lineterm="")
        pytest.fail("\n".join(["is not as in the snapshot (REWRITE_SNAPSHOTS=1 takes it):", *lines]))
