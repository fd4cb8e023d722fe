"""What people want agents to be set to, in their own words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from agents.role import Role
from governance.agent_settings import AgentSettings
from governance.department import AgentRole
from governance.standing import Autonomy
from handlers.conversation.handler import CannotAnswer
from handlers.language.words import plain
from handlers.office.configure_agent.naming import asks_which, named, names_all, roles
from handlers.office.configure_agent.wishes import Wish, read_wish

MODELS = ("gpt-5-mini", "gpt-4o", "gpt-4o-mini")
FRIDAY = datetime(2026, 12, 4, 17, 0, tzinfo=UTC)
NONE: dict[str, Any] = {"story_calls": None, "story_tokens": None, "story_cost": None, "month_cost": None}


def engineer() -> Role:
    return roles()["frontend_engineer"]


def read(text: str, was: AgentSettings | None = None, models: tuple[str, ...] = MODELS) -> Wish | None:
    return read_wish(text, engineer(), was or AgentSettings(), models, lambda: FRIDAY, None)


SAID: list[tuple[str, dict[str, Any]]] = [
    ("pause the backend engineer", {"paused": True, "paused_until": FRIDAY, "paused_why": ""}),
    ("suspend the ML agent until Friday", {"paused": True, "paused_until": FRIDAY, "paused_why": ""}),
    ("turn the data agent off", {"paused": True, "paused_until": FRIDAY, "paused_why": ""}),
    ("let the backend engineer go on", {"paused": False, "paused_until": None, "paused_why": ""}),
    ("turn the architect back on", {"paused": False, "paused_until": None, "paused_why": ""}),
    ("bring the backend agent back", {"paused": False, "paused_until": None, "paused_why": ""}),
    ("unpause the frontend engineer", {"paused": False, "paused_until": None, "paused_why": ""}),
    ("let the backend agent only suggest", {"autonomy": Autonomy.SUGGEST}),
    ("put the architect in suggest-only mode", {"autonomy": Autonomy.SUGGEST}),
    ("the frontend engineer may not push", {"autonomy": Autonomy.SUGGEST}),
    ("make the PM agent ask before it does anything", {"autonomy": Autonomy.ASK}),
    ("set the SRE agent to ask first", {"autonomy": Autonomy.ASK}),
    ("let the SRE agent act without asking", {"autonomy": Autonomy.ACT}),
    ("let the backend agent merge by itself", {"autonomy": Autonomy.ACT}),
    ("set the autonomy of the SRE to low", {"autonomy": Autonomy.SUGGEST}),
    ("give the architect agent less autonomy", {"autonomy": Autonomy.ASK}),
    ("use gpt-4o for the architect", {"model": "gpt-4o"}),
    ("switch the architect to gpt-4o-mini", {"model": "gpt-4o-mini"}),
    ("set the model of the architect back", {"model": None}),
    ("let the architect use gpt-5-mini", {"model": None}),
    ("give the data engineer a budget of 5 dollars a story", {"story_cost": Decimal("5.00")}),
    ("cap the backend agent at $120.50 a month", {"month_cost": Decimal("120.50")}),
    ("limit the frontend engineer to 500k tokens a story", {"story_tokens": 500_000}),
    ("the backend agent gets forty calls a story", {"story_calls": 40}),
    ("no budget for the data engineer", NONE),
]


@pytest.mark.parametrize(("text", "changes"), SAID)
def test_what_is_said_is_what_is_set(text: str, changes: dict[str, Any]) -> None:
    wish = read(text)
    assert wish is not None
    assert (dict(wish.changes), dict(wish.tools), wish.everything) == (changes, {}, False)


TOOLS = [
    ("the frontend engineer may not delete files", {"remove_file": True}),
    ("take the shell away from the backend agent", {"run": True}),
    ("the frontend engineer can't run commands or delete files any more", {"run": True, "remove_file": True}),
    ("the frontend engineer may delete files again", {"remove_file": False}),
    ("give the backend agent the shell back", {"run": False}),
    ("the backend engineer may no longer use replace_text", {"replace_text": True}),
]


@pytest.mark.parametrize(("text", "tools"), TOOLS)
def test_tools_are_taken_away_and_given_back(text: str, tools: dict[str, bool]) -> None:
    wish = read(text)
    assert wish is not None
    assert (dict(wish.changes), dict(wish.tools)) == ({}, tools)


PAUSED_SET = AgentSettings(
    autonomy=Autonomy.ASK, paused=True, model="gpt-4o", story_calls=9, story_tokens=9, story_cost=Decimal(9),
    month_cost=Decimal(9), without=("run",),
)  # fmt: skip
SET_BACK = [
    ("reset the tools of the frontend engineer", {"without": ()}),
    ("set the model of the frontend engineer back", {"model": None}),
    ("reset the frontend engineer's autonomy", {"autonomy": Autonomy.ACT}),
    ("reset the pause of the frontend engineer", {"paused": False}),
    ("lift the pause of the frontend engineer", {"paused": False}),
    ("reset the frontend engineer's token budget", {"story_tokens": None}),
    ("no limit on calls for the frontend engineer", {"story_calls": None}),
    ("reset the frontend engineer's monthly budget", {"month_cost": None}),
    ("set the dollars a story of the frontend engineer back", {"story_cost": None}),
    ("reset the frontend engineer's budget a story",
     {"story_cost": None, "story_tokens": None, "story_calls": None}),
    ("reset the frontend engineer's budget", NONE),
    ("reset the model and the tools of the frontend engineer", {"model": None, "without": ()}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "changes"), SET_BACK)
def test_what_is_set_back_is_what_is_named_and_nothing_else(text: str, changes: dict[str, Any]) -> None:
    wish = read(text, PAUSED_SET)
    assert wish is not None
    assert wish.applied(PAUSED_SET) == PAUSED_SET.model_copy(update=changes)


@pytest.mark.parametrize(
    "text",
    [
        "reset the frontend engineer's branch",
        "take back what the frontend engineer wrote",
        "use the usual prompt for the frontend engineer",
        "restore the files that the frontend engineer deleted",
    ],
)
def test_what_is_no_setting_sets_nothing_back(text: str) -> None:
    with pytest.raises(CannotAnswer, match=r"What is to be set back|no such tool"):
        read(text, PAUSED_SET)


def test_everything_is_set_back() -> None:
    for text in (
        "set everything of the architect back",
        "reset the data engineer",
        "architect: back to defaults",
    ):
        assert read(text) == Wish(everything=True)
    was = AgentSettings(autonomy=Autonomy.ASK, without=("run",), model="gpt-4o")
    assert Wish(everything=True).applied(was) == AgentSettings()


@pytest.mark.parametrize(
    "text",
    ["how is the backend engineer configured?", "show the settings of the SRE", "configure the architect"],
)
def test_what_sets_nothing_is_no_wish(text: str) -> None:
    assert read(text) is None


REFUSED = [
    ("give the data engineer a budget of 40 hours a week", "Hours a week are a team's capacity"),
    ("limit the frontend agent to $50 a day", "one story, or money for a calendar month"),
    ("cap the spend of the product owner at 100 dollars", "for one story, or for a calendar month?"),
    ("give it 10 euros a story", "in dollars"),
    ("give it 0 dollars a story", "more than 0"),
    ("use gpt-9 for the architect", "gpt-9 is not among the models that are configured here: gpt-5-mini,"),
    ("use a bigger model for the architect", "Name one of the models"),
    ("the frontend engineer may no longer use the web tool", "has no such tool. Its tools are list_files"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_cannot_be_set_is_said_with_what_can(text: str, why: str) -> None:
    with pytest.raises(CannotAnswer) as refused:
        read(text)
    assert why in str(refused.value)


def test_without_a_model_none_can_be_given() -> None:
    with pytest.raises(CannotAnswer, match="work by rule"):
        read("use gpt-4o for the architect", models=())


def test_a_tool_is_taken_from_those_that_are_left() -> None:
    was = AgentSettings(without=("run",))
    assert Wish(tools={"remove_file": True}).applied(was).without == ("remove_file", "run")
    assert Wish(tools={"run": False}).applied(was).without == ()


NAMES = [
    ("pause the backend engineer", ("backend_engineer",)),
    ("pause backend and frontend", ("backend_engineer", "frontend_engineer")),
    ("let the data agent only suggest", ("data_engineer",)),
    ("what may the po agent do", ("product_owner",)),
    ("pause the QA engineer", ("qa",)),
    ("pause the security engineer", ("security",)),
    ("let the documentation writer ask first", ("documentation",)),
    ("use gpt-4o for the architect", ("architect",)),
    ("the sre asks first", ("sre",)),
    ("give it a budget", ()),
    ("which data do the agents use", ()),
    ("it must not be slow, be quick", ()),
]


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Which agents do we have?", True),
        ("what agents are there right now", True),
        ("list the agents", True),
        ("how many agents are at work", True),
        ("which agents should write CARD-12", False),
        ("put two agents on the export", False),
        ("what agents are there to write the export with", False),
        ("stop all agents", False),
    ],
)
def test_which_agents_there_are_is_asked_in_these_words_alone(text: str, asks: bool) -> None:
    assert asks_which(plain(text)) is asks


@pytest.mark.parametrize(("text", "agents"), NAMES)
def test_agents_are_meant_by_the_names_that_people_give_them(text: str, agents: tuple[str, ...]) -> None:
    assert named(plain(text)) == agents


def test_each_agent_is_one_that_the_department_may_name() -> None:
    assert set(roles()) <= {one.value for one in AgentRole}


def test_all_are_meant_and_none_that_is_not_there() -> None:
    assert names_all("which agents do we have and what may they do?")
    assert names_all("pause all agents")
    assert not names_all("pause the backend agent")
