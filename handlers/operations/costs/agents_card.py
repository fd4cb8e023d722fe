"""Agents' costs on cards. A price that is not known is said, and is never a zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum

from agents.engineering.spending import Spent, StoryBudget
from agents.plans.tables import PlanRow
from governance.facts import Fact, Source
from handlers.conversation.cards import Block, Card, Fields, Reply, Small, Table, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import capital, counted
from handlers.language.periods import Period
from integrations.tracker import Story
from integrations.tracker.lines import plain_line

_CENT = Decimal("0.01")
_MOST_ROWS = 20
_LEDGER = "answered calls to models, each as it was recorded"
_NOT_KNOWN = "the price of {} is not known; set OPENAI_INPUT_PRICE and OPENAI_OUTPUT_PRICE"
_NOT_IN_IT = (
    "Of models alone, by their prices when they were called. What reading people's messages used is not"
    " recorded."
)


class By(Enum):
    """What costs are shown by; the value heads the column."""

    TEAM = "Team"
    ROLE = "Agent"
    MODEL = "Model"
    STORY = "Story"
    MONTH = "Month"


@dataclass(frozen=True, slots=True)
class Sum:
    """What several calls came to together; `models` are those whose price was not known."""

    calls: int
    tokens: int
    cost: Decimal
    unpriced: int
    models: tuple[str, ...]

    @property
    def amount(self) -> str:
        """In words: what is known, and what is not."""
        if not self.calls:
            return "nothing"
        if not self.unpriced:
            return f"{money(self.cost)} USD"
        if self.unpriced == self.tokens:
            return "price not known"
        return f"{money(self.cost)} USD and {self.unpriced:,} tokens without a known price"

    @property
    def known(self) -> Decimal | None:
        """USD; None where the price of some of it is not known."""
        return None if self.unpriced else self.cost


def money(amount: Decimal) -> str:
    """Dollars and cents; more of it where it is less than a cent."""
    if 0 < amount < _CENT:
        return f"{amount.normalize():f}"
    return f"{amount.quantize(_CENT, ROUND_HALF_EVEN):,}"


def sum_of(used: Sequence[Spent]) -> Sum:
    """All of it."""
    unpriced = tuple(sorted({one.model for one in used if one.unpriced}))
    return Sum(
        sum(one.calls for one in used),
        sum(one.tokens for one in used),
        sum((one.cost for one in used), Decimal(0)),
        sum(one.unpriced for one in used),
        unpriced,
    )


def spent_reply(
    desk: Desk, used: Sequence[Spent], by: By, period: Period, teams: Mapping[str, str], *, of: str
) -> Reply:
    """What agents cost in a period, by what is asked for."""
    total, when = sum_of(used), period.name
    if not used:
        text = f"Nothing is recorded: {of} made no call to a model ({when})."
        if not desk.has_model:
            text += " There is no model here; work is done by rule, which costs nothing of one."
        return Reply(text=text, cards=(Card("Costs of agents", (Text((text,)), Small((_NOT_IN_IT,)))),))
    groups = _grouped(used, _key(desk, by, teams))
    shown = list(groups.items())[:_MOST_ROWS]
    lead = f"{capital(of)} cost {_total(total)} ({when}), for {_calls(total)}."
    if len(groups) > 1:
        first, most = shown[0]
        lead += f" Most is {first}: {most.amount}."
    rows = tuple((name, f"{one.calls:,}", f"{one.tokens:,}", one.amount) for name, one in shown)
    blocks: list[Block] = [Text((lead,)), Table((by.value, "Calls", "Tokens", "Cost"), rows, "lrrr")]
    left = len(groups) - len(shown)
    more = f" {left} more are not shown." if left else ""
    blocks.append(Small((f"{_NOT_IN_IT}{_unknown(total)}{more}",)))
    return Reply(
        text=lead,
        cards=(Card("Costs of agents", tuple(blocks)),),
        facts=_facts(desk, [*groups.items()][:_MOST_ROWS], total, f"{_LEDGER}, {when}"),
    )


def _key(desk: Desk, by: By, teams: Mapping[str, str]) -> Callable[[Spent], str]:
    names = {team.id: team.name for team in desk.department.teams}

    def team(one: Spent) -> str:
        if one.story is None:
            return "no story (plans, incidents)"
        its = teams.get(one.story)
        return "a story that is gone" if its is None else names.get(its, its)

    keys: Mapping[By, Callable[[Spent], str]] = {
        By.TEAM: team,
        By.ROLE: lambda one: one.role.replace("_", " "),
        By.MODEL: lambda one: one.model,
        By.STORY: lambda one: one.story or "no story (plans, incidents)",
        By.MONTH: lambda one: f"{one.month:%B %Y}",
    }
    return keys[by]


def _grouped(used: Sequence[Spent], key: Callable[[Spent], str]) -> dict[str, Sum]:
    """The dearest first; without prices, those with the most tokens."""
    groups: dict[str, list[Spent]] = {}
    for one in used:
        groups.setdefault(key(one), []).append(one)
    sums = {name: sum_of(each) for name, each in groups.items()}
    return dict(sorted(sums.items(), key=lambda pair: (-pair[1].cost, -pair[1].tokens, pair[0])))


def _total(total: Sum) -> str:
    if total.unpriced and total.unpriced == total.tokens:
        return f"an unknown amount: {_NOT_KNOWN.format(' and '.join(total.models))}"
    return total.amount


def _unknown(total: Sum) -> str:
    return f" {capital(_NOT_KNOWN.format(' and '.join(total.models)))}." if total.unpriced else ""


def _calls(total: Sum) -> str:
    return f"{counted(total.calls, 'call')} and {total.tokens:,} tokens"


def _facts(desk: Desk, groups: Sequence[tuple[str, Sum]], total: Sum, ledger: str) -> tuple[Fact, ...]:
    source = Source("query", ledger)
    facts: list[Fact] = []
    for number, (name, one) in enumerate(groups, 1):
        facts += [
            Fact(f"t{number}", f"Tokens of {name}", one.tokens, "tokens", desk.now, source),
            Fact(f"c{number}", f"Cost of {name}", one.known, "USD", desk.now, source),
        ]
    added = Source("computation", "added up", tuple(f"c{number}" for number in range(1, len(groups) + 1)))
    facts.append(Fact("cost", "Cost together", total.known, "USD", desk.now, added if groups else source))
    return tuple(facts)


def work_reply(
    desk: Desk,
    name: str,
    stories: Sequence[Story],
    used: Sequence[Spent],
    budgets: Sequence[StoryBudget],
    plan: PlanRow | None,
) -> Reply:
    """What a story or a feature cost: its agents' models, its hours, and what of its budgets is used."""
    total = sum_of(used)
    hours = [story.actual_hours for story in stories if story.actual_hours is not None]
    if used:
        lead = f"{name} cost {_total(total)} of models so far, for {_calls(total)}."
    elif budgets:
        lead = f"{name} cost nothing of models so far: its agents worked by rule, or have not called one yet."
    else:
        lead = f"No agent has written at {name}, so no model was paid for."
    lead += (
        f" The tracker counts {sum(hours):g} agent-hours." if hours else " The tracker counts no hours of it."
    )
    blocks: list[Block] = [Text((lead,))]
    if used:
        rows = tuple(
            (
                f"{one.role.replace('_', ' ')}, {one.model}",
                f"{one.calls:,}",
                f"{one.tokens:,}",
                sum_of([one]).amount,
            )
            for one in used[:_MOST_ROWS]
        )
        blocks.append(Table(("Agent and model", "Calls", "Tokens", "Cost"), rows, "lrrr"))
    blocks += _budget_blocks(budgets, () if plan is None else (plan,))
    blocks.append(Small((f"{_NOT_IN_IT}{_unknown(total)}",)))
    plans = () if plan is None else (plan,)
    facts = [*_facts(desk, [(name, total)], total, f"{_LEDGER}, of {name}")]
    facts += _budget_facts(desk, budgets, plans)
    if hours:
        source = Source("query", f"the tracker's hours of {counted(len(stories), 'story', 'stories')}")
        facts.append(Fact("hours", f"Hours of {name}", sum(hours), "agent-hours", desk.now, source))
    return Reply(text=lead, cards=(Card(f"Costs of {plain_line(name)}", tuple(blocks)),), facts=tuple(facts))


