"""The form of a statement by itself: its words and signs, how it begins and ends, what stands before it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from agents.planning.reading.outline import Passage
from agents.planning.reading.units import Unit, is_step


@cache
def signs() -> Mapping[str, re.Pattern[str]]:
    """Words and forms that speak for or against, by name; a feature is whether one of them is there."""
    raw = yaml.safe_load((Path(__file__).parent / "signs.yaml").read_text(encoding="utf-8"))
    return {
        name: re.compile(
            "|".join(told["form"])
            if "form" in told
            else rf"(?<![\w'’-])(?:{'|'.join(told['words'])})(?![\w-])",
            re.IGNORECASE,
        )
        for name, told in raw.items()
    }


_VERB_3 = re.compile(
    r"^(?:[A-Z][\w'’-]*|(?:the|an?|each|every|all|any|only|our|one|two|\d+)\b.{0,40}?|\w+)\s+(?:\w+ly\s+)?"
    r"(?:is|are|gets?|sees?|shows?|has|have|goes|go|stays?|keeps?|\w{3,}(?:s|es|ed))\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"\b(?:is|are|be|gets?)\s+(?:\w+ly\s+|also\s+|then\s+|always\s+|not\s+|"
    r"never\s+)?\w+(?:ed|en|wn|pt|ft|ld|ught|ut|et|ad)\b",
    re.I,
)
IMPERATIVE = re.compile(
    r"^(?:please )?(?:add|allow|apply|ask|assign|avoid|block|book|build|buy|cache|"
    r"calculate|call|cancel|change|charge|check|choose|"
    r"close|collect|compare|compute|configure|confirm|connect|copy|count|create|cut|"
    r"define|delete|deliver|deny|detect|display|"
    r"do|don['’]t|download|draft|draw|edit|email|enable|encrypt|enforce|enter|estimate|"
    r"export|extend|fetch|filter|find|flag|"
    r"forbid|forward|generate|get|give|group|handle|have|hide|highlight|hold|import|"
    r"inform|integrate|invite|invoice|issue|keep|"
    r"label|learn|let|limit|link|list|load|lock|log|mail|make|manage|map|mark|match|"
    r"measure|merge|migrate|monitor|move|never|"
    r"no|notify|offer|open|order|pay|plan|play|prevent|preview|print|produce|protect|"
    r"provide|publish|put|rate|read|rebuild|"
    r"receive|recommend|record|reduce|refund|refuse|register|reject|remember|remind|"
    r"remove|rename|render|repeat|replace|reply|"
    r"report|request|reserve|reset|restore|restrict|retry|return|review|rotate|run|save|"
    r"scan|schedule|search|sell|send|serve|set|"
    r"share|show|sign|sort|split|start|stop|store|stream|suggest|support|suspend|swap|"
    r"switch|sync|tag|take|tell|test|track|"
    r"train|transfer|translate|turn|unlock|update|upload|use|validate|verify|view|warn|"
    r"watch|withdraw|work|write)\b",
    re.IGNORECASE,
)
"""Verbs with which people begin what is to be done."""


def form(unit: Unit, passage: Passage) -> dict[str, float]:
    """The forms that it has, as features."""
    text = unit.text.strip()
    words = len(text.split())
    forms = {
        "has an id": bool(unit.id),
        "has a lead": bool(unit.lead),
        "a question": text.rstrip(" )\"”").endswith("?"),
        "ends in a colon": text.endswith(":"),
        "begins with a verb": bool(IMPERATIVE.match(text)),
        "says what happens": bool(_VERB_3.match(text)),
        "passive": bool(_PASSIVE.search(text)),
        "begins small": text[:1].islower(),
        "one or two words": words <= 2,
        "three to five words": 3 <= words <= 5,
        "over 30 words": words > 30,
        "no verb": not (
            _VERB_3.match(text) or IMPERATIVE.match(text) or _PASSIVE.search(text) or demands(text)
        ),
        "a step": is_step(text),
        "ends as a sentence": text[-1:] in ".!",
        "speaker": bool(unit.speaker),
        "done": unit.done,
        "a modal in capitals": bool(re.search(r"\b(?:MUST|SHALL|SHOULD|MAY|WILL)\b", text)),
        "first of its passage": unit.number == 0 and unit.of > 1,
        "alone in its passage": unit.of == 1,
        "later in an item": passage.kind == "item" and unit.number > 0,
        "later in a paragraph": passage.kind == "paragraph" and unit.number > 0,
        "later beside an id": unit.number > 0 and not unit.id,
        "under an item": unit.owner is not None,
        "deep": passage.depth > 1,
        "in brackets": text.startswith("("),
        "has a colon": ": " in text,
        "only a name": words <= 4 and bool(re.search(r"\bteam|squad|crew\b", text, re.I)),
    }  # fmt: skip
    found = {name: 1.0 for name, is_so in forms.items() if is_so}
    if unit.label:
        known = (
            "DECISION",
            "AGREED",
            "DECIDED",
            "RULE",
            "SCENARIO",
            "ACTION",
            "TODO",
            "OPEN",
            "NOTE",
            "CODE",
            "FEATURE",
        )
        found[f"label: {unit.label if unit.label in known else 'other'}"] = 1.0
    if re.match(r"(?:agreed|decided|decision|settled|resolved)\b", text, re.I):
        found["label: DECISION"] = 1.0
    if re.match(r"(?:open|question|to clarify|unclear)\b", text, re.I):
        found["label: OPEN"] = 1.0
    return found


def demands(text: str) -> bool:
    """Whether a verb in it demands, allows or foretells something."""
    return any(
        signs()[name].search(text)
        for name in ("must or shall", "have to", "should", "can or may", "will", "is to")
    )
