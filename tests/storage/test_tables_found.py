"""The scan for tables finds every class on the declarative base, wherever somebody puts one."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.storage.tables import ROOMS, all_tables

ROOT = Path(__file__).resolve().parents[2]


def test_no_table_is_defined_where_the_scan_does_not_look() -> None:
    named = {table.name for table in all_tables()}
    written = {
        ast.literal_eval(statement.value)
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "__tablename__" for target in statement.targets)
    }
    assert named == written
    assert len(named) > 30
