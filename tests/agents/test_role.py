"""Roles are found by scanning the package and by entry point."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from agents import product_owner, role
from agents.role import BrokenRole, agents


def test_the_roles_of_this_package_are_found_with_their_way_by_rule():
    found = agents()
    assert {"product_owner", "project_manager"} <= set(found)
    assert found["product_owner"].role is product_owner.ROLE
    assert found["product_owner"].by_rule is product_owner.by_rule


def _shipped(monkeypatch: pytest.MonkeyPatch, **contents: object) -> None:
    module = ModuleType("shipped_agent")
    vars(module).update(contents)
    monkeypatch.setitem(sys.modules, "shipped_agent", module)
    entry = EntryPoint("shipped", "shipped_agent", role.GROUP)
    monkeypatch.setattr(role, "entry_points", lambda group: [entry] if group == role.GROUP else [])


async def _by_rule() -> str:
    return "done"


def test_a_company_ships_its_own(monkeypatch: pytest.MonkeyPatch):
    own = role.Role(
        "translator", "Translator", "p", (), (), product_owner.ROLE.output, product_owner.ROLE.budget
    )
    _shipped(monkeypatch, ROLE=own, by_rule=_by_rule)
    assert agents()["translator"].role is own


def test_a_module_without_a_role_is_refused(monkeypatch: pytest.MonkeyPatch):
    _shipped(monkeypatch, by_rule=_by_rule)
    with pytest.raises(BrokenRole, match="shipped_agent needs a ROLE"):
        agents()


def test_a_second_role_of_one_name_is_refused(monkeypatch: pytest.MonkeyPatch):
    _shipped(monkeypatch, ROLE=product_owner.ROLE, by_rule=_by_rule)
    with pytest.raises(BrokenRole, match="a role product_owner already"):
        agents()
