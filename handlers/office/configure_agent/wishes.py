"""What somebody wants an agent to be set to, read from their words. What is read is shown with what it was, and
can be undone; what is not sure is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.role import Role
from governance.agent_settings import MOST_CALLS, MOST_COST, MOST_TOKENS, AgentSettings
from governance.standing import Autonomy, agent_label
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.wording import listed
from handlers.language.amounts import read_money
from handlers.language.words import in_digits, plain
from handlers.office.configure_agent.naming import without_names

_RESUME = re.compile(
    r"\b(?:resume|un-?pause|wake|reactivate|enable|continue|carry on)\b|\bgo(?:es)? on\b"
    r"|\b(?:reset|lift|end|remove|undo|cancel|take back) (?:the|its) pause\b|\btake (?:the|its) pause back\b"
    r"|\bback (?:on|to work)\b|\bbring (?:[\w ]+) back\b|\bwork(?:s|ing)? again\b|\bstart\b.*\bagain\b"
    r"|\bturn (?:[\w ]+ )?on\b"
)
_PAUSE = re.compile(
    r"\b(?:pause|suspend|disable|deactivate|stop|halt)\b|\b(?:turn|switch) (?:[\w ]+ )?off\b"
    r"|\bput (?:[\w ]+) on hold\b|\bhold\b|\bstand still\b|\btake a break\b"
)
_BACK = re.compile(
    r"\breset\b|\b(?:set|put|take|change|turn|switch|restore)\b.*\bback\b|\bdefaults?\b|\brestore\b|\busual\b"
    r"|\bas (?:its|the) role (?:has|says)\b|\bno (?:limit|budget)\b|\bremove the (?:limit|budget)\b"
)
_ALL_BACK = frozenset({
    "a", "again", "agent", "agents", "all", "and", "architect", "as", "back", "be", "can", "change",
    "completely", "config", "configuration", "could", "default", "defaults", "entirely", "everything",
    "factory", "for", "fully", "has", "had", "have", "i", "in", "is", "it", "its", "like", "me", "need",
    "normal", "now", "of", "on", "original", "please", "put", "reset", "restore", "role", "says", "set",
    "setting", "settings", "should", "state", "switch", "take", "that", "the", "their", "them", "this",
    "to", "turn", "usual", "was", "way", "want", "we", "what", "with", "would", "you",
})  # fmt: skip
"""What a sentence is made of that sets everything back: another word may be what is meant to be set back."""
_REASON = re.compile(r"\b(?:because|since|so that|now that)\b.*|[:;,] .*", re.DOTALL)
_BUDGETS = ("story_calls", "story_tokens", "story_cost", "month_cost")
_SUGGEST = re.compile(
    r"\bsuggest\w*|\b(?:only|just) (?:propose|recommend|advise|draft)\w*|\bproposals? only\b|\bread[- ]only\b"
    r"|\b(?:may|must|should|can) ?(?:not|n't) push\b|\bpush nothing\b|\bno pushing\b"
)
_ASK = re.compile(
    r"\bask(?:s|ing)?\b(?!.*\bwithout\b)|\bapprove (?:everything|all|each)\b"
    r"|\bneeds? (?:an )?approval for (?:everything|all)\b"
)
_ACT = re.compile(r"\bwithout asking\b|\bacts?\b|\bby (?:it|him|her)self\b|\bon its own\b|\bfreely\b")
_LEVEL = re.compile(r"\bautonomy\b.*\b(?P<level>low|lowest|medium|middle|high|highest|full|none)\b")
_LEVELS = {"low": 0, "lowest": 0, "none": 0, "medium": 1, "middle": 1, "high": 2, "highest": 2, "full": 2}
_LESS = re.compile(r"\b(?:less|lower|reduce|decrease|restrict)\b")
_MORE = re.compile(r"\b(?:more|raise|increase|higher)\b")
_FREEDOM = re.compile(r"\b(?:autonomy|freedom|independen\w+)\b")
_MODEL_NAME = re.compile(
    r"\b(?:gpt|claude|gemini|llama|mistral|qwen|deepseek|gemma|phi)[\w.:/-]*|\bo[1-9]\b[\w.-]*"
)
_BUDGET = re.compile(
    r"\bbudgets?\b|\bdollars?\b|\bmoney\b|\bcap\b|\blimit\w*|\bspend\w*|\btokens?\b|\bcalls?\b|\bcosts?\b"
)
_TOKENS = re.compile(
    r"(?P<n>\d[\d,]*(?:\.\d+)?) ?(?P<scale>k|m|thousand|million)? (?:\w+ )?tokens?\b"
    r"|\btokens? (?:\w+ )*?to (?P<m>\d[\d,]*)"
)
_CALLS = re.compile(r"(?P<n>\d[\d,]*) (?:model )?calls?\b")
_SCALE = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}
_MONTH = re.compile(r"\bmonth(?:ly|s)?\b")
_STORY = re.compile(r"\b(?:story|stories|ticket|card|task|plan|review|piece of work|issue)s?\b")
_OTHER_SPAN = re.compile(r"\b(?:day|daily|week|weekly|hour|hourly|sprint|quarter|year)\w*\b|\bhrs?\b")
_NOT = re.compile(
    r"\b(?:may|can|must|should|shall|is|are|do|does|could)(?:n't|'t| ?not)\b|\bno (?:longer|more)\b|\bcannot\b"
    r"|\bnever\b|\bwithout\b|\btake\b.*\baway\b|\btake\b.*\bfrom\b|\bremove (?:the|its)\b|\bforbid\b"
    r"|\bdisallow\b|\bstop .*\bfrom\b|\bdon't let\b"
)
_MAY = re.compile(r"\b(?:may|can|let|allow|give|gets?)\b|\bback\b")
_TOOL = re.compile(r"\btools?\b|\bshell\b|\bfiles?\b|\bcommands?\b|\bterminal\b")
_WORDS: Mapping[str, re.Pattern[str]] = {
    "remove_file": re.compile(r"\b(?:delet|remov|eras)\w* (?:any |the )?files?\b|\brm\b|\bfile deletion\b"),
    "write_file": re.compile(r"\b(?:writ|creat|overwrit)\w* (?:any |new )?files?\b"),
    "replace_text": re.compile(r"\b(?:edit|modify|chang\w+) (?:any |the |existing )?(?:files?|code|text)\b"),
    "run": re.compile(
        r"\bshell\b|\brun(?:ning)? (?:any )?(?:commands?|anything|programs?|tests?)\b|\bterminal\b|\bexecut\w+"
    ),
    "search": re.compile(r"\bsearch(?:ing)?\b(?: tool)?"),
    "read_file": re.compile(r"\bread(?:ing)? (?:any )?files?\b"),
    "list_files": re.compile(r"\blist(?:ing)? (?:the )?files?\b"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be different, by the names of AgentSettings' fields; `tools` are to be taken away (True) or
    given back (False). `everything` is to be as its role has it."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    tools: Mapping[str, bool] = field(default_factory=dict)
    everything: bool = False

    def applied(self, was: AgentSettings) -> AgentSettings:
        """The settings with it."""
        if self.everything:
            return AgentSettings()
        without = set(was.without)
        for tool, taken in self.tools.items():
            (without.add if taken else without.discard)(tool)
        changed = was.model_dump() | dict(self.changes) | {"without": tuple(sorted(without))}
        return AgentSettings.model_validate(changed)


def read_wish(
    text: str,
    role: Role,
    was: AgentSettings,
    models: Sequence[str],
    until: Callable[[], datetime | None],
    why: str | None,
) -> Wish | None:
    """What is wanted of an agent that is set as `was`; None where nothing of it is said. `models` are those
    that it may be given, `until` reads an end of a pause. Raises CannotAnswer for what cannot be set."""
    said = plain(in_digits(text))
    changes: dict[str, Any] = {}
    back = _BACK.search(said) is not None
    tools = _tools(said, role)
    if back and not tools and re.search(r"\btools?\b", said):
        tools = dict.fromkeys((*role.tools, *was.without), False)
    if not tools or back:
        changes |= _autonomy(said, was)
        changes |= _model(said, models, back=back)
        changes |= _budget(said, back=back)
    if not changes and not tools:
        if _RESUME.search(said):
            return Wish({"paused": False, "paused_until": None, "paused_why": ""})
        if _PAUSE.search(said):
            return Wish({"paused": True, "paused_until": until(), "paused_why": (why or "")[:500]})
        if back:
            _demand_all_meant(said)
            return Wish(everything=True)
        return None
    return Wish(changes, tools)


def _demand_all_meant(said: str) -> None:
    """Raises CannotAnswer where something may be meant to be set back that is no setting."""
    if set(re.findall(r"[a-z][\w-]*", without_names(_REASON.sub("", said)))) - _ALL_BACK:
        raise CannotAnswer(
            "What is to be set back: its model, its budget, its tools, its autonomy, its pause, or everything?"
            " Nothing was changed."
        )


def _autonomy(said: str, was: AgentSettings) -> dict[str, Any]:
    order = (Autonomy.SUGGEST, Autonomy.ASK, Autonomy.ACT)
    if level := _LEVEL.search(said):
        return {"autonomy": order[_LEVELS[level["level"]]]}
    if _FREEDOM.search(said) and _BACK.search(said):
        return {"autonomy": Autonomy.ACT}
    if _SUGGEST.search(said):
        return {"autonomy": Autonomy.SUGGEST}
    if re.search(r"\bwithout asking\b", said) or (_ACT.search(said) and not _ASK.search(said)):
        return {"autonomy": Autonomy.ACT}
    if _ASK.search(said):
        return {"autonomy": Autonomy.ASK}
    if _FREEDOM.search(said) and (_LESS.search(said) or _MORE.search(said)):
        step = -1 if _LESS.search(said) else 1
        return {"autonomy": order[min(max(order.index(was.autonomy) + step, 0), 2)]}
    return {}


def _model(said: str, models: Sequence[str], *, back: bool) -> dict[str, Any]:
    named = [name for name in models if re.search(rf"(?<![\w.-]){re.escape(name.casefold())}(?![\w-])", said)]
    if named:
        longest = max(named, key=len)
        return {"model": None if longest == models[0] else longest}
    unknown = _MODEL_NAME.search(said)
    if unknown is None and not re.search(r"\bmodels?\b", said):
        return {}
    if not models:
        raise CannotAnswer(
            "No model is configured here, so agents work by rule. Whoever runs Countersign sets OPENAI_API_KEY."
        )
    if unknown is None and back:
        return {"model": None}
    which = f"{unknown[0]} is not among the models that are" if unknown else "Name one of the models that are"
    more = "" if len(models) > 1 else " Whoever runs Countersign adds others in OPENAI_OTHER_MODELS."
    raise CannotAnswer(f"{which} configured here: {listed(models)}.{more}")


def _budget(said: str, *, back: bool) -> dict[str, Any]:
    tokens, calls, money = _TOKENS.search(said), _CALLS.search(said), read_money(said)
    if tokens is not None:
        written = Decimal((tokens["n"] or tokens["m"]).replace(",", "")) * _SCALE.get(tokens["scale"] or "", 1)
        return {"story_tokens": _within(int(written), MOST_TOKENS, "tokens")}
    if calls is not None:
        return {"story_calls": _within(int(calls["n"].replace(",", "")), MOST_CALLS, "calls")}
    if not _BUDGET.search(said) and money is None:
        return {}
    if back and money is None:
        return dict.fromkeys(_budgets_meant(said))
    if money is None or (_OTHER_SPAN.search(said) and not _MONTH.search(said) and not _STORY.search(said)):
        raise CannotAnswer(
            "An agent's budget is money, tokens or model calls for one story, or money for a calendar month:"
            " “$5 a story”, “100 dollars a month”, “500,000 tokens a story”. Hours a week are a team's capacity"
            " and stand in department.yaml."
        )
    if money.currency not in (None, "USD"):
        raise CannotAnswer("Models are priced in dollars here: say the budget in dollars.")
    if bool(_MONTH.search(said)) == bool(_STORY.search(said)):
        asked = f"${money.amount:,.2f} for one story, or for a calendar month?"
        raise CannotAnswer(f"{asked} Say “a story” or “a month”.")
    amount = Decimal(_within(money.amount, MOST_COST, "dollars")).quantize(Decimal("0.01"))
    return {"month_cost" if _MONTH.search(said) else "story_cost": amount}


def _budgets_meant(said: str) -> Sequence[str]:
    """Which of its budgets are named, or all of them."""
    meant = {"story_calls": r"\bcalls?\b", "story_tokens": r"\btokens?\b", "month_cost": _MONTH.pattern}
    found = [name for name, pattern in meant.items() if re.search(pattern, said)]
    is_money = re.search(r"\bdollars?\b|\bmoney\b|\bcosts?\b|\bspend\w*\b", said)
    if is_money and (_STORY.search(said) or not found):
        found += ["story_cost"] if _STORY.search(said) else ["story_cost", "month_cost"]
    return found or (_BUDGETS[:3] if _STORY.search(said) else _BUDGETS)


def _within(number: Any, most: Any, what: str) -> Any:
    if not 0 < number <= most:
        raise CannotAnswer(f"A budget is more than 0 and at most {most:,} {what}. To stop an agent, pause it.")
    return number


def _tools(said: str, role: Role) -> dict[str, bool]:
    """Which tools are taken away (True) or given back (False)."""
    if _SUGGEST.search(said):
        return {}
    means = {tool: _WORDS.get(tool, re.compile(rf"\b{tool.replace('_', '[ _-]')}\b")) for tool in role.tools}
    found = [tool for tool, pattern in means.items() if pattern.search(said) or re.search(rf"\b{tool}\b", said)]
    takes, gives = _NOT.search(said), _MAY.search(said)
    if found and (takes or gives):
        return dict.fromkeys(found, takes is not None)
    if not found and _TOOL.search(said) and (takes or gives) and not _BACK.search(said):
        has = listed(role.tools) if role.tools else "none: it is shown what it needs"
        raise CannotAnswer(f"The {agent_label(role.name)} agent has no such tool. Its tools are {has}.")
    return {}