def _budget_blocks(budgets: Sequence[StoryBudget], plans: Sequence[PlanRow]) -> list[Block]:
    blocks: list[Block] = []
    if budgets:
        rows = tuple((plain_line(one.title)[:80], *_of_budget(one)) for one in budgets[:_MOST_ROWS])
        blocks.append(Table(("Story", "Of its money", "Of its tokens"), rows, "lrr"))
    planned = [plan for plan in plans if plan.budget_hours]
    if planned:
        pairs = tuple((plain_line(plan.title)[:80], _plan_text(plan)) for plan in planned)
        blocks.append(Fields(pairs))
    return blocks


def _of_budget(one: StoryBudget) -> tuple[str, str]:
    """What its engineer used of the money and of the tokens that one story may."""
    used, budget = one.used, one.budget
    tokens = f"{used.tokens:,} of {budget.tokens:,} ({_share(used.tokens, budget.tokens)})"
    if used.unpriced and not used.priced:
        return "price not known, so only tokens end it", tokens
    more = f", and {used.unpriced:,} tokens without a known price" if used.unpriced else ""
    return f"{money(used.priced)} of {budget.cost} USD ({_share(used.priced, budget.cost)}){more}", tokens


def _share(part: Decimal | int, whole: Decimal | int) -> str:
    return f"{100 * part / whole:.0f} %"


