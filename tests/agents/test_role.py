"""Roles are found by scanning the package and by entry point."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from agents import product_owner, role
from agents.drafting import WORKERS
from agents.role import BrokenRole, agents, demand_reached
from agents.work.kinds import find_kinds
from bot.database import DatabaseUrls
from bot.department import Installation
from bot.settings import Settings


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
        "soothsayer", "Soothsayer", "p", (), (), product_owner.ROLE.output, product_owner.ROLE.budget
    )
    _shipped(monkeypatch, ROLE=own, by_rule=_by_rule)
    assert agents()["soothsayer"].role is own


def test_a_module_without_a_role_is_refused(monkeypatch: pytest.MonkeyPatch):
    _shipped(monkeypatch, by_rule=_by_rule)
    with pytest.raises(BrokenRole, match="shipped_agent needs a ROLE"):
        agents()


def test_a_second_role_of_one_name_is_refused(monkeypatch: pytest.MonkeyPatch):
    _shipped(monkeypatch, ROLE=product_owner.ROLE, by_rule=_by_rule)
    with pytest.raises(BrokenRole, match="a role product_owner already"):
        agents()


def test_every_role_has_work_and_all_work_has_a_role():
    assert set(agents()) == {*WORKERS, *(kind.actor for kind in find_kinds().values())}


def test_a_role_to_which_nothing_is_given_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch):
    idle = replace(product_owner.ROLE, name="soothsayer")
    _shipped(monkeypatch, ROLE=idle, by_rule=_by_rule)
    installation = Installation(Settings(_env_file=None), DatabaseUrls("postgresql://nowhere/x", None))
    with pytest.raises(BrokenRole, match=r"Nothing is ever done by soothsayer: .* Give it a step"):
        _ = installation.roles


def test_a_step_of_a_role_that_is_not_there_is_refused():
    with pytest.raises(BrokenRole, match="Steps are done by poet, and there is no such role"):
        demand_reached(agents(), {*agents(), "poet"})


def test_what_a_role_proposes_is_known_to_the_gate():
    installation = Installation(Settings(_env_file=None), DatabaseUrls("postgresql://nowhere/x", None))
    proposed = {kind for agent in installation.roles.values() for kind in agent.role.proposes}
    assert proposed
    assert proposed <= set(installation.registry.decision_types)
