"""The sample department in the database, and a gate that knows governance's own actions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from governance.action import Action
from governance.actions import specs
from governance.authority.policy import load
from governance.department_file import read_department
from governance.department_rows import open_department
from governance.effects import Origin
from governance.gate import Gate, Submitted
from governance.people import Actor
from governance.registry import Registry
from storage.database import Database
from tests.governance.actions.probe import PROBE

ACME = Path(__file__).resolve().parents[3] / "examples" / "acme" / "department.yaml"

Submit = Callable[..., Awaitable[Submitted]]


class Watch:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def department(database: Database, tenant: str) -> str:
    async with database.transaction(tenant) as tx:
        await open_department(tx, read_department(ACME))
    return tenant


@pytest.fixture
def gate(watch: Watch) -> Gate:
    policy = load()
    return Gate(policy, Registry([*specs(policy), PROBE]), clock=watch)


@pytest.fixture
def submit(database: Database, department: str, gate: Gate) -> Submit:
    async def submit(action: Action, by: str | Actor) -> Submitted:
        actor = Actor("person", by, identity=f"console:{by}") if isinstance(by, str) else by
        async with database.transaction(department) as tx:
            return await gate.submit(tx, action, actor=actor, origin=Origin())

    return submit
