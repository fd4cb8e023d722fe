"""How agents are set, as people see it: all of them, one of them, and what a change came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select

from agents.role import Role
from agents.terms import budget_of
from agents.usage import UsedSoFar, used_in_month
from governance.actions.agents import ConfigureAgent
from governance.agent_settings import AgentSettings, Change, Configured, all_configured, changes, configured
from governance.authority.policy_error import PolicyError
from governance.blackouts import zone_of
from governance.facts import Fact, Source
from governance.people import Person
from governance.policies import active_policy
from governance.standing import Autonomy, agent_label
from governance.tables import EffectRow
from handlers.conversation.amending import UNDO
from handlers.conversation.cards import (
    Block,
    Bullets,
    Button,
    Buttons,
    Card,
    Fields,
    Form,
    Inline,
    Input,
    Moment,
    Reply,
    Small,
    Table,
    Text,
)
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.wording import capital, listed, names_of_people
from handlers.language.amounts import read_money
from handlers.office.configure_agent.naming import roles

CONFIGURE, PAUSE, RESUME, SET_BACK = "configure_agent", "pause_agent", "let_agent_go_on", "set_agent_back"
"""The verbs of the buttons; their subject is the agent."""

_MEANS = {
    Autonomy.SUGGEST: "it does nothing itself: people take over what it shows",
    Autonomy.ASK: "people approve each thing that it does",
    Autonomy.ACT: "it does what the matrix lets it do, and asks for the rest",
}
_LATEST = 5
_USUAL = "usual"
Values = Mapping[str, str | tuple[str, ...]]


async def overview(desk: Desk, person: Person) -> Reply:
    """Every agent, and how it is set."""
    there = await all_configured(desk.tx, desk.now)
    rows: list[tuple[str, ...]] = []
    said: list[str] = []
    asks: list[Button] = []
    for name in roles():
        label = agent_label(name)
        settings = there.get(name, Configured(AgentSettings())).settings
        shown = settings.shown(person.time_zone)
        otherwise = [f"{each.name.lower()} {each.after}" for each in _set_otherwise(settings, person)]
        rows.append((capital(label), shown["State"], shown["Autonomy"], "; ".join(otherwise) or "-"))
        differs = [one for one in (shown["State"], *otherwise) if one != "working"]
        said.append(f"{label}: {'; '.join((settings.autonomy.value, *differs))}")
        asks.append(_shows(capital(label), name))
    meaning = "; ".join(f"{one.value}: {means}" for one, means in _MEANS.items())
    blocks: tuple[Block, ...] = (
        Table(("Agent", "State", "Autonomy", "Set otherwise"), tuple(rows)),
        Small((f"{capital(meaning)}.",)),
        Buttons(tuple(asks)),
    )
    return Reply(text=f"{capital('; '.join(said))}.", cards=(Card("Agents", blocks),))


def _shows(label: str, agent: str) -> Button:
    return Button(label, "ask", f"configure_agent how is the {agent_label(agent)} agent configured?")


def _set_otherwise(settings: AgentSettings, person: Person) -> list[Change]:
    return [
        each
        for each in changes(AgentSettings(), settings, person.time_zone)
        if each.name not in ("State", "Autonomy")
    ]


async def agent_reply(desk: Desk, role: Role, person: Person, lead: str = "") -> Reply:
    """One agent: how it is set, what it may propose, what it used, and who set what when."""
    found = await configured(desk.tx, role.name, desk.now)
    settings, names = found.settings, await names_of_people(desk.tx)
    zone = zone_of(desk.department)
    used = await used_in_month(desk.tx, role.name, desk.now, zone)
    label = agent_label(role.name)
    shown = dict(settings.shown(person.time_zone)) | _with_usual(settings, role, desk)
    text = f"The {label} agent: {'; '.join(f'{name.lower()} {value}' for name, value in shown.items())}."
    more = (("Used this month", _used(used)), ("May propose", await _proposes(desk, role)))
    blocks: list[Block] = [*([Text((lead,))] if lead else []), Fields((*shown.items(), *more))]
    if history := await _history(desk, role.name, names):
        blocks.append(Bullets(history))
    blocks.append(Small((f"{capital(settings.autonomy.value)}: {_MEANS[settings.autonomy]}.",)))
    blocks.append(Buttons(_buttons(desk, role, settings, person)))
    source = Source("query", f"its answered calls to models in the calendar month ({zone}), as recorded")
    what = f"What the {label} agent's model cost this month"
    fact = Fact(f"used_{role.name}", what, used.cost, "USD", desk.now, source)
    title = f"{capital(label)} agent" + (": paused" if settings.paused else "")
    card = Card(title, tuple(blocks), "warning" if settings.paused else "plain")
    return Reply(text=f"{lead} {text}".strip(), cards=(card,), facts=(fact,))


def _used(used: UsedSoFar) -> str:
    known = f"${used.priced:,.2f}"
    return f"{known}, and {used.unpriced:,} tokens without a known price" if used.unpriced else known


def _with_usual(settings: AgentSettings, role: Role, desk: Desk) -> dict[str, str]:
    """What its role has, where nobody set it."""
    budget = budget_of(role.budget, settings)
    shown = {
        "Model": settings.model or (desk.models[0] if desk.models else "none: it works by rule"),
        "Calls a story": f"{budget.calls:,}",
        "Tokens a story": f"{budget.tokens:,}",
        "Money a story": f"${budget.cost:,.2f}",
    }
    has = [tool for tool in role.tools if tool not in settings.without]
    taken = f" (taken away: {', '.join(settings.without)})" if settings.without else ""
    return shown | {"Tools": (", ".join(has) or "none") + taken}


async def _proposes(desk: Desk, role: Role) -> str:
    policy = await active_policy(desk.tx, desk.gate.policy)
    rows = {} if isinstance(policy, PolicyError) else policy.rows
    decisions = desk.gate.registry.decision_types
    found = dict.fromkeys(decisions[each] for each in role.proposes if each in decisions)
    return listed(rows[one].title if one in rows else one for one in found) or "nothing"


async def _history(desk: Desk, agent: str, names: Mapping[str, str]) -> tuple[tuple[Inline, ...], ...]:
    query = select(EffectRow).where(
        EffectRow.action_type == ConfigureAgent.type,
        EffectRow.state == "done",
        EffectRow.body["agent"].astext == agent,
    )
    rows = (await desk.tx.execute(query.order_by(EffectRow.created.desc()).limit(_LATEST))).scalars()
    found: list[tuple[Inline, ...]] = []
    for row in rows:
        action = ConfigureAgent.of_body(row.body)
        what = "; ".join(f"{one.name.lower()} {one.after}" for one in changes(action.was, action.becomes))
        found.append((Moment(row.created), f", {names[row.requester or '']}: {what} ({action.rationale})"))
    return tuple(found)


def changed_reply(action: ConfigureAgent, act: str | None, person: Person) -> Reply:
    """What is different now, beside what it was."""
    label = agent_label(action.agent)
    different = changes(action.was, action.becomes, person.time_zone)
    said = "; ".join(f"{one.name.lower()} {one.after} (it was: {one.before})" for one in different)
    text = f"The {label} agent is set: {said}. It holds from its next step on."
    buttons = [Button("Undo", UNDO, act)] if act is not None else []
    buttons.append(_shows("Show all", action.agent))
    blocks: tuple[Block, ...] = (
        Table(("Setting", "Was", "Is"), tuple((one.name, one.before, one.after) for one in different)),
        Text((f"{_meaning(action.becomes)} It holds from its next step on.",)),
        Buttons(tuple(buttons)),
    )
    return Reply(text=text, cards=(Card(f"Set: the {label} agent", blocks, "good"),))


def _meaning(settings: AgentSettings) -> str:
    if settings.paused:
        return "Its runs wait at their next step, and go on by themselves."
    return f"{capital(settings.autonomy.value)}: {_MEANS[settings.autonomy]}."


def _buttons(desk: Desk, role: Role, settings: AgentSettings, person: Person) -> tuple[Button, ...]:
    form = form_of(role, settings, desk.models, person)
    first = Button("Configure", CONFIGURE, role.name, "primary", form)
    pause = Button("Pause", PAUSE, role.name, "danger")
    other = Button("Let it go on", RESUME, role.name) if settings.paused else pause
    back = () if settings == AgentSettings() else (Button("Set everything back", SET_BACK, role.name),)
    return (first, other, *back)


def form_of(role: Role, settings: AgentSettings, models: Sequence[str], person: Person) -> Form:
    """Everything that can be set, filled in as it stands."""
    usual = role.budget
    inputs = [
        Input(
            "autonomy",
            "Autonomy",
            "choice",
            settings.autonomy.value,
            tuple((one.value, f"{capital(one.value)}: {means}"[:75]) for one, means in _MEANS.items()),
        )
    ]
    if models:
        offered = ((_USUAL, f"{models[0]} (usual)"), *((name, name) for name in models[1:]))
        inputs.append(Input("model", "Model", "choice", settings.model or _USUAL, offered))
    for name, label, value, hint in (
        ("story_cost", "Dollars a story", settings.story_cost, f"empty: {usual.cost}"),
        ("story_tokens", "Tokens a story", settings.story_tokens, f"empty: {usual.tokens:,}"),
        ("story_calls", "Model calls a story", settings.story_calls, f"empty: {usual.calls:,}"),
        ("month_cost", "Dollars a calendar month", settings.month_cost, "empty: no limit"),
    ):
        inputs.append(
            Input(name, label, "line", "" if value is None else str(value), required=False, hint=hint)
        )
    if role.tools:
        has = tuple(tool for tool in role.tools if tool not in settings.without)
        options = tuple((tool, capital(tool.replace("_", " "))) for tool in role.tools)
        inputs.append(Input("tools", "Tools that it may use", "choices", has, options, required=False))
    inputs += [
        Input(
            "paused",
            "State",
            "choice",
            "yes" if settings.paused else "no",
            (("no", "Working"), ("yes", "Paused")),
        ),
        Input("until", "Paused until the end of", "date", _day(settings, person), required=False),
        Input("why", "Why", "text", "", required=False, hint="people read it where the agent waits or asks"),
    ]
    return Form(capital(agent_label(role.name))[:24], "Save", tuple(inputs))


def read_form(values: Values, role: Role, was: AgentSettings, person: Person) -> AgentSettings:
    """What was entered. Raises CannotAnswer."""
    said = {name: value.strip() for name, value in values.items() if isinstance(value, str)}
    paused = said.get("paused") == "yes"
    model = said.get("model") or was.model or _USUAL
    chosen = values.get("tools", ())
    kept = frozenset((chosen,) if isinstance(chosen, str) else chosen)
    without = tuple(sorted(tool for tool in role.tools if tool not in kept)) if role.tools else was.without
    until = _end_of(said.get("until", ""), person) if paused else None
    keeps_why = was.paused_why if was.paused else ""
    entered = {
        "autonomy": said.get("autonomy", was.autonomy.value),
        "paused": paused,
        "paused_until": until,
        "paused_why": (said.get("why") or keeps_why) if paused else "",
        "model": None if model == _USUAL else model,
        "story_cost": _money(said.get("story_cost", "")),
        "month_cost": _money(said.get("month_cost", "")),
        "story_tokens": _count(said.get("story_tokens", "")),
        "story_calls": _count(said.get("story_calls", "")),
        "without": without,
    }
    try:
        return AgentSettings.model_validate(entered)
    except ValueError as wrong:
        raise CannotAnswer(
            "A budget is more than 0 and at most a million dollars. Nothing was changed."
        ) from wrong


def _money(entered: str) -> Decimal | None:
    if not entered:
        return None
    money = read_money(entered if entered.startswith("$") else f"${entered}")
    if money is None:
        raise CannotAnswer(f"“{entered}” is no sum of dollars. Write it as 5 or 12.50. Nothing was changed.")
    return money.amount.quantize(Decimal("0.01"))


def _count(entered: str) -> int | None:
    if not entered:
        return None
    digits = entered.replace(",", "").replace(" ", "")
    if not digits.isdecimal():
        raise CannotAnswer(f"“{entered}” is no whole number. Nothing was changed.")
    return int(digits)


def _day(settings: AgentSettings, person: Person) -> str:
    if settings.paused_until is None:
        return ""
    last = settings.paused_until - timedelta(minutes=1)
    return last.astimezone(ZoneInfo(person.time_zone)).date().isoformat()


def _end_of(day: str, person: Person) -> datetime | None:
    if not day:
        return None
    try:
        after = datetime.fromisoformat(day).date() + timedelta(days=1)
    except ValueError:
        raise CannotAnswer(f"“{day}” is no date. Write it as 2026-12-04. Nothing was changed.") from None
    return datetime.combine(after, time(), ZoneInfo(person.time_zone))
