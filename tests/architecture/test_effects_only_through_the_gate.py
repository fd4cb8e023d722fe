"""Nothing reaches the outside world by another way than the gate."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from pathlib import PurePath
from uuid import UUID

from bot.database import DatabaseUrls
from bot.department import Installation
from bot.settings import Settings
from governance.action import Action, Grant
from governance.registry import free
from tests.architecture.source import ROOMS, calls, modules

_TEAMS = {"teams_app_id": str(UUID(int=1)), "teams_app_password": "secret", "entra_tenants": str(UUID(int=2))}

INSTALLATION = Installation(Settings(_env_file=None, **_TEAMS), DatabaseUrls("postgresql://nowhere/x", None))
"""With every chat platform that has jobs of its own."""


def test_every_action_type_has_a_row_in_the_matrix() -> None:
    rows = INSTALLATION.policy.rows
    named = INSTALLATION.registry.decision_types
    assert len(named) > 20
    assert {kind: row for kind, row in named.items() if row not in rows} == {}


def test_every_action_that_is_written_can_be_performed() -> None:
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if "action" in module.name or module.name.startswith("governance.actions"):
                importlib.import_module(module.name)
    written = {
        kind.type
        for kind in _all_kinds(Action)
        if "type" in kind.__dict__ and kind.__module__.split(".")[0] in ROOMS and not inspect.isabstract(kind)
    }
    assert written == set(INSTALLATION.registry.decision_types)


def test_every_action_type_says_how_its_cost_is_established() -> None:
    """By code that looks prices up; `free` is for types that nothing in the product gives a cost."""
    said = list(calls("ActionSpec"))
    assert len(said) >= 20
    for path, call, _ in said:
        assert any(word.arg == "costs" for word in call.keywords), f"{path}:{call.lineno}"
    free_types = {spec.action.__name__ for spec in INSTALLATION.registry if spec.costs is free}
    for kind in free_types:
        for path, call, _ in calls(kind):
            assert not any(word.arg == "cost" for word in call.keywords), f"{path}:{call.lineno}"


def test_only_the_gate_and_the_performer_make_grants() -> None:
    makers = {path for path, _, _ in calls("Grant")}
    assert makers == {"governance/gate.py", "governance/performing.py"}


def test_only_the_gate_mints_and_only_the_performer_asks_it_to() -> None:
    assert {path for path, _, _ in calls("mint")} == {"governance/gate.py", "governance/performing.py"}


def _all_kinds(kind: type) -> set[type]:
    return {kind, *(each for child in kind.__subclasses__() for each in _all_kinds(child))}


def _takes_a_grant(method: ast.AsyncFunctionDef | ast.FunctionDef) -> bool:
    return any(
        isinstance(argument.annotation, ast.Name) and argument.annotation.id == Grant.__name__
        for argument in method.args.args
    )


def _effectful_methods() -> set[str]:
    """The methods of ports (protocols in integrations/*/__init__.py) that demand a grant."""
    return {
        method.name
        for path, tree in modules().items()
        if PurePath(path).match("integrations/*/__init__.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(b, ast.Name) and b.id == "Protocol" for b in node.bases)
        for method in node.body
        if isinstance(method, ast.AsyncFunctionDef | ast.FunctionDef) and _takes_a_grant(method)
    }


def test_effectful_port_methods_are_called_by_performers_alone() -> None:
    methods = _effectful_methods()
    assert {"create_epic", "create_story", "change_stories", "cancel_epic"} <= methods
    callers = {
        path
        for method in methods
        for path, call, _ in calls(method)
        # A vendor's file handing the call on to its own module is inside the port.
        if isinstance(call.func, ast.Attribute) and not _is_inside_a_vendor(path, call)
    }
    assert {path for path in callers if PurePath(path).name not in ("performing.py", "actions.py")} == set()
    assert all(path.startswith("integrations/") for path in callers)


def _is_inside_a_vendor(path: str, call: ast.Call) -> bool:
    own = path.startswith("integrations/") and PurePath(path).name not in ("performing.py", "actions.py")
    return own and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)


def test_whatever_changes_the_world_in_a_port_demands_a_grant() -> None:
    """A port's method is either named as reading, or takes a grant."""
    reading = ("what_happened", "merge_result")
    writing = (
        "create",
        "change",
        "cancel",
        "delete",
        "send",
        "deploy",
        "set_",
        "update",
        "post",
        "merge",
        "roll_back",
        "scale",
    )
    for path, tree in modules().items():
        if not PurePath(path).match("integrations/*/__init__.py"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith(writing):
                assert node.name in reading or _takes_a_grant(node), f"{path}: {node.name}"


def test_no_room_below_the_shell_speaks_to_the_network() -> None:
    """Clients of the outside world stand in vendors' files, in the shell, and in the model's client."""
    allowed = ("bot/", "integrations/", "agents/models/", "agents/model")
    network = {"httpx", "aiohttp", "requests", "urllib", "socket", "smtplib", "slack_sdk", "botbuilder"}
    for path, tree in modules().items():
        names = {
            (alias.name if isinstance(node, ast.Import) else node.module or "").partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert path.startswith(allowed) or not names & network, path