def _plan_text(plan: PlanRow) -> str:
    limit = plan.budget_hours or 0.0
    return f"{plan.used_hours:g} of {limit:g} agent-hours ({100 * plan.used_hours / limit:.0f} %)"


def _budget_facts(desk: Desk, budgets: Sequence[StoryBudget], plans: Sequence[PlanRow]) -> list[Fact]:
    source = Source("query", f"{_LEDGER}, of its engineer in its newest work")
    facts = []
    for number, one in enumerate(budgets[:_MOST_ROWS], 1):
        name, unit = f"Used of the budget of {one.story}", f"USD of {one.budget.cost}"
        facts.append(Fact(f"b{number}", name, one.used.cost, unit, desk.now, source))
    for number, plan in enumerate((plan for plan in plans if plan.budget_hours), 1):
        counted_in = Source("query", f"the tracker's hours of {plan.id}'s stories")
        unit = f"agent-hours of {plan.budget_hours:g}"
        facts.append(Fact(f"p{number}", f"Used of “{plan.title}”", plan.used_hours, unit, desk.now, counted_in))
    return facts


def budgets_reply(desk: Desk, budgets: Sequence[StoryBudget], plans: Sequence[PlanRow]) -> Reply:
    """How far the budgets of stories and plans are used."""
    planned = [plan for plan in plans if plan.budget_hours]
    if not budgets and not planned:
        text = "No budget is used: no agent has written at a story, and no plan is under way."
        return Reply(text=text, cards=(Card("Budgets", (Text((text,)),)),))
    over = [one.story for one in budgets if one.is_over]
    over += [plan.title for plan in planned if plan.used_hours >= (plan.budget_hours or 0.0)]
    many = (
        counted(len(budgets), "story", "stories") if budgets else "",
        counted(len(planned), "plan") if planned else "",
    )
    said = f"used up: {', '.join(over)}" if over else "none is used up"
    text = f"Budgets of {' and '.join(filter(None, many))}: {said}."
    blocks = (Text((text,)), *_budget_blocks(budgets, planned), Small((_NOT_IN_IT,)))
    return Reply(
        text=text, cards=(Card("Budgets", blocks),), facts=tuple(_budget_facts(desk, budgets, planned))
    )
